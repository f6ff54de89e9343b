#pragma once

#include "inventory/ssh_route.h"
#include "provisioner/ssh/bastion.h"
#include "provisioner/state/store.h"

namespace muster {

/// The host keys of bastions that a state remembers. One bastion has one key for all deployments.
class StoredBastions : public KnownBastions {
 public:
  /// `store` outlives it.
  explicit StoredBastions(Store& store) : store_(store) {}
  std::string key_of(const std::string& place) override;
  bool put(const std::string& place, const std::string& key, const std::string& before) override;

 private:
  Store& store_;
};

/// Of the bastions that the deployment's nodes are behind.
BastionKeys bastion_keys(Store& store, const DeploymentRecord& record);

}  // namespace muster
