#include "tests/simulator/simulator.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "tests/simulator/connection.h"

namespace muster::simulator {

namespace {

/// What the kernel keeps of a storm that we have not seen; it takes net.core.somaxconn at most.
constexpr int kBacklog = 8'192;

/// The cheapest that client and server both have: the two share this machine.
constexpr const char* kKeyExchange = "curve25519-sha256,curve25519-sha256@libssh.org";
constexpr const char* kCiphers =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr";
constexpr const char* kMacs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-256";
constexpr const char* kKeyTypes =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,"
    "rsa-sha2-256";

Error failed(const std::string& what) { return Error(what + ": " + std::strerror(errno)); }

void raise_descriptor_limit(rlim_t needed) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return;
  if (limit.rlim_max < needed) limit.rlim_max = needed;  // root may
  limit.rlim_cur = needed;
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
  throw Error("so many nodes take " + std::to_string(needed) + " open files, which is too many")
      .hint("raise the limit with ulimit -n, or play fewer nodes");
}

KeyPtr parse_authorized(const std::string& line) {
  auto words = split(trim(line), ' ');
  ssh_key key = nullptr;
  if (words.size() >= 2) {
    ssh_pki_import_pubkey_base64(words[1].c_str(), ssh_key_type_from_name(words[0].c_str()), &key);
  }
  return KeyPtr(key);
}

}  // namespace

class Simulator::Listener : public Watcher {
 public:
  explicit Listener(Simulator& simulator) : simulator_(simulator) {}
  void on_ready() override { simulator_.accept_all(); }

 private:
  Simulator& simulator_;
};

std::string World::folder_of(SimulatedNode& node) {
  auto path = folder + "/" + std::to_string(node.index);
  if (!node.has_folder) {
    for (const char* name : {"run", "state", "store"}) make_directory(path + "/" + name, 0700);
    node.has_folder = true;
  }
  return path;
}

Simulator::Simulator(const SimulatorOptions& options) : world_(options) {
  in_addr first{};
  if (::inet_pton(AF_INET, options.first_address.c_str(), &first) != 1 ||
      (ntohl(first.s_addr) >> 24) != 127) {
    throw Error("--first-address '" + options.first_address + "' is not in 127.0.0.0/8",
                ExitCode::usage);
  }
  first_ = ntohl(first.s_addr);
  if (ssh_init() != SSH_OK) throw Error("libssh cannot be used");
  // A connection and, with latency, both ends of its relay; twice, for those that come again.
  raise_descriptor_limit(static_cast<rlim_t>(options.nodes) * (options.delays() ? 6 : 2) + 256);
  read_authorized_keys();
  make_host_key();
  choose_slow_nodes();
  listen();
  if (!options.inventory.empty()) write_inventory();
  if (options.answer == Answer::sh) {
    auto name = (std::filesystem::temp_directory_path() / "muster-simulator-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw failed("cannot make '" + name + "'");
    world_.folder = name;
  }
}

Simulator::~Simulator() {
  auto connections = world_.connections;
  for (auto& [connection, owner] : connections) connection->end();
  if (listener_ >= 0) ::close(listener_);
  ssh_bind_free(world_.bind);
  std::error_code ignored;
  if (!world_.folder.empty()) std::filesystem::remove_all(world_.folder, ignored);
}

void Simulator::read_authorized_keys() {
  for (const auto& file : world_.options.authorized_keys) {
    for (const auto& line : split(read_file(file), '\n')) {
      if (auto key = parse_authorized(line)) world_.authorized.push_back(std::move(key));
    }
  }
  if (!world_.authorized.empty()) return;
  throw Error("nobody could log in: there is no public key", ExitCode::usage)
      .hint("give --authorized-key FILE with lines like 'ssh-ed25519 AAAA...'");
}

void Simulator::make_host_key() {
  ssh_key key = nullptr;
  char* text = nullptr;
  if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK ||
      ssh_pki_export_pubkey_base64(key, &text) != SSH_OK) {
    throw Error("libssh cannot make an ed25519 key");
  }
  host_key_ = std::string("ssh-ed25519 ") + text;
  ssh_string_free_char(text);
  world_.bind = ssh_bind_new();
  bool config = false;
  auto set = [&](ssh_bind_options_e option, const void* value) {
    if (ssh_bind_options_set(world_.bind, option, value) == SSH_OK) return;
    throw Error(std::string("libssh refuses an option: ") + ssh_get_error(world_.bind));
  };
  set(SSH_BIND_OPTIONS_PROCESS_CONFIG, &config);
  set(SSH_BIND_OPTIONS_IMPORT_KEY, key);
  set(SSH_BIND_OPTIONS_KEY_EXCHANGE, kKeyExchange);
  set(SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, kKeyTypes);
  for (auto option : {SSH_BIND_OPTIONS_CIPHERS_C_S, SSH_BIND_OPTIONS_CIPHERS_S_C}) {
    set(option, kCiphers);
  }
  for (auto option : {SSH_BIND_OPTIONS_HMAC_C_S, SSH_BIND_OPTIONS_HMAC_S_C}) set(option, kMacs);
}

void Simulator::choose_slow_nodes() {
  const auto& options = world_.options;
  world_.nodes.resize(static_cast<std::size_t>(options.nodes));
  for (std::size_t i = 0; i < world_.nodes.size(); ++i) {
    world_.nodes[i].index = static_cast<int>(i);
    world_.nodes[i].slow = static_cast<double>(i) < options.slow / 100 * options.nodes;
  }
  // So many exactly, but not the first ones.
  for (auto i = world_.nodes.size(); i > 1; --i) {
    auto other = std::uniform_int_distribution<std::size_t>(0, i - 1)(world_.random);
    std::swap(world_.nodes[i - 1].slow, world_.nodes[other].slow);
  }
}

/// One socket for all addresses, that nobody outside this machine can reach: bound to "lo".
void Simulator::listen() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::setsockopt(listener_, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) != 0) {
    throw failed("cannot bind to the loopback device");
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(world_.options.port));
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, kBacklog) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw failed("cannot listen on port " + std::to_string(world_.options.port))
        .hint("it has to be free on all loopback addresses; see --port");
  }
  port_ = ntohs(address.sin_port);
  world_.loop.watch(listener_, std::make_shared<Listener>(*this));
}

void Simulator::accept_all() {
  for (;;) {
    int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      accept(fd);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno == EMFILE || errno == ENFILE) {
      // The next connection would not wake us: nothing new happens at the socket.
      world_.loop.after(std::chrono::milliseconds(50), [this] { accept_all(); });
      return;
    }
  }
}

SimulatedNode* Simulator::node_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return nullptr;
  std::size_t index = ntohl(address.sin_addr.s_addr) - first_;
  return ntohl(address.sin_addr.s_addr) >= first_ && index < world_.nodes.size()
             ? &world_.nodes[index]
             : nullptr;
}

void Simulator::accept(int fd) {
  auto* node = node_of(fd);
  if (node == nullptr) {
    ::close(fd);
    return;
  }
  ++world_.counters.accepted;
  int most = world_.options.max_startups;
  if ((most > 0 && node->startups >= most) || world_.happens(world_.options.refuse_rate)) {
    refuse(fd);
    return;
  }
  auto connection = std::make_shared<Connection>(world_, *node);
  world_.connections[connection.get()] = connection;
  connection->start(fd);
}

void Simulator::refuse(int fd) {
  ++world_.counters.refused;
  // The client sees it when a handshake and the way back have passed.
  auto late = world_.options.latency * 2;
  if (late.count() == 0) {
    ::close(fd);
  } else {
    world_.loop.after(late, [fd] { ::close(fd); });
  }
}

std::string Simulator::address(int node) const {
  in_addr address{htonl(first_ + static_cast<std::uint32_t>(node))};
  char text[INET_ADDRSTRLEN];
  ::inet_ntop(AF_INET, &address, text, sizeof text);
  return text;
}

void Simulator::write_inventory() const {
  const auto& options = world_.options;
  std::string text = "# Written by muster-simulator: these nodes are a simulation.\nhosts:\n";
  for (int i = 0; i < options.nodes; ++i) {
    text += "  - {name: sim" + std::to_string(i) + ", address: " + address(i) +
            ", port: " + std::to_string(port_) + ", user: " + options.user;
    if (!options.identity.empty()) text += ", key: \"" + options.identity + "\"";
    text += ", host_key: \"" + host_key_ + "\"}\n";
  }
  write_file(options.inventory, text);
}

std::string Simulator::report() const {
  const auto& counters = world_.counters;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto ms = [](const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; };
  std::string text = "{\"simulation\":true";
  auto add = [&](const char* name, auto value) {
    text += std::string(",\"") + name + "\":" + std::to_string(value);
  };
  add("nodes", world_.options.nodes);
  add("accepted", counters.accepted.load());
  add("authenticated", counters.authenticated.load());
  add("rejected", counters.rejected.load());
  add("refused", counters.refused.load());
  add("cut", counters.cut.load());
  add("open", counters.open.load());
  add("most_open", counters.most_open.load());
  add("execs", counters.facts + counters.scripts + counters.other_commands);
  add("facts", counters.facts.load());
  add("scripts", counters.scripts.load());
  add("other_commands", counters.other_commands.load());
  add("tasks", counters.tasks.load());
  auto logins = std::max<std::uint64_t>(counters.authenticated, 1);
  add("setup_us", counters.setup_us / logins);
  add("work_us", counters.work_us / logins);
  add("bytes_in", counters.bytes_in.load());
  add("bytes_out", counters.bytes_out.load());
  add("cpu_ms", ms(usage.ru_utime) + ms(usage.ru_stime));
  add("peak_rss_kib", usage.ru_maxrss);
  return text + "}";
}

}  // namespace muster::simulator
