#pragma once

#include <optional>
#include <string>
#include <vector>

namespace muster {

/// What is on the way to a host.
struct SshJump {
  std::string user;  ///< empty: not said
  std::string host;
  std::string port;  ///< empty: not said
  std::string key;   ///< of a ProxyCommand's -i; empty: none
};

/// Arguments for ssh, as ansible_ssh_common_args has them.
struct SshArguments {
  std::optional<SshJump> jump;
  std::string key;                    ///< -i
  std::string port;                   ///< -p
  std::string user;                   ///< -l
  std::vector<std::string> host_key;  ///< those that switch the check of host keys off
  std::vector<std::string> others;    ///< that muster's own SSH does not have
};

/// Understands -J, -o ProxyJump, and a ProxyCommand that runs "ssh -W %h:%p".
SshArguments read_ssh_arguments(const std::string& text);

/// "user@host:port", an IPv6 address in brackets, also "ssh://user@host:port". Nothing when it
/// names several hosts.
std::optional<SshJump> read_jump(std::string text);

}  // namespace muster
