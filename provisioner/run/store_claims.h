#pragma once

#include <functional>
#include <utility>

#include "inventory/host_claim.h"
#include "provisioner/state/store.h"

namespace muster {

/// The claims of a state as its providers see them; there may be no state until the first claim.
class StoreClaims : public ClaimLedger {
 public:
  /// The state; null when there is none yet, and `make` is false.
  using Open = std::function<Store*(bool make)>;

  explicit StoreClaims(Open open) : open_(std::move(open)) {}

  std::string tag_prefix() override {
    auto* store = open_(false);
    return store == nullptr ? "/" : store->id() + "/";  // no tag begins so
  }
  std::string version() override {
    auto* store = open_(false);
    return store == nullptr ? "" : store->host_claims_version();
  }
  std::vector<HostClaim> all() override {
    auto* store = open_(false);
    return store == nullptr ? std::vector<HostClaim>{} : store->host_claims();
  }
  std::optional<HostClaim> find(const std::string& place) override {
    auto* store = open_(false);
    return store == nullptr ? std::nullopt : store->host_claim(place);
  }
  Put put(const HostClaim& claim) override { return open_(true)->put_host_claim(claim); }
  void remove(const HostClaim& claim) override { open_(true)->remove_host_claim(claim); }

 private:
  Open open_;
};

}  // namespace muster
