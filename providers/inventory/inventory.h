#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "providers/inventory/claim_table.h"
#include "providers/inventory/claims.h"
#include "providers/inventory/host_plan.h"
#include "providers/provider.h"

namespace muster {

/// Machines that exist already, named in a hosts file. A create claims a host, a destroy releases
/// it: nothing is installed or deleted, and what roles did is theirs to undo before. Hosts are
/// switched on and off only where their file asks for it.
class InventoryProvider : public Provider {
 public:
  /// `claims`: the folder that shows all states which host is whose. `ledger`: the claims of this
  /// state, which outlives the provider; may be null.
  explicit InventoryProvider(std::filesystem::path claims, ClaimLedger* ledger = nullptr);

  bool gives_way() const override { return true; }
  bool wipes() const override { return false; }
  bool picks_machines() const override { return true; }
  std::vector<std::string> validate(const std::string& hints) override;
  /// Remembers besides which host each node is to have: create follows that.
  std::vector<std::string> objections(const std::vector<NodeSpec>& wanted) override;
  /// Remembers the same as objections does.
  std::vector<std::optional<Endpoint>> machines(const std::vector<NodeSpec>& wanted) override;
  std::vector<MachineNote> describe(const std::vector<NodeSpec>& wanted) override;
  void prepare(const std::vector<std::string>&,
               const std::function<void(const std::string&)>&) override {}
  ProvidedNode create(const NodeSpec& spec) override;
  void destroy(const std::string& handle) override;
  std::vector<ProvidedNode> list(const std::string& tag) override;
  PresenceNote presence(const KnownNode& node) override;
  void set_power(const std::string& handle, bool on) override;

 private:
  /// The hosts that a deployment's nodes are to have, until they have claimed them.
  struct Intention {
    std::vector<WantedHost> wanted;
    std::unordered_map<std::string, std::string> places;  // by the node's name; empty: none to have
    std::set<std::string> named;                          // places that are asked for by name
  };

  /// As the file is now.
  FilePtr file(const std::string& name);
  /// With their wishes and files; what is wrong with the hints goes to `mistakes`.
  std::vector<WantedHost> read(const std::vector<NodeSpec>& wanted,
                               std::vector<std::string>& mistakes);

  Claim claim_host(const WantedHost& want);
  bool take(const Claim& claim);
  void move_claim(const Claim& from, const Claim& to);
  void hold(const Claim& claim);

  // power.cc
  std::optional<Host> described(const Claim& claim);
  std::optional<Host> host_of(const std::string& handle);
  void put_to_sleep_if_asked(const std::string& place, const std::string& token);
  /// `nodes`: those of the claims, in their order.
  void find_switched_off(const std::vector<Claim>& claims, std::vector<ProvidedNode>& nodes);

  // With mutex_ held.
  HostPlan plan(const std::vector<WantedHost>& wanted);
  void intend(const std::vector<WantedHost>& wanted, const HostPlan& plan);
  const Host* kept(const WantedHost& want);
  const Host* intended(const WantedHost& want) const;
  const Host* choose_anew(const WantedHost& want);
  void done(const NodeSpec& spec);
  Error none_for(const WantedHost& want) const;

  Claims claims_;
  std::mutex mutex_;  ///< guards what follows; not held while a host is claimed or waited for
  ClaimTable table_;
  std::map<std::string, Intention> intentions_;  // by tag
  std::map<std::string, FilePtr> files_;
};

/// $MUSTER_INVENTORY_DIR, or "inventory" beside the default state: one for all states of a user, so
/// that two states do not claim the same host.
std::filesystem::path default_inventory_root();

}  // namespace muster
