#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "inventory/record.h"
#include "provisioner/base/error.h"
#include "provisioner/base/secret.h"

namespace muster {

class Bastions;

struct SshOptions {
  Secret private_key;  ///< OpenSSH text; empty: the user's agent and default keys
  std::chrono::milliseconds connect_deadline{10'000};
  std::chrono::seconds keepalive{15};
  Bastions* bastions = nullptr;  ///< for endpoints behind one; not owned
  /// It is a bastion: where the user's known_hosts know it, whoever's key opens it, they say which
  /// host key it must have.
  bool to_bastion = false;
};

/// The connection was lost or could not be made: running the (idempotent) step again can help.
/// What was refused for good (host key, authentication) is an Error without this type.
class ConnectionLost : public Error {
 public:
  using Error::Error;
};

/// The node's sshd answered and then closed the connection before the login: it may have too many
/// of those at the moment (MaxStartups).
class TurnedAway : public ConnectionLost {
 public:
  using ConnectionLost::ConnectionLost;
};

/// The node shows another host key than it should: it is not the node that it was, or somebody is
/// in between.
class HostKeyChanged : public Error {
 public:
  using Error::Error;
};

/// The private key for the node is of no use: no file, empty, no key, or locked by a passphrase.
class KeyUnusable : public Error {
 public:
  using Error::Error;
};

/// What came of one remote command.
struct RemoteResult {
  int exit_code = 0;         ///< 128 + signal when killed, 124 when timed out
  bool timed_out = false;    ///< the deadline passed; the channel was closed
  std::string error_output;  ///< the last 16 KiB of stderr
};

/// One SSH connection to one node, kept for the run. For one thread; in a fiber its waits leave the
/// thread to the others.
class Session {
 public:
  /// Connects and authenticates. A host key that differs from `endpoint.host_key` is a
  /// HostKeyChanged that names both fingerprints. With an empty host_key the key found is in
  /// host_key() after.
  Session(const Endpoint& endpoint, const SshOptions& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Runs `command` with `input` on its stdin; stdout goes to `on_output` in pieces as it comes.
  /// Throws ConnectionLost when the connection breaks (also: nothing heard for 3 keepalives).
  RemoteResult run(const std::string& command, std::string_view input,
                   std::chrono::milliseconds deadline,
                   const std::function<void(std::string_view)>& on_output);

  /// Runs `command` with `head`, and then what `more` returns until that is empty, on its stdin.
  RemoteResult send(const std::string& command, std::string_view head,
                    const std::function<std::string_view()>& more,
                    std::chrono::milliseconds deadline);

  /// "ssh-ed25519 AAAA...": what the node showed.
  const std::string& host_key() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// True when something at the address answers with an SSH banner within `deadline`; asks again
/// until then, or until `stop`, so this also waits for a node that is starting. Waits as fibers
/// may.
bool answers_ssh(const std::string& address, int port, std::chrono::milliseconds deadline,
                 const std::stop_token& stop = {});

/// The IP address of a machine's name, IPv4 when it has one; an IP address as it is. Empty when no
/// name server knows it from here.
std::string ip_address_of(const std::string& host);

}  // namespace muster
