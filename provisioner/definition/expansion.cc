#include "provisioner/definition/expansion.h"

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

std::int64_t balancer_port(std::int64_t wanted, std::int64_t api_port) {
  constexpr std::int64_t kUsual = 7443;
  constexpr std::int64_t kOther = 6443;
  if (wanted != api_port) return wanted;
  return api_port == kUsual ? kOther : kUsual;
}

}  // namespace muster
