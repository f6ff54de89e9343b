#include "provisioner/run/bastion_keys.h"

#include <optional>

#include "inventory/hosts.h"

namespace muster {

namespace {

/// Beside the secrets, which are kept and changed in the same way; these are none.
constexpr const char* kBastionScope = "bastions";

}  // namespace

std::string StoredBastions::key_of(const std::string& place) {
  auto key = store_.secret(kBastionScope, place);
  return key ? key->reveal() : "";
}

bool StoredBastions::put(const std::string& place, const std::string& key,
                         const std::string& before) {
  std::optional<Secret> seen;
  if (!before.empty()) seen = Secret(before);
  return store_.put_secrets(kBastionScope, {{place, Secret(key)}}, {{place, seen}});
}

BastionKeys bastion_keys(Store& store, const DeploymentRecord& record) {
  StoredBastions known(store);
  BastionKeys keys;
  for (const auto& node : record.nodes) {
    auto bastion = parse_bastion(node.endpoint.bastion);
    if (!bastion) continue;
    auto [at, fresh] = keys.try_emplace(place_of(*bastion));
    if (fresh) at->second = known.key_of(at->first);
  }
  std::erase_if(keys, [](const auto& known_key) { return known_key.second.empty(); });
  return keys;
}

}  // namespace muster
