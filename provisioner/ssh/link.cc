#include "provisioner/ssh/link.h"

#include <fcntl.h>
#include <libssh/server.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#ifdef __aarch64__
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "provisioner/base/fibers.h"
#include "provisioner/base/text.h"
#include "provisioner/ssh/bastion.h"
#include "provisioner/ssh/host_key.h"
#include "provisioner/ssh/pinned_key.h"

namespace muster {

namespace {

constexpr int kSilentKeepalives = 3;

/// The CPU does AES itself; then AES-GCM is faster than ChaCha20, which libssh likes best.
bool has_aes() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("aes") != 0;
#elif defined(__aarch64__)
  return (::getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#else
  return false;
#endif
}

constexpr const char* kCiphersWithAes =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,"
    "aes256-ctr,aes192-ctr,aes128-ctr";

SessionPtr make_session() {
  static const int initialized = ssh_init();
  SessionPtr session(initialized == SSH_OK ? ssh_new() : nullptr);
  if (!session) bug("libssh cannot be used");
  return session;
}

SshKeyPtr parse_private_key(const Secret& text, const std::string& node) {
  if (text.empty()) return nullptr;
  ssh_key key = nullptr;
  if (ssh_pki_import_privkey_base64(text.reveal().c_str(), "", nullptr, nullptr, &key) != SSH_OK) {
    KeyUnusable error("the private key for '" + node + "' cannot be read");
    error.hint("give an OpenSSH or PEM private key without a passphrase");
    throw error;
  }
  return SshKeyPtr(key);
}

std::string option(ssh_session session, ssh_options_e which) {
  char* value = nullptr;
  if (ssh_options_get(session, which, &value) != SSH_OK || value == nullptr) return "";
  std::string text = value;
  ssh_string_free_char(value);
  return text;
}

bool says(ssh_session session, std::string_view words) {
  return std::string_view(ssh_get_error(session)).find(words) != std::string_view::npos;
}

std::string seconds(std::chrono::milliseconds time) {
  return format_duration(std::chrono::duration<double>(time).count());
}

/// The user's own ssh would refuse such a node, so we do. `what` is what the node is called.
void check_known_hosts(ssh_session session, const std::string& what, ssh_key found) {
  auto known = ssh_session_is_known_server(session);
  if (known != SSH_KNOWN_HOSTS_CHANGED && known != SSH_KNOWN_HOSTS_OTHER) return;
  HostKeyChanged error("the host key of " + what +
                       " is not the one in your ~/.ssh/known_hosts: found " +
                       fingerprint_of(found));
  error.hint(
      "if the node was reinstalled, forget its old key with ssh-keygen -R; if not, somebody "
      "may be between you and it");
  throw error;
}

Error refused(const std::string& who, ssh_key key) {
  if (key == nullptr) {
    return Error("'" + who + "' accepts no key of your ssh agent or ~/.ssh")
        .hint("check the login user, and load a key that the node knows with ssh-add");
  }
  SshKeyPtr shown;
  ssh_key half = nullptr;
  if (ssh_pki_export_privkey_to_pubkey(key, &half) == SSH_OK) shown.reset(half);
  return Error("'" + who + "' does not accept muster's key " + fingerprint_of(key))
      .hint("check the login user, or add this line to its ~/.ssh/authorized_keys on the node: " +
            (shown ? public_line(shown.get()) : ""));
}

}  // namespace

Link::Link(const Endpoint& endpoint, const SshOptions& options)
    : name_(host_and_port(endpoint.address, endpoint.port)),
      wanted_key_(endpoint.host_key),
      to_bastion_(options.to_bastion),
      keepalive_(options.keepalive),
      connect_deadline_(options.connect_deadline),
      session_(make_session()) {
  Deadline deadline(connect_deadline_);
  auto key = parse_private_key(options.private_key, name_);
  configure(endpoint, options);
  handshake(endpoint, options, deadline);
  check_host_key(options);
  authenticate(endpoint, key.get(), deadline);
  logged_in_ = true;
  wake();
  open_spare();
}

/// ssh_disconnect() alone would leave a socket open that it was given.
Link::~Link() { ssh_silent_disconnect(session_.get()); }

void Link::configure(const Endpoint& endpoint, const SshOptions& options) {
  auto set = [&](ssh_options_e which, const void* value) {
    if (ssh_options_set(session_.get(), which, value) != SSH_OK) {
      throw Error("cannot connect to '" + name_ + "': " + ssh_get_error(session_.get()));
    }
  };
  set(SSH_OPTIONS_HOST, endpoint.address.c_str());
  set(SSH_OPTIONS_USER, endpoint.user.c_str());
  if (has_aes()) {
    set(SSH_OPTIONS_CIPHERS_C_S, kCiphersWithAes);
    set(SSH_OPTIONS_CIPHERS_S_C, kCiphersWithAes);
  }
  const bool as_user = options.private_key.empty();
  const char* home = std::getenv("HOME");
  if (home != nullptr && (as_user || to_bastion_)) {
    set(SSH_OPTIONS_SSH_DIR, (std::string(home) + "/.ssh").c_str());
  }
  if (as_user) {
    if (ssh_options_parse_config(session_.get(), nullptr) != SSH_OK) {
      throw Error("cannot read your ssh config: " + std::string(ssh_get_error(session_.get())));
    }
  } else {
    bool process_config = false;
    set(SSH_OPTIONS_PROCESS_CONFIG, &process_config);
    if (!to_bastion_) {
      set(SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
      set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    }
  }
  // 22 is what nobody asked for: the user's config may know better.
  if (endpoint.port != 22) set(SSH_OPTIONS_PORT, &endpoint.port);
  if (to_bastion_ && ssh_session_has_known_hosts_entry(session_.get()) == SSH_KNOWN_HOSTS_OK) {
    wanted_key_.clear();
  }
  if (!wanted_key_.empty()) {
    auto algorithms = algorithms_for(wanted_key_);
    if (!algorithms.empty()) set(SSH_OPTIONS_HOSTKEYS, algorithms.c_str());
  }
}

Descriptor Link::connect(const Endpoint& endpoint, const SshOptions& options,
                         const Deadline& deadline) {
  if (!endpoint.bastion.empty()) {
    if (options.bastions == nullptr) bug("an endpoint behind a bastion, and nobody to reach it");
    return options.bastions->connect(endpoint, options, deadline);
  }
  unsigned int port = 22;
  ssh_options_get_port(session_.get(), &port);
  auto socket =
      connect_tcp(option(session_.get(), SSH_OPTIONS_HOST), static_cast<int>(port), deadline);
  // Between two commands nobody asks for signs of life; the kernel does, so that a firewall on
  // the way does not forget the connection.
  int on = 1;
  int interval = static_cast<int>(keepalive_.count());
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_KEEPIDLE, &interval, sizeof interval);
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  return socket;
}

void Link::handshake(const Endpoint& endpoint, const SshOptions& options,
                     const Deadline& deadline) {
  auto* session = session_.get();
  if (!endpoint.bastion.empty() || option(session, SSH_OPTIONS_PROXYCOMMAND).empty()) {
    int fd = connect(endpoint, options, deadline).release();
    ssh_options_set(session, SSH_OPTIONS_FD, &fd);
  }
  ssh_set_counters(session, &counter_, nullptr);
  ssh_set_blocking(session, 0);
  int result = ssh_connect(session);
  if (result == SSH_AGAIN) {
    event_.reset(ssh_event_new());
    ssh_event_add_session(event_.get(), session);
    try {
      result = finish([&] { return ssh_connect(session); }, deadline);
    } catch (const ConnectionLost&) {
      result = SSH_ERROR;
    }
  }
  if (result == SSH_AGAIN) {
    throw ConnectionLost("cannot connect to '" + name_ + "': no SSH handshake within " +
                         seconds(connect_deadline_));
  }
  if (result != SSH_OK) {
    if (!wanted_key_.empty() && says(session, "server host key algo")) throw wrong_key(nullptr);
    std::string why = ssh_get_error(session);
    if (says(session, "no match for method")) throw Error("cannot talk to '" + name_ + "': " + why);
    throw TurnedAway("cannot connect to '" + name_ + "': " + why);
  }
  // libssh made it blocking: a write to a peer that reads nothing would never end.
  int fd = ssh_get_fd(session);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

HostKeyChanged Link::wrong_key(ssh_key found) const {
  return to_bastion_ ? wrong_bastion_key(name_, wanted_key_, found)
                     : wrong_host_key(name_, wanted_key_, found);
}

void Link::check_host_key(const SshOptions& options) {
  ssh_key shown = nullptr;
  if (ssh_get_server_publickey(session_.get(), &shown) != SSH_OK) throw lost();
  SshKeyPtr found(shown);
  host_key_ = public_line(found.get());
  if (!wanted_key_.empty()) {
    if (!is_pinned_key(wanted_key_, host_key_)) throw wrong_key(found.get());
  } else if (options.private_key.empty() || to_bastion_) {
    check_known_hosts(session_.get(), (to_bastion_ ? "the bastion '" : "'") + name_ + "'",
                      found.get());
  }
}

void Link::authenticate(const Endpoint& endpoint, ssh_key key, const Deadline& deadline) {
  auto* session = session_.get();
  auto who = endpoint.user + "@" + name_;
  int result = SSH_AUTH_ERROR;
  try {
    result = finish(
        [&] {
          return key != nullptr ? ssh_userauth_publickey(session, nullptr, key)
                                : ssh_userauth_publickey_auto(session, nullptr, nullptr);
        },
        deadline, SSH_AUTH_AGAIN);
  } catch (const ConnectionLost&) {
    if (!says(session, "authentication failures")) throw;
    throw refused(who, key);
  }
  if (result == SSH_AUTH_SUCCESS) return;
  if (result == SSH_AUTH_AGAIN) {
    throw ConnectionLost("cannot log in to '" + who + "' within " + seconds(connect_deadline_));
  }
  if (result == SSH_AUTH_ERROR && broken() && !says(session, "authentication failures")) {
    throw lost();
  }
  throw refused(who, key);
}

void Link::wake() { heard_ = asked_ = Clock::now(); }

Link::Clock::time_point Link::listen() {
  auto now = Clock::now();
  if (counter_.in_bytes != bytes_heard_) {
    bytes_heard_ = counter_.in_bytes;
    heard_ = now;
  }
  if (now - heard_ >= kSilentKeepalives * keepalive_) {
    throw ConnectionLost("lost the connection to '" + name_ + "': it was silent for " +
                         seconds(kSilentKeepalives * keepalive_));
  }
  if (now - std::max(heard_, asked_) >= keepalive_) {
    asked_ = now;
    // The first call takes the answer to the last question, if there was one; then it asks.
    ssh_send_keepalive(session_.get());
    ssh_send_keepalive(session_.get());
  }
  return std::max(heard_, asked_);
}

void Link::wait(const Deadline& deadline) {
  auto time = deadline.left();
  if (logged_in_) {
    auto until_next = listen() + keepalive_ - Clock::now();
    time = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(until_next),
                      std::chrono::milliseconds{0}, time);
  }
  auto wanted = ssh_get_poll_flags(session_.get());
  wait_for_descriptor(ssh_get_fd(session_.get()), (wanted & SSH_READ_PENDING) != 0,
                      (wanted & SSH_WRITE_PENDING) != 0, Deadline(time));
  if (ssh_event_dopoll(event_.get(), 0) == SSH_ERROR || broken()) throw lost();
}

ssh_channel Link::take_channel() {
  if (spare_ != nullptr) return std::exchange(spare_, nullptr);
  auto* channel = ssh_channel_new(session_.get());
  if (channel == nullptr) throw lost();
  return channel;
}

void Link::open_spare() {
  if (spare_ != nullptr || no_spares_) return;
  spare_ = ssh_channel_new(session_.get());
  if (spare_ != nullptr && ssh_channel_open_session(spare_) == SSH_ERROR) refuse_spares();
}

void Link::refuse_spares() {
  no_spares_ = true;
  if (spare_ != nullptr) ssh_channel_free(std::exchange(spare_, nullptr));
}

bool Link::broken() const {
  return ssh_is_connected(session_.get()) == 0 ||
         (ssh_get_status(session_.get()) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
}

ConnectionLost Link::lost() const {
  return ConnectionLost("lost the connection to '" + name_ + "': " + ssh_get_error(session_.get()));
}

}  // namespace muster
