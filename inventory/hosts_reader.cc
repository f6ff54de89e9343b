#include "inventory/hosts_reader.h"

#include <unistd.h>

#include <algorithm>
#include <limits>

#include "inventory/address.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

namespace fs = std::filesystem;
using Kind = Value::Kind;

/// A file of garbage has a mistake on each line; nobody reads more than this.
constexpr std::size_t kMostReports = 100;
constexpr const char* kExample = "e.g. \"hosts: [{name: web-1, address: 10.0.0.11}]\"";

const std::vector<std::string>& host_keys() {
  static const std::vector<std::string> keys{"name", "address", "port",     "user",
                                             "key",  "bastion", "host_key", "labels",
                                             "zone", "rack",    "capacity", "cluster_address",
                                             "arch", "bmc"};
  return keys;
}

/// "user@host" or "user@host:port", an IPv6 address in brackets; with its port, or nothing.
std::optional<std::string> full_bastion(const std::string& text) {
  auto bastion = parse_bastion(text);
  auto at = text.rfind('@');
  if (!bastion || at == std::string::npos || check_login(bastion->user)) return std::nullopt;
  if (!is_address(bastion->address)) return std::nullopt;
  auto host = bracketed(bastion->address);
  if (text.compare(at + 1, host.size(), host) != 0) return std::nullopt;  // without its brackets
  return bastion->user + "@" + host + ":" + std::to_string(bastion->port);
}

}  // namespace

std::string SeenHosts::before(Places& seen, const std::string& text, const std::string& file,
                              Position at) {
  auto [first, fresh] = seen.try_emplace(text, Place{file, at});
  if (fresh) return "";
  const auto& known = first->second;
  return (known.file == file ? "" : known.file + ":") + std::to_string(known.at.line) + ":" +
         std::to_string(known.at.column);
}

std::string SeenHosts::inside_before(const std::string& address, bool told, const std::string& file,
                                     Position at) {
  auto known = told_inside_.find(address);
  if (!told && known == told_inside_.end()) {
    inside_.try_emplace(address, Place{file, at});
    return "";
  }
  if (auto other = inside_.find(address); told && other != inside_.end()) {
    return before(inside_, address, file, at);
  }
  return before(told_inside_, address, file, at);
}

HostsReader::HostsReader(const fs::path& file, SeenHosts& seen, Diagnostics& diagnostics)
    : file_(file.string()),
      folder_(fs::absolute(file).parent_path()),
      seen_(seen),
      diagnostics_(diagnostics) {}

std::vector<Host> HostsReader::read(const Value& root) {
  const Value* list = root.is_object() ? root.find("hosts") : nullptr;
  if (!root.is_object()) {
    error(root.at, "a hosts file is an object, not " + describe(root.kind), kExample);
  } else if (list == nullptr) {
    error(root.at, "the file has no \"hosts\"", kExample);
  }
  if (root.is_object()) check_keys(root, "a hosts file", {"hosts"});
  if (list == nullptr) return {};
  if (!list->is_list()) {
    error(list->at, "'hosts' must be a list, not " + describe(list->kind), kExample);
    return {};
  }
  hosts_.reserve(list->items.size());
  for (const auto& item : list->items) read_host(item);
  return std::move(hosts_);
}

void HostsReader::read_host(const Value& item) {
  if (!item.is_object()) {
    error(item.at, "a host must be an object, not " + describe(item.kind), kExample);
    return;
  }
  check_keys(item, "a host", host_keys());
  Host host;
  host.file = file_;
  read_name(item, host);
  read_address(item, host.endpoint);
  read_login(item, host.endpoint);
  read_labels(item, host);
  read_location(item, host);
  read_capacity(item, host.capacity);
  read_architecture(item, host);
  read_bmc(item, host);
  if (!host.name.empty() && !host.endpoint.address.empty()) hosts_.push_back(std::move(host));
}

void HostsReader::read_name(const Value& item, Host& host) {
  const auto* name = required(item, "name");
  if (name == nullptr) return;
  if (problem(check_label(name->text), name->at, "the host name " + shown(name->text))) return;
  auto before = seen_.name_before(name->text, file_, name->at);
  if (before.empty()) {
    host.name = name->text;
  } else {
    error(name->at, "the host name '" + name->text + "' comes twice",
          "the first one is at " + before);
  }
}

void HostsReader::read_address(const Value& item, Endpoint& endpoint) {
  if (const auto* port = get(item, "port", Kind::integer)) {
    if (port->integer < 1 || port->integer > 65535) {
      error(port->at, "'port' is " + std::to_string(port->integer) + ", outside 1 to 65535");
    } else {
      endpoint.port = static_cast<int>(port->integer);
    }
  }
  const auto* address = required(item, "address");
  if (address == nullptr) return;
  if (!is_address(address->text)) {
    error(address->at, shown(address->text) + " is no address",
          "it is an IPv4 or IPv6 address or the name of a machine; its port goes in 'port', its "
          "user in 'user'");
    return;
  }
  endpoint.address = address->text;
  read_cluster_address(item, endpoint);
  auto place = place_of(endpoint);
  auto before = seen_.place_before(place, file_, address->at);
  if (before.empty()) return;
  error(address->at, "the address " + place + " comes twice", "the first one is at " + before);
  endpoint.address.clear();
}

void HostsReader::read_cluster_address(const Value& item, Endpoint& endpoint) {
  constexpr const char* kWhat = "it is where the cluster's other nodes find the host";
  const auto* told = get(item, "cluster_address", Kind::string);
  if (told != nullptr) {
    endpoint.cluster_address = told->text;
    if (!is_ip_address(told->text)) {
      return error(told->at, shown(told->text) + " is no IP address", kWhat);
    }
    if (auto fault = address_fault(told->text); !fault.empty()) {
      return error(told->at, "the cluster_address " + told->text + " " + fault, kWhat);
    }
  }
  const auto& at = told != nullptr ? told->at : item.find("address")->at;
  const auto inside = short_address(endpoint.in_cluster());
  auto before = seen_.inside_before(inside, told != nullptr, file_, at);
  if (before.empty()) return;
  error(at, "other nodes find another host at " + inside + " already, the one at " + before,
        "give each host a cluster_address of its own");
}

void HostsReader::read_login(const Value& item, Endpoint& endpoint) {
  if (const auto* user = get(item, "user", Kind::string)) {
    problem(check_login(user->text), user->at, "the user " + shown(user->text));
    endpoint.user = user->text;
  }
  endpoint.identity = kUserIdentity;
  if (const auto* key = get(item, "key", Kind::string)) endpoint.identity = key_file(*key);
  if (const auto* key = get(item, "host_key", Kind::string)) read_host_key(*key, endpoint);
  if (const auto* bastion = get(item, "bastion", Kind::string)) {
    auto full = full_bastion(bastion->text);
    if (!full) {
      error(bastion->at, shown(bastion->text) + " is no bastion",
            "write user@host or user@host:port");
    }
    endpoint.bastion = full.value_or("");
  }
}

void HostsReader::read_host_key(const Value& key, Endpoint& endpoint) {
  if (auto fingerprint = parse_fingerprint(key.text)) {
    endpoint.host_key = *fingerprint;
  } else if (key.text.find("SHA256:") != std::string::npos ||
             key.text.find("MD5:") != std::string::npos) {
    error(key.at, "the host key " + shown(key.text) + " is no fingerprint",
          "it is SHA256: and 43 characters; see it on the host: ssh-keygen -lf "
          "/etc/ssh/ssh_host_ed25519_key.pub");
  } else {
    problem(check_public_key(key.text), key.at, "the host key");
    endpoint.host_key = key.text;
  }
}

std::string HostsReader::key_file(const Value& key) {
  auto [known, fresh] = keys_.try_emplace(key.text);
  if (!fresh) return known->second;
  const auto path = path_of(key.text);
  std::error_code failure;
  if (!fs::is_regular_file(path, failure) || ::access(path.c_str(), R_OK) != 0) {
    error(key.at, "the private key '" + path.string() + "' is no file that can be read",
          "a relative path is looked for beside the hosts file");
  }
  return known->second = path.string();
}

void HostsReader::read_labels(const Value& item, Host& host) {
  const auto* labels = get(item, "labels", Kind::object);
  if (labels == nullptr) return;
  for (const auto& [key, at, value] : labels->members) {
    if (!value.is_string()) {
      error(value.at, "the label " + shown(key) + " must be a string, not " + describe(value.kind),
            value.text.empty() ? "" : "put it in quotes: \"" + value.text + "\"");
      continue;
    }
    problem(check_node_label(key, value.text), at, "the label " + shown(key));
    host.labels[key] = value.text;
  }
}

/// Zone and rack are labels as well, whichever of the two the file has.
void HostsReader::read_location(const Value& item, Host& host) {
  host.zone = label_value(item, "zone");
  host.rack = label_value(item, "rack");
  auto join = [&](std::string& value, const char* key, const char* label) {
    auto [known, fresh] = host.labels.try_emplace(label, value);
    if (fresh && value.empty()) host.labels.erase(known);
    if (fresh) return;
    if (value.empty()) value = known->second;
    if (value == known->second) return;
    error(item.find(key)->at,
          "'" + std::string(key) + "' is '" + value + "', and the label '" + label + "' says '" +
              known->second + "'",
          "one of them is enough");
  };
  join(host.zone, "zone", kZoneLabel);
  join(host.rack, "rack", kRackLabel);
}

std::string HostsReader::label_value(const Value& item, const std::string& key) {
  const auto* value = get(item, key, Kind::string);
  if (value == nullptr) return "";
  if (value->text.empty()) error(value->at, "'" + key + "' is empty", "leave it out");
  problem(check_node_label(key, value->text), value->at, "'" + key + "'");
  return value->text;
}

void HostsReader::read_capacity(const Value& item, Capacity& capacity) {
  const auto* told = get(item, "capacity", Kind::object);
  if (told == nullptr) return;
  check_keys(*told, "a capacity", {"cpus", "memory_mb", "disk_gb"});
  auto take = [&](const char* key, auto& into) {
    const auto* found = told->find(key);
    // Half a processor is one, half a MiB is a mistake.
    bool whole = std::numeric_limits<std::decay_t<decltype(into)>>::is_integer;
    if (found != nullptr && !whole && found->kind == Kind::number) {
      if (found->number > 0) into = static_cast<std::decay_t<decltype(into)>>(found->number);
    } else {
      found = get(*told, key, Kind::integer);
      if (found != nullptr) into = static_cast<std::decay_t<decltype(into)>>(found->integer);
    }
    if (found != nullptr && found->number <= 0) {
      error(found->at, "'" + std::string(key) + "' must be more than 0");
      into = 0;
    }
  };
  take("cpus", capacity.cpus);
  take("memory_mb", capacity.memory_mb);
  take("disk_gb", capacity.disk_gb);
}

void HostsReader::read_architecture(const Value& item, Host& host) {
  const auto* arch = get(item, "arch", Kind::string);
  if (arch == nullptr) return;
  host.architecture = arch->text;
  if (arch->text == "amd64" || arch->text == "arm64") return;
  error(arch->at, "the architecture " + shown(arch->text) + " is not one that muster installs on",
        "it is amd64 (x86_64) or arm64 (aarch64)");
}

void HostsReader::check_keys(const Value& object, const std::string& what,
                             const std::vector<std::string>& known) {
  for (const auto& member : object.members) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    auto near = nearest(member.key, known);
    error(member.at, what + " has no " + shown(member.key),
          near ? "did you mean '" + *near + "'?" : "it has " + muster::join(known, ", "));
  }
}

const Value* HostsReader::get(const Value& object, const std::string& key, Kind kind) {
  const auto* found = object.find(key);
  if (found == nullptr || found->kind == kind) return found;
  bool number = found->kind == Kind::integer || found->kind == Kind::number;
  error(found->at, "'" + key + "' must be " + describe(kind) + ", not " + describe(found->kind),
        number && kind == Kind::string ? "put it in quotes: \"" + found->text + "\"" : "");
  return nullptr;
}

const Value* HostsReader::required(const Value& host, const std::string& key) {
  if (host.find(key) == nullptr) error(host.at, "this host has no \"" + key + "\"", kExample);
  return get(host, key, Kind::string);
}

bool HostsReader::problem(const NameProblem& problem, Position at, const std::string& what) {
  if (problem) error(at, what + " " + problem.message, problem.hint);
  return static_cast<bool>(problem);
}

void HostsReader::error(Position at, std::string message, std::string hint) {
  if (++reported_ <= kMostReports) {
    diagnostics_.error(at, std::move(message), std::move(hint));
  } else if (reported_ == kMostReports + 1) {
    diagnostics_.error(
        {}, "more than " + std::to_string(kMostReports) + " mistakes: the others are not shown");
  }
}

}  // namespace muster
