#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "provisioner/base/error.h"

namespace muster {

/// What a node says of itself when a run connects to it.
struct Facts {
  /// uid, posix (whether the shell is one), arch, os, os_version, kernel, cpus, memory_mb,
  /// container, cgroup, cgroup_v1, nftables, oom_score_adj, nameserver, resolv_conf, selinux,
  /// systemd, openrc, apt, dnf, apk (docs/roles.md says what each is); booleans are "true" or
  /// "false".
  std::map<std::string, std::string> values;
  std::vector<std::string> store;  ///< the sha256 of every artifact that the node has, checked
};

/// Empty when the node did not say.
std::string fact(const Facts& facts, const std::string& name);

/// "amd64", also of a node that does not say.
std::string architecture(const Facts& facts);

/// A POSIX sh script for stdin of "sh".
std::string facts_script(const std::string& nonce);

/// The same with more functions, and these lines in the place of its only call, "m_facts". What
/// they say with m_fact is no fact when its key begins with this.
std::string facts_script(const std::string& nonce, const std::string& more,
                         const std::string& calls);
inline constexpr std::string_view kCheckPrefix = "check.";

/// A login that ran the script, or should have.
struct Login {
  std::string node;
  std::string user;
  bool timed_out = false;
  std::string output;        ///< of a script that did not run to its end
  std::string error_output;  ///< likewise
};

/// Why there are no facts, and what to do about it.
Error no_facts(const Login& login);

/// Throws Error when the scripts of this login would not run as root, or not in a POSIX shell.
void check_shell(const Facts& facts, const Login& login);

/// Throws Error when the answer has no end: the node did not run the script whole.
Facts parse_facts(std::string_view answer, const std::string& nonce);

}  // namespace muster
