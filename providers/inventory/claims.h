#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "inventory/host_claim.h"

namespace muster {

/// Who uses a host that exists already.
struct Claim {
  std::string place;  ///< place_of its endpoint, "10.0.0.5:22"
  std::string host;   ///< its name in the hosts file
  std::string address;
  int port = 22;
  std::string tag;    ///< of the deployment, see NodeSpec
  std::string token;  ///< of the node
  std::string node;
  std::string deployment;
  /// The hosts file or folder, an absolute path; empty in claims of earlier versions. Only a host
  /// of the same one is known by its name when its address is another one.
  std::string source = {};
  std::map<std::string, std::string> labels = {};  ///< of the host, as the node has them

  bool operator==(const Claim&) const = default;
};

/// A claim that cannot be understood: its host is somebody's, nobody knows whose.
struct DamagedClaim {
  std::string place;  ///< by the name of its file
  std::string file;

  /// What to say where the claim matters.
  std::string message() const;
  std::string hint() const;
};

struct ClaimList {
  std::vector<Claim> claims;  ///< by their places
  std::vector<DamagedClaim> damaged;
};

/// The claims on hosts, safe from several processes at once, and durable when a call returns. Those
/// of a state are rows of its ledger, for whoever uses it; a file for each host in a folder (its
/// link) shows it to all states that use the folder.
class Claims {
 public:
  /// Without a ledger the links are all that there is.
  explicit Claims(std::filesystem::path folder, ClaimLedger* ledger = nullptr);

  ClaimList all() const;
  /// Throws Error, which names the file, when it cannot be understood.
  std::optional<Claim> find(const std::string& place) const;
  /// False when the place is claimed already, by whomever.
  bool take(const Claim& claim) const;
  /// Writes what has changed of a claim. False when it is not this node's (any more): then it stays
  /// as it is.
  bool renew(const Claim& claim) const;
  /// Fine when there is no such claim, or the place is another node's by now.
  void release(const std::string& place, const std::string& token) const;
  /// Differs whenever a claim was made, renewed or released, but for links that change within one
  /// tick of the clock.
  std::string version() const;

 private:
  std::filesystem::path file_of(const std::string& place) const;
  HostClaim row_of(const Claim& claim) const;
  /// Whether a link without a row is one, not what another user could not remove.
  bool adopt(const Claim& claim) const;
  bool link(const Claim& claim) const;

  std::filesystem::path folder_;
  ClaimLedger* ledger_;
};

}  // namespace muster
