#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "providers/inventory/claims.h"

namespace muster {

/// The claims as they were read last, with what this process has changed since. Not for several
/// threads at once.
class ClaimTable {
 public:
  /// Reads them when they may have changed; `surely`: whatever the clock says.
  void load(const Claims& claims, bool surely = false);
  bool loaded() const { return loaded_; }

  void remember(const Claim& claim);
  void forget(const std::string& place);

  /// Null when nobody has it, or nobody knows who.
  const Claim* at(const std::string& place) const;
  const Claim* of(const std::string& token) const;
  /// Of a node: more than one when a move of its claim was cut.
  std::vector<std::string> places_of(const std::string& token) const;
  const DamagedClaim* damaged_at(const std::string& place) const;
  bool is_taken(const std::string& place) const;
  const std::unordered_map<std::string, Claim>& all() const { return claims_; }

 private:
  bool loaded_ = false;
  std::string version_;
  std::unordered_map<std::string, Claim> claims_;             // by place; also those being taken
  std::unordered_multimap<std::string, std::string> places_;  // token -> place
  std::unordered_map<std::string, DamagedClaim> damaged_;     // by place
};

}  // namespace muster
