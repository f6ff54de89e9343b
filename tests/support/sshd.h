#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/ssh/session.h"
#include "tests/support/folder.h"

namespace muster {

/// A real sshd on 127.0.0.1, with keys and configuration of its own; ends with the test.
class TestSshd {
 public:
  /// `extra` is put before our lines in sshd_config.
  explicit TestSshd(const std::string& extra = "") {
    if (!std::filesystem::exists(kProgram)) {
      throw std::runtime_error(std::string(kProgram) + " is missing: install openssh-server");
    }
    if (::geteuid() == 0) make_directory("/run/sshd");
    make_key("host_key");
    make_key("client_key");
    write_file(folder_ / "authorized_keys", read_file(folder_ / "client_key.pub"));
    // Another program can take the free port before sshd does.
    for (int attempt = 0; attempt < 5; ++attempt) {
      start(extra);
      if (answers_ssh("127.0.0.1", port_, std::chrono::seconds(5))) return;
      stop();
    }
    throw std::runtime_error("sshd does not start:\n" + read_file(folder_ / "log"));
  }
  ~TestSshd() { stop(); }
  TestSshd(const TestSshd&) = delete;
  TestSshd& operator=(const TestSshd&) = delete;

  int port() const { return port_; }
  Endpoint endpoint() const {
    Endpoint endpoint;
    endpoint.address = "127.0.0.1";
    endpoint.port = port_;
    endpoint.user = user_;
    endpoint.host_key = host_key();
    return endpoint;
  }
  SshOptions options() const {
    SshOptions options;
    options.private_key = Secret(read_file(folder_ / "client_key"));
    return options;
  }
  /// "ssh-ed25519 AAAA...".
  std::string host_key() const { return key_line("host_key.pub"); }
  std::string client_key() const { return key_line("client_key.pub"); }
  const TestFolder& folder() const { return folder_; }

  /// Sends `signal` to the processes that serve connections, not to the one that listens.
  void signal_sessions(int signal) const {
    for (auto pid : descendants()) ::kill(pid, signal);
  }
  /// New connections are taken by the kernel and hear nothing.
  void pause() const { ::kill(pid_, SIGSTOP); }
  /// Starts anew on the same port, and shows the key in `file` from now on.
  void change_host_key(const std::string& file) {
    stop();
    write_file(folder_ / "host_key", read_file(file), 0600);
    start_again();
  }
  /// After a stop, on the same port.
  void start_again() {
    run();
    if (!answers_ssh("127.0.0.1", port_, std::chrono::seconds(5))) {
      throw std::runtime_error("sshd does not start again:\n" + read_file(folder_ / "log"));
    }
  }
  /// Ends it and its sessions.
  void stop() {
    if (pid_ <= 0) return;
    auto sessions = descendants();
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    for (auto pid : sessions) ::kill(pid, SIGKILL);
    pid_ = 0;
  }

 private:
  static constexpr const char* kProgram = "/usr/sbin/sshd";

  std::string key_line(const std::string& file) const {
    auto words = split(trim(read_file(folder_ / file)), ' ');
    return words.at(0) + " " + words.at(1);
  }

  void make_key(const std::string& name) {
    run_or_throw({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder_ / name});
  }

  static int free_port() {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd, generic, size) != 0 || ::getsockname(fd, generic, &size) != 0) std::abort();
    ::close(fd);
    return ntohs(address.sin_port);
  }

  void start(const std::string& extra) {
    port_ = free_port();
    write_file(folder_ / "sshd_config",
               // Of this one the last counts, of all others the first.
               "MaxStartups 200\n" + extra + "\nListenAddress 127.0.0.1\nPort " +
                   std::to_string(port_) + "\nHostKey " + (folder_ / "host_key") +
                   "\nAuthorizedKeysFile " + (folder_ / "authorized_keys") +
                   "\nUsePAM no\nStrictModes no\nPidFile none\nPasswordAuthentication no\n"
                   "KbdInteractiveAuthentication no\nPermitRootLogin yes\n"
                   // Away from the profile of whoever runs the tests.
                   "SetEnv HOME=" +
                   folder_.path().string() + "\n");
    run();
  }

  void run() {
    pid_ = ::fork();
    if (pid_ != 0) return;
    int log = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, 2);
    ::execl(kProgram, kProgram, "-D", "-e", "-f", (folder_ / "sshd_config").c_str(), nullptr);
    ::_exit(127);
  }

  /// sshd's processes for connections; not what these run.
  std::vector<pid_t> descendants() const {
    std::vector<pid_t> found;
    std::vector<pid_t> parents{pid_};
    while (!parents.empty()) {
      auto parent = parents.back();
      parents.pop_back();
      for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        auto pid = static_cast<pid_t>(std::atoi(entry.path().filename().c_str()));
        if (pid <= 0 || parent_if_sshd(pid) != parent) continue;
        found.push_back(pid);
        parents.push_back(pid);
      }
    }
    return found;
  }

  static pid_t parent_if_sshd(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    int number = 0;
    std::string name;
    std::string state;
    pid_t parent = 0;
    file >> number >> name >> state >> parent;
    return name == "(sshd)" ? parent : 0;
  }

  TestFolder folder_;
  std::string user_ = ::getpwuid(::geteuid())->pw_name;  // not safe in threads, so only here
  int port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace muster
