#include "inventory/ssh_route.h"

#include <optional>
#include <set>
#include <string_view>

#include "inventory/hosts.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

/// '%' begins what ssh puts in.
std::string without_tokens(const std::string& text) {
  std::string escaped;
  for (char c : text) escaped += c == '%' ? "%%" : std::string(1, c);
  return escaped;
}

/// A path as an option of ssh has it.
std::string ssh_path(const std::string& path) {
  auto text = without_tokens(path);
  return text.find_first_of(" \t") == std::string::npos ? text : "\"" + text + "\"";
}

std::string shell_words(const std::vector<std::string>& words) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
      "0123456789-_=./:@,+";
  std::vector<std::string> all;
  for (const auto& word : words) {
    bool plain = !word.empty() && word.find_first_not_of(kPlain) == std::string::npos;
    all.push_back(plain ? word : shell_quote(word));
  }
  return join(all, " ");
}

std::string key_path(const Endpoint& endpoint, const SshFiles& files) {
  if (endpoint.identity == kUserIdentity) return "";
  return endpoint.identity.empty() ? files.key : endpoint.identity;
}

/// What connects through the bastion. ProxyJump would take neither the key along nor the check.
std::string proxy_command(const Endpoint& endpoint, const SshFiles& files,
                          const BastionKeys& bastions) {
  auto bastion = parse_bastion(endpoint.bastion);
  if (!bastion) return "";
  std::vector<std::string> words{"ssh", "-p", std::to_string(bastion->port), "-l", bastion->user};
  auto add = [&](const std::string& option) { words.insert(words.end(), {"-o", option}); };
  if (auto key = key_path(endpoint, files); !key.empty()) {
    add("IdentityFile=" + ssh_path(key));
    add("IdentitiesOnly=yes");
  }
  const bool seen = bastions.contains(place_of(*bastion));
  const auto& keys = seen ? files.known_hosts : files.bastions;
  add(std::string("StrictHostKeyChecking=") + (seen ? "yes" : "accept-new"));
  // What the user's own ssh knows counts too, as it does for muster.
  if (!keys.empty()) add("UserKnownHostsFile=" + ssh_path(keys) + " ~/.ssh/known_hosts");
  return without_tokens(shell_words(words)) + " -W '[%h]:%p' " +
         without_tokens(shell_words({bastion->address}));
}

}  // namespace

std::string known_host(const Endpoint& endpoint) {
  if (endpoint.port == 22) return endpoint.address;
  return "[" + endpoint.address + "]:" + std::to_string(endpoint.port);
}

SshRoute ssh_route(const NodeRecord& node, const SshFiles& files, const BastionKeys& bastions) {
  const auto& endpoint = node.endpoint;
  SshRoute route{endpoint.address, endpoint.port, endpoint.user, key_path(endpoint, files), {}};
  auto add = [&](const char* name, std::string value) {
    route.options.push_back({name, std::move(value)});
  };
  // Without a key of the host on record, the user's own known_hosts have the say.
  if (!endpoint.host_key.empty() || endpoint.identity.empty()) {
    add("UserKnownHostsFile", ssh_path(files.known_hosts));
    add("HostKeyAlias", node.name);
    add("StrictHostKeyChecking", "yes");
  }
  if (endpoint.identity != kUserIdentity) add("IdentitiesOnly", "yes");
  if (!endpoint.bastion.empty()) add("ProxyCommand", proxy_command(endpoint, files, bastions));
  return route;
}

std::vector<std::string> ssh_command(const SshRoute& route) {
  std::vector<std::string> words{"ssh", "-p", std::to_string(route.port), "-l", route.user};
  auto add = [&](const std::string& option) { words.insert(words.end(), {"-o", option}); };
  add("LogLevel=ERROR");
  if (!route.key.empty()) add("IdentityFile=" + ssh_path(route.key));
  for (const auto& option : route.options) add(option.name + "=" + option.value);
  words.push_back(route.address);
  return words;
}

std::string host_keys_text(const DeploymentRecord& record, const BastionKeys& bastions) {
  std::string text;
  for (const auto& node : record.nodes) {
    if (node.endpoint.has_key()) text += node.name + " " + node.endpoint.host_key + "\n";
  }
  return text + bastion_keys_text(record, bastions);
}

std::string bastion_keys_text(const DeploymentRecord& record, const BastionKeys& bastions) {
  std::set<std::string> lines;
  for (const auto& node : record.nodes) {
    auto bastion = parse_bastion(node.endpoint.bastion);
    if (!bastion) continue;
    auto known = bastions.find(place_of(*bastion));
    if (known != bastions.end()) lines.insert(known_host(*bastion) + " " + known->second + "\n");
  }
  std::string text;
  for (const auto& line : lines) text += line;
  return text;
}

}  // namespace muster
