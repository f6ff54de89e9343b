#include "providers/local/launch.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "providers/local/guard.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

/// What the held process says of itself.
struct Report {
  pid_t pid = 0;
  int error = 0;
  std::array<char, 64> doing{};
};

/// All that the new process needs, made before fork: after it only system calls are safe, since
/// other threads' locks are copied as they were.
struct Launch {
  std::vector<char*> argv;
  std::array<char*, 5> environment{};
  std::string console;
  std::string root;
  std::string overlay;
  std::vector<const char*> entrances;
  std::vector<sock_filter> guard;
  int socket = -1;
};

[[noreturn]] void report_failure(int socket, const char* doing) {
  Report report;
  report.error = errno;
  std::strncpy(report.doing.data(), doing, report.doing.size() - 1);
  (void)!::write(socket, &report, sizeof report);
  ::_exit(1);
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// The held process: only system calls from here to exec.
[[noreturn]] void hold(const Launch& launch) {
  constexpr int kSocket = 3;
  if (::dup2(launch.socket, kSocket) < 0) ::_exit(1);
  // Also closes other nodes' sockets: each of those must end with its own two owners.
  ::close_range(kSocket + 1, ~0U, 0);
  ::fcntl(kSocket, F_SETFD, FD_CLOEXEC);
  reset_signals();
  ::umask(022);
  int null = ::open("/dev/null", O_RDONLY);
  int console = ::open(launch.console.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (null < 0 || console < 0) report_failure(kSocket, "opening the console log");
  ::dup2(null, 0);
  ::dup2(console, 1);
  ::dup2(console, 2);
  ::close_range(kSocket + 1, ~0U, 0);
  for (const char* entrance : launch.entrances) {
    int group = ::open(entrance, O_WRONLY);
    if (group < 0 || ::write(group, "0", 1) != 1) report_failure(kSocket, "entering its cgroups");
    ::close(group);
  }
  if (::chdir("/") != 0 || ::unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) {
    report_failure(kSocket, "making namespaces");
  }
  // Slave: what the host unmounts goes away here too, and nothing of ours shows there.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    report_failure(kSocket, "keeping mounts private");
  }
  if (::mount("overlay", launch.root.c_str(), "overlay", 0, launch.overlay.c_str()) != 0) {
    report_failure(kSocket, "mounting the node's disk");
  }
  Report ready;
  ready.pid = ::getpid();
  char go = 0;
  if (::write(kSocket, &ready, sizeof ready) != sizeof ready || ::read(kSocket, &go, 1) != 1) {
    ::_exit(1);
  }
  sock_fprog guard{static_cast<unsigned short>(launch.guard.size()),
                   const_cast<sock_filter*>(launch.guard.data())};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &guard) != 0) {
    constexpr std::string_view kUnguarded = "cannot set the node's seccomp filter\n";
    (void)!::write(2, kUnguarded.data(), kUnguarded.size());
    ::_exit(126);
  }
  ::execve(launch.argv.front(), launch.argv.data(), launch.environment.data());
  constexpr std::string_view kFailed = "cannot run /bin/sh\n";
  (void)!::write(2, kFailed.data(), kFailed.size());
  ::_exit(127);
}

/// Forks twice, so that the node is init's child and leaves no zombie with us.
void spawn(const Launch& launch) {
  pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    pid_t grandchild = ::_Fork();
    if (grandchild == 0) hold(launch);
    ::_exit(grandchild < 0 ? 1 : 0);
  }
  int status = 1;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0 || status != 0) {
    throw Error(std::string("cannot start a process: ") + std::strerror(errno))
        .hint("see the limits on processes ('ulimit -u', the pids cgroup)");
  }
}

std::string bind_option(const std::filesystem::path& from, const std::string& to,
                        const char* option) {
  std::string source;
  for (char c : from.string()) {
    if (c == ':' || c == '\\') source += '\\';
    source += c;
  }
  return std::string(option) + source + ":" + to;
}

}  // namespace

std::vector<std::string> node_command(const LocalNode& node, const std::filesystem::path& folder,
                                      const std::filesystem::path& store,
                                      const std::string& group) {
  return {"/bin/sh", (folder / kKeeper).string(), group, "systemd-nspawn", "--quiet", "--boot",
          "--register=no", "--keep-unit", "--directory=" + (folder / "root").string(),
          "--machine=" + node.id, "--hostname=" + node.name,
          // Our own, in which the cable lies already.
          "--network-namespace-path=/proc/self/ns/net", "--capability=all",
          // For a systemd-nspawn that does not know SYSTEMD_SECCOMP. Units in the node need no
          // filters either: building journald's takes longer than its start.
          "--system-call-filter=@keyring bpf", "--setenv=SYSTEMD_SECCOMP=0", "--bind=/dev/kmsg",
          bind_option(folder / "containerd", "/var/lib/containerd", "--bind="),
          bind_option(folder / "kubelet", "/var/lib/kubelet", "--bind="),
          bind_option(folder / "etcd", "/var/lib/etcd", "--bind="),
          bind_option(store, "/opt/muster/store", "--bind-ro="), "--resolv-conf=off",
          "--timezone=off", "--link-journal=no", "--console=pipe"};
}

HeldNode::HeldNode(const std::vector<std::string>& argv, const std::string& overlay,
                   const std::vector<std::filesystem::path>& entrances,
                   const std::filesystem::path& folder) {
  Launch launch;
  for (const auto& word : argv) launch.argv.push_back(const_cast<char*>(word.c_str()));
  launch.argv.push_back(nullptr);
  for (const auto& entrance : entrances) launch.entrances.push_back(entrance.c_str());
  // "network": the node's own /proc/sys/net is writable, the host's kernel settings are not.
  std::string writable = "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network";
  std::string unlocked = "SYSTEMD_NSPAWN_LOCK=0";
  std::string unfiltered = "SYSTEMD_SECCOMP=0";  // see node_guard
  std::string path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  launch.environment = {writable.data(), unlocked.data(), unfiltered.data(), path.data(), nullptr};
  launch.console = (folder / "console.log").string();
  launch.root = (folder / "root").string();
  launch.overlay = overlay;
  launch.guard = node_guard();

  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw Error(std::string("cannot make a socket: ") + std::strerror(errno));
  }
  socket_ = ends[0];
  launch.socket = ends[1];
  Report report;
  try {
    spawn(launch);
    ::close(launch.socket);
    launch.socket = -1;
    auto count = ::read(socket_, &report, sizeof report);
    if (count != sizeof report) throw Error("the node's first process ended before it began");
    if (report.error != 0) {
      throw Error(std::string("cannot start the node: ") + report.doing.data() + ": " +
                  std::strerror(report.error));
    }
  } catch (...) {
    if (launch.socket >= 0) ::close(launch.socket);
    ::close(socket_);
    throw;
  }
  pid_ = report.pid;
}

HeldNode::~HeldNode() { ::close(socket_); }

void HeldNode::go() {
  char go = 1;
  if (::send(socket_, &go, 1, MSG_NOSIGNAL) != 1) {
    throw Error(std::string("the node's first process ended before it began: ") +
                std::strerror(errno));
  }
}

std::string last_lines(std::string_view text, std::size_t count) {
  auto lines = split(trim(text), '\n');
  std::size_t from = lines.size() > count ? lines.size() - count : 0;
  return join(std::span(lines).subspan(from), "\n");
}

}  // namespace muster
