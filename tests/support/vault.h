#pragma once

#include <map>
#include <optional>
#include <string>

#include "provisioner/pki/pki.h"

namespace muster {

/// A vault in memory.
class MemoryVault : public Vault {
 public:
  std::optional<Secret> get(const std::string& key) override {
    auto found = values.find(key);
    if (found == values.end()) return std::nullopt;
    return found->second;
  }
  void put(const std::string& key, const Secret& value) override { values[key] = value; }

  std::map<std::string, Secret> values;
};

}  // namespace muster
