#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "providers/inventory/assignment.h"
#include "providers/inventory/claim_table.h"
#include "providers/inventory/hosts_file.h"
#include "providers/inventory/wish.h"
#include "providers/provider.h"

namespace muster {

using FilePtr = std::shared_ptr<const HostsFile>;

/// A node that is to have a host.
struct WantedHost {
  NodeSpec spec;
  HostWish wish;
  FilePtr file;
};

/// The claim that this node has on that host of its file.
Claim claim_on(const Host& host, const WantedHost& want);

/// The host that is this node's by its claim, as `file` has it now: known by its name where the
/// claim is of the same file, else by its address. Null when the file no longer has it, or when its
/// address is somebody else's by now.
const Host* host_of_claim(const Claim& claim, const HostsFile& file, const ClaimTable& claims);

/// Hosts for several nodes at once, by the claims as they are.
class HostPlan {
 public:
  /// `avoided`: places that are taken only when there are no others.
  /// `wanted` and `claims` must outlive this.
  HostPlan(const std::vector<WantedHost>& wanted, const ClaimTable& claims,
           std::set<std::string> avoided = {});

  /// In the order of `wanted`: its host, in its file; null where there is none to have.
  const std::vector<const Host*>& hosts() const { return hosts_; }
  /// Why not all have one, a line each.
  std::vector<std::string> objections() const;
  /// The places that are asked for by name.
  const std::set<std::string>& named() const { return named_; }

 private:
  void give_own();
  void give_named();
  void give_any();
  void give_any_of(const HostsFile& file, const std::vector<std::size_t>& wants);
  bool give(std::size_t number, const Host& host);
  std::map<std::string, GroupPlaces> groups_in(const HostsFile& file) const;

  void object_to_named(std::size_t number, std::vector<std::string>& objections) const;
  void object_to_any(std::vector<std::string>& objections) const;

  const std::vector<WantedHost>& wanted_;
  const ClaimTable& claims_;
  std::set<std::string> avoided_;
  std::vector<const Host*> hosts_;
  std::set<std::string> given_;  // places
  std::set<std::string> named_;
};

// Texts for those who get no host.
std::string called(const std::string& host, const std::string& place);
std::string in_use(const std::string& host, const Claim& claim);
std::string unknown_host(const std::string& host, const HostsFile& file);
/// "'hosts.yaml' has 5 hosts with zone a, 1 of them free (3 used by deployment 'a', 1 asked for by
/// name)".
std::string none_free(const HostsFile& file, const HostWish& wish, const ClaimTable& claims,
                      const std::set<std::string>& named);

}  // namespace muster
