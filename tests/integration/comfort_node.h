#pragma once

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "provisioner/base/clock.h"
#include "provisioner/definition/role_reader.h"
#include "provisioner/run/node_link.h"
#include "tests/support/sshd.h"

namespace muster::testing {

inline const std::string kNonce = "5f2c81d04be7a96377aa00c1d2e3f405";

/// It may fail.
inline void run_anyhow(std::vector<std::string> argv) {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  run_process(spec);
}

/// Something over a path of this namespace, while it lives.
class Mounted {
 public:
  /// `source` "tmpfs": a new one with `options`; else a file or folder.
  Mounted(const std::string& source, const std::string& target, unsigned long flags = 0,
          const std::string& options = "mode=1777")
      : target_(std::filesystem::canonical(target)) {
    if (source != "tmpfs") {
      mount(source, MS_BIND, "");
      return;
    }
    mount("tmpfs", 0, options);
    // sshd takes no login without it.
    if (target == "/run") std::filesystem::create_directory("/run/sshd");
    if (flags != 0) mount("tmpfs", MS_REMOUNT | flags, options);
  }
  ~Mounted() { ::umount2(target_.c_str(), MNT_DETACH); }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;

 private:
  void mount(const std::string& source, unsigned long flags, const std::string& options) {
    if (::mount(source.c_str(), target_.c_str(), "tmpfs", flags, options.c_str()) == 0) return;
    throw std::runtime_error("mount " + target_ + ": " + std::strerror(errno));
  }

  std::string target_;
};

/// A user of this namespace, root or another, with a login shell and login files of a test's own,
/// behind an sshd of its own.
class ComfortNode {
 public:
  explicit ComfortNode(std::string user = "root", const std::string& shell = "/bin/bash",
                       const std::string& sshd_extra = "")
      : user_(std::move(user)),
        home_(user_ == "root" ? "/root" : "/home/" + user_),
        sshd_("AuthorizedKeysFile /etc/ssh/comfort_keys\nSetEnv HOME=" + home_ + "\n" +
              sshd_extra) {
    std::filesystem::remove_all("/var/lib/muster/kept");  // what an earlier node knew
    write_file("/etc/ssh/comfort_keys", sshd_.client_key() + "\n");
    ::chmod("/etc/ssh/comfort_keys", 0644);
    if (user_ == "root") {
      run_or_throw({"usermod", "-s", shell, "root"});
    } else {
      run_or_throw({"useradd", "-m", "-s", shell, "-p", "*", user_});
    }
  }
  ~ComfortNode() {
    if (user_ != "root") run_anyhow({"userdel", "-f", "-r", user_});
    for (const auto& file : files_) std::filesystem::remove(file);
  }
  ComfortNode(const ComfortNode&) = delete;
  ComfortNode& operator=(const ComfortNode&) = delete;

  /// A file of the system or of the user ("~/..."); gone with the node.
  void put(std::string path, const std::string& content, mode_t mode = 0644) {
    if (path.starts_with("~")) path = home_ + path.substr(1);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    write_file(path, content);
    ::chmod(path.c_str(), mode);
    files_.push_back(path);
  }
  void allow_sudo(const std::string& more = "") {
    put("/etc/sudoers.d/comfort", user_ + " ALL=(ALL) NOPASSWD:ALL\n" + more, 0440);
  }

  Endpoint endpoint() const {
    auto endpoint = sshd_.endpoint();
    endpoint.user = user_;
    return endpoint;
  }
  NodeLink link() { return {"n1", endpoint(), {sshd_.options(), "d", &resources_, {}}, uploads_}; }
  const TestSshd& sshd() const { return sshd_; }
  TestSshd& sshd() { return sshd_; }
  const std::string& home() const { return home_; }

 private:
  std::string user_;
  std::string home_;
  RunResources resources_;
  Uploads uploads_{resources_, "d"};
  TestSshd sshd_;
  std::vector<std::string> files_;
};

/// What a script said.
struct Said {
  std::vector<TaskReply> replies;
  ScriptResult result;

  /// One word a task; a failure with all that the node said.
  std::string text() const {
    std::vector<std::string> words;
    for (const auto& reply : replies) {
      words.push_back(reply.outcome);
      if (reply.outcome == "failed") {
        words.push_back("(" + std::to_string(reply.index) + ": " + reply.command + ": " +
                        reply.output + ")");
      }
    }
    if (!result.ended) {
      words.push_back("[no end: " + std::to_string(result.remote.exit_code) + " " +
                      result.remote.error_output + result.noise + "]");
    }
    return join(words, " ");
  }
};

/// `text` is a role's file without its name. `seen` is told of each reply as it comes.
inline Said run_tasks(NodeLink& link, const std::string& text, Mode mode = Mode::apply,
                      bool undo = false,
                      const std::function<void(const TaskReply&)>& seen = nullptr,
                      std::chrono::milliseconds deadline = std::chrono::seconds(120)) {
  auto role = parse_role("r.yaml", "role: r\n" + text);
  check_role(role);
  nlohmann::json context = nlohmann::json::object();
  CompileInput input;
  input.role = &role;
  input.tasks = undo ? &role.undo : &role.tasks;
  input.mode = mode;
  input.context = &context;
  input.nonce = kNonce;
  input.load_template = [](const std::string& name) {
    if (name == "binary") return std::string("\0\1\2\xff\xfe\r\n'\"$x`\\\n\n\0", 18);
    return std::string(200'000, 'l') + "\n";
  };
  auto script = compile(input);
  Said said;
  said.result = link.run(script, kNonce, deadline, [&](const TaskReply& reply) {
    said.replies.push_back(reply);
    if (seen) seen(reply);
  });
  return said;
}

inline Said run_command(NodeLink& link, const std::string& command) {
  return run_tasks(
      link, "tasks:\n  - {name: t, command: {run: " + nlohmann::json(command).dump() + "}}\n");
}

}  // namespace muster::testing
