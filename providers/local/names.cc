#include "providers/local/names.h"

#include <algorithm>
#include <string_view>

#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr std::string_view kNode = "mun";
constexpr std::string_view kBridge = "mub";
// With the prefix and a cable's "h" that makes 15 characters, the most an interface may have.
constexpr std::size_t kRootDigits = 3;
constexpr std::size_t kOwnDigits = 8;

std::string name_of(std::string_view prefix, const std::string& root, const std::string& own) {
  return std::string(prefix) + fingerprint(root).substr(0, kRootDigits) +
         fingerprint(own).substr(0, kOwnDigits);
}

}  // namespace

std::string local_node_id(const std::string& root, const std::string& token) {
  return name_of(kNode, root, token);
}

bool is_local_node_id(const std::string& text) {
  return text.size() == kNode.size() + kRootDigits + kOwnDigits && text.starts_with(kNode) &&
         text.find_first_not_of("0123456789abcdef", kNode.size()) == std::string::npos;
}

std::string local_cable(const std::string& id) { return id + "h"; }

std::string local_machine_id(const std::string& id) {
  return fingerprint(id + " machine") + fingerprint("machine " + id);
}

std::string local_mac(const std::string& owner) {
  auto digits = fingerprint(owner + " mac");
  std::string mac = "02";
  for (std::size_t i = 0; i < 10; i += 2) mac += ":" + digits.substr(i, 2);
  return mac;
}

LocalOwner local_owner(const std::string& root, const NodeSpec& spec) {
  return {root, spec.tag.substr(0, spec.tag.find('/')), spec.tenant};
}

std::string local_bridge(const LocalOwner& owner, int attempt) {
  return name_of(
      kBridge, owner.root,
      owner.state + "\n" + owner.tenant + (attempt == 0 ? "" : "\n" + std::to_string(attempt)));
}

std::string bridge_of(const LocalOwner& owner, std::span<const LocalNetwork> networks,
                      const std::function<bool(const std::string&)>& is_there) {
  for (const auto& network : networks) {
    bool state = network.state == owner.state ||
                 (network.state.empty() && network.bridge == local_bridge(owner));
    if (state && network.tenant == owner.tenant) return network.bridge;
  }
  for (int attempt = 0;; ++attempt) {
    auto bridge = local_bridge(owner, attempt);
    bool taken = std::ranges::any_of(
        networks, [&](const LocalNetwork& network) { return network.bridge == bridge; });
    // Without a record in this folder it is the network of another folder's tenant.
    if (!taken && !is_there(bridge)) return bridge;
  }
}

std::string local_table(const std::string& bridge) { return "muster_" + bridge; }

}  // namespace muster
