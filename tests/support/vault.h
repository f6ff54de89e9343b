#pragma once

#include <string>
#include <vector>

#include "provisioner/pki/pki.h"

namespace muster {

/// A vault in memory, that one thread uses.
class MemoryVault : public Vault {
 public:
  using Vault::get;
  SecretsSeen get(const std::vector<std::string>& keys) override {
    SecretsSeen seen;
    for (const auto& key : keys) {
      auto found = values.find(key);
      seen[key] = found == values.end() ? std::nullopt : std::optional(found->second);
    }
    return seen;
  }
  bool put(const Secrets& made, const SecretsSeen&) override {
    for (const auto& [key, value] : made) values[key] = value;
    return true;
  }
  void put(const std::string& key, const Secret& value) { values[key] = value; }

  Secrets values;
};

}  // namespace muster
