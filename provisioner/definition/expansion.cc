#include "provisioner/definition/expansion.h"

#include <algorithm>
#include <vector>

#include "provisioner/definition/role_graph.h"

namespace muster {

namespace {

std::string padded(std::size_t number, std::size_t width) {
  auto text = std::to_string(number);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

}  // namespace

std::string node_prefix(const Definition& definition, std::size_t block) {
  const auto& own = definition.nodes[block].prefix;
  return own.empty() ? definition.name + "-" + padded(block + 1, 2) : own;
}

std::string node_name(const std::string& prefix, int number) {
  return prefix + "-" + padded(static_cast<std::size_t>(number), 3);
}

std::string block_node_name(const Definition& definition, std::size_t block, int number) {
  const auto& own = definition.nodes[block];
  if (own.hosts.empty()) return node_name(node_prefix(definition, block), number);
  const auto& host = own.hosts[static_cast<std::size_t>(number) - 1];
  return own.prefix.empty() ? host : own.prefix + "-" + host;
}

bool makes_kubernetes(const Definition& definition, std::span<const Role> roles) {
  std::vector<std::string> named;
  for (const auto& block : definition.nodes) {
    named.insert(named.end(), block.roles.begin(), block.roles.end());
  }
  const auto all = with_needs(named, roles);
  return std::any_of(all.begin(), all.end(), [](const std::string& role) {
    return role == "etcd" || role.starts_with("k8s-") || role.starts_with("kube-");
  });
}

std::int64_t balancer_port(std::int64_t wanted, std::int64_t api_port) {
  constexpr std::int64_t kUsual = 7443;
  constexpr std::int64_t kOther = 6443;
  if (wanted != api_port) return wanted;
  return api_port == kUsual ? kOther : kUsual;
}

}  // namespace muster
