#include "provisioner/operations/definition_secrets.h"

#include <charconv>
#include <vector>

namespace muster {

namespace {

std::string value_key(const std::string& secret) { return "definition " + secret; }
std::string version_key(const std::string& secret) { return "definition version " + secret; }

int version_in(const std::optional<Secret>& kept) {
  int version = 0;
  if (kept) {
    const auto& digits = kept->reveal();
    std::from_chars(digits.data(), digits.data() + digits.size(), version);
  }
  return version;
}

}  // namespace

void take_secrets(Store& store, const Definition& definition, Cluster& cluster,
                  Diagnostics& diagnostics) {
  if (definition.secrets.empty()) return;
  std::vector<std::string> keys;
  for (const auto& [name, secret] : definition.secrets) {
    keys.push_back(value_key(name));
    keys.push_back(version_key(name));
  }
  const auto kept = store.secrets(deployment_scope(definition.name), keys);
  for (const auto& [name, secret] : definition.secrets) {
    const auto& known = kept.at(value_key(name));
    if (!secret.value && !known) {
      diagnostics.error(secret.at, secret.what + " is crossed out, and none is kept",
                        "write it; '" + definition.name + "' was never applied with it");
      continue;
    }
    auto& taken = cluster.secrets[name];
    taken.value = secret.value ? *secret.value : *known;
    taken.version = version_in(kept.at(version_key(name)));
    if (!known || known->reveal() != taken.value.reveal()) ++taken.version;
  }
}

void keep_secrets(Store& store, const Cluster& cluster) {
  Secrets kept;
  for (const auto& [name, secret] : cluster.secrets) {
    kept.emplace(value_key(name), secret.value);
    kept.emplace(version_key(name), Secret(std::to_string(secret.version)));
  }
  if (!kept.empty()) store.put_secrets(deployment_scope(cluster.name), kept);
}

}  // namespace muster
