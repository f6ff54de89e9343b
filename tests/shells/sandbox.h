#pragma once

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/tasks/reply.h"
#include "tests/support/folder.h"

namespace muster::testing {

/// What a script said and did.
struct Ran {
  int exit_code = 0;
  std::string output;  ///< the raw stream
  std::string error_output;
  std::vector<TaskReply> replies;
  bool ended = false;
};

/// "changed unchanged failed".
inline std::string outcomes(const Ran& ran) {
  std::vector<std::string> words;
  for (const auto& reply : ran.replies) words.push_back(reply.outcome);
  return join(words, " ");
}

/// Everything in a tree that a task could change: path -> type, owner, mode, content, time.
using Snapshot = std::map<std::string, std::string>;

/// What became of each path, a line each; empty when the two are the same.
inline std::string difference(const Snapshot& before, const Snapshot& after) {
  std::string out;
  for (const auto& [path, text] : before) {
    auto now = after.find(path);
    if (now == after.end()) out += "\n" + path + " is gone";
    if (now != after.end() && now->second != text) {
      out += "\n" + path + " was " + text + "\n  and is " + now->second;
    }
  }
  for (const auto& [path, text] : after) {
    if (!before.contains(path)) out += "\n" + path + " is new: " + text;
  }
  return out;
}

/// The nodes that scripts are run on: dash with coreutils as on Debian, busybox as on Alpine; and
/// bash for sh, as on Fedora, where shells could differ.
enum class Flavour { dash, busybox, bash };
inline constexpr std::array kFlavours{Flavour::dash, Flavour::busybox};
inline std::string name_of(Flavour flavour) {
  if (flavour == Flavour::bash) return "bash";
  return flavour == Flavour::dash ? "dash" : "busybox";
}

/// A root file system of its own for scripts to change: a chroot in a mount namespace, with this
/// machine's programs read-only at /host. All of it lives on a tmpfs that only this process sees,
/// so nothing is left however the test ends. Needs root.
class Sandbox {
 public:
  explicit Sandbox(Flavour flavour) : flavour_(flavour) {
    prepare();
    static std::atomic<int> count = 0;
    root_ = "/mnt/" + std::to_string(count++);
    for (const char* folder : {"etc", "usr/bin", "usr/sbin", "proc", "dev", "host", "run", "tmp",
                               "srv", "root", "home", "opt/muster/store", "var/lib"}) {
      std::filesystem::create_directories(root_ / folder);
    }
    std::filesystem::permissions(root_ / "tmp", std::filesystem::perms{01777});
    mount_or_throw("/usr", root_ / "host", "", MS_BIND);
    mount_or_throw("", root_ / "host", "", MS_BIND | MS_REMOUNT | MS_RDONLY);
    mount_or_throw("/proc", root_ / "proc", "", MS_BIND);
    mount_or_throw("none", root_ / "proc/sys", "tmpfs", 0);
    for (const char* device : {"null", "zero", "urandom"}) {
      auto file = root_ / "dev" / device;
      write_file(file, "");
      mount_or_throw(std::string("/dev/") + device, file, "", MS_BIND);
    }
    for (const char* link : {"bin", "sbin"}) make_link(std::string("usr/") + link, link);
    for (const char* link : {"lib", "lib64"}) make_link(std::string("host/") + link, link);
    make_link("../host/lib", "usr/lib");
    add_programs();
    write_file(root_ / "etc/passwd",
               "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n");
    write_file(root_ / "etc/group", "root:x:0:\nann:x:1000:\ndisk:x:6:\n");
    write_file(root_ / "etc/shadow", "root:*:19000::::::\nann:*:19000::::::\n");
  }
  ~Sandbox() { ::umount2((root_ / "host").c_str(), MNT_DETACH), remove(); }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  static bool possible() { return ::geteuid() == 0; }

  /// Must be called before threads use sandboxes: a namespace is the thread's and its children's.
  static void prepare() {
    static bool entered = [] {
      if (::unshare(CLONE_NEWNS) != 0) throw std::runtime_error("the sandbox needs root");
      mount_or_throw("", "/", "", MS_REC | MS_PRIVATE);
      mount_or_throw("none", "/mnt", "tmpfs", 0);
      return true;
    }();
    (void)entered;
  }

  std::filesystem::path operator/(const std::string& path) const {
    return root_ / (path.starts_with('/') ? path.substr(1) : path);
  }

  /// A program that records its arguments in /calls and then does `text`; first in PATH.
  void add_program(const std::string& name, const std::string& text) {
    std::lock_guard lock(forking());
    auto file = root_ / "fake" / name;
    std::filesystem::create_directories(file.parent_path());
    write_file(file, "#!/bin/sh\necho \"" + name + " $*\" >>/calls\n" + text);
    std::filesystem::permissions(file, std::filesystem::perms{0755});
  }
  void remove_program(const std::string& name) {
    std::filesystem::remove(root_ / "usr/bin" / name);
  }

  /// What the programs of add_program were called with since the last time.
  std::string take_calls() {
    auto file = root_ / "calls";
    if (!std::filesystem::exists(file)) return "";
    auto calls = read_file(file);
    std::filesystem::remove(file);
    return calls;
  }

  /// Scripts run from now on as if this user had become root by sudo; nobody: root's own.
  void login_as(const std::string& user) { login_ = "SUDO_USER=" + user; }

  /// Starts the script as sshd would: on the shell's stdin. Collect its end with `finish`.
  pid_t start(const std::string& script) {
    auto log = root_.string() + ".log." + std::to_string(++runs_);
    write_file(log + ".in", script);
    std::lock_guard lock(forking());
    pid_t child = ::fork();
    if (child == 0) become_shell(log);
    logs_[child] = log;
    return child;
  }

  Ran finish(pid_t child, const std::string& nonce) {
    int status = 0;
    ::waitpid(child, &status, 0);
    auto log = logs_.at(child);
    Ran ran;
    ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ran.output = read_file(log + ".out");
    ran.error_output = read_file(log + ".err");
    for (const char* end : {".in", ".out", ".err"}) std::filesystem::remove(log + end);
    ReplyParser parser(nonce, [&](const TaskReply& reply) { ran.replies.push_back(reply); });
    parser.feed(ran.output);
    ran.ended = parser.ended();
    return ran;
  }

  Ran run(const std::string& script, const std::string& nonce) {
    return finish(start(script), nonce);
  }

  Snapshot snapshot() const {
    namespace fs = std::filesystem;
    Snapshot all;
    for (auto at = fs::recursive_directory_iterator(root_); at != fs::end(at); ++at) {
      auto path = at->path().lexically_relative(root_).string();
      if (path == "host" || path == "dev" || path == "usr") at.disable_recursion_pending();
      bool of_proc = path == "proc" || path.starts_with("proc/");
      if (of_proc && path != "proc" && !path.starts_with("proc/sys")) {
        at.disable_recursion_pending();
        continue;
      }
      // The lock file stays, and programs note what they were asked.
      if (path == "run/muster.lock" || path == "calls") continue;
      all[path] = describe(at->path(), path == "run" || path == "tmp" || of_proc);
    }
    return all;
  }

 private:
  /// A child must not have a program open that another thread is writing: nobody could run it then.
  static std::mutex& forking() {
    static std::mutex mutex;
    return mutex;
  }

  static void mount_or_throw(const std::string& source, const std::filesystem::path& target,
                             const std::string& type, unsigned long flags) {
    if (::mount(source.c_str(), target.c_str(), type.c_str(), flags, nullptr) == 0) return;
    throw std::runtime_error("mount " + target.string() + ": " + std::strerror(errno));
  }

  void make_link(const std::string& to, const std::string& path) {
    std::filesystem::create_symlink(to, root_ / path);
  }

  /// Only what minimal nodes have: a script that needs more must fail here.
  void add_programs() {
    for (const char* name :
         {"base64", "cat",       "chmod", "chown",  "cmp",   "cp",   "dd",       "find",
          "flock",  "grep",      "head",  "id",     "ln",    "ls",   "mkdir",    "mkfifo",
          "mktemp", "mount",     "mv",    "nproc",  "ps",    "pwd",  "readlink", "rm",
          "sed",    "sha256sum", "sh",    "sleep",  "stat",  "tail", "tar",      "timeout",
          "touch",  "tr",        "true",  "umount", "uname", "wc",   "basename", "awk",
          "date",   "df",        "sort",  "rmdir",  "sync"}) {
      // Debian's busybox is without flock, Alpine's has it.
      bool own = flavour_ != Flavour::busybox || std::string_view(name) == "flock";
      make_link(std::string("/host/bin/") + (own ? name : "busybox"),
                std::string("usr/bin/") + name);
    }
    if (flavour_ == Flavour::busybox) return;
    std::filesystem::remove(root_ / "usr/bin/sh");
    std::filesystem::remove(root_ / "usr/bin/awk");
    make_link("/host/bin/" + name_of(flavour_), "usr/bin/sh");
    make_link("/host/bin/mawk", "usr/bin/awk");
    for (const char* name : {"useradd", "usermod", "userdel", "chpasswd"}) {
      make_link(std::string("/host/sbin/") + name, std::string("usr/sbin/") + name);
    }
  }

  [[noreturn]] void become_shell(const std::string& log) const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);
    ::alarm(30);
    auto open_as = [](int wanted, const std::string& file, int flags) {
      int fd = ::open(file.c_str(), flags | O_CLOEXEC, 0600);
      if (fd < 0 || ::dup2(fd, wanted) < 0) ::_exit(126);
    };
    open_as(0, log + ".in", O_RDONLY);
    open_as(1, log + ".out", O_WRONLY | O_CREAT | O_APPEND);
    open_as(2, log + ".err", O_WRONLY | O_CREAT | O_APPEND);
    if (::chroot(root_.c_str()) != 0 || ::chdir("/") != 0) ::_exit(126);
    const char* const argv[] = {"sh", nullptr};
    const char* const environment[] = {"PATH=/fake:/usr/bin:/bin", "HOME=/root", login_.c_str(),
                                       nullptr};
    ::execve("/bin/sh", const_cast<char* const*>(argv), const_cast<char* const*>(environment));
    ::_exit(127);
  }

  static std::string describe(const std::filesystem::path& path, bool without_time) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return "gone";
    char head[64];
    std::snprintf(head, sizeof head, "%04o %u:%u", status.st_mode & 07777U, status.st_uid,
                  status.st_gid);
    std::string text = head;
    if (S_ISLNK(status.st_mode)) text = "link " + std::filesystem::read_symlink(path).string();
    if (S_ISDIR(status.st_mode)) text = "directory " + text;
    if (S_ISREG(status.st_mode)) text = "file " + text + "\n" + read_file(path);
    if (without_time) return text;
    return text + "\n@" + std::to_string(status.st_mtim.tv_sec) + "." +
           std::to_string(status.st_mtim.tv_nsec);
  }

  void remove() {
    for (const auto& place : mounts_below()) ::umount2(place.c_str(), MNT_DETACH);
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  /// The last first.
  std::vector<std::string> mounts_below() const {
    std::vector<std::string> places;
    std::ifstream mounts("/proc/self/mounts");
    for (std::string source, place, rest;
         mounts >> source >> place && std::getline(mounts, rest);) {
      if (place.starts_with(root_.string() + "/")) places.insert(places.begin(), place);
    }
    return places;
  }

  Flavour flavour_;
  std::filesystem::path root_;
  std::string login_ = "SUDO_USER=";
  int runs_ = 0;
  std::map<pid_t, std::string> logs_;
};

}  // namespace muster::testing
