// What the provider does with the power of its hosts.
#include <set>

#include "providers/inventory/host_power.h"
#include "providers/inventory/inventory.h"
#include "provisioner/base/error.h"

namespace muster {

/// As its file describes it now; nothing when that no longer has it.
std::optional<Host> InventoryProvider::described(const Claim& claim) {
  if (claim.source.empty()) return std::nullopt;
  const auto found = file(claim.source);
  std::lock_guard lock(mutex_);
  const auto* host = host_of_claim(claim, *found, table_);
  return host == nullptr ? std::nullopt : std::optional(*host);
}

std::optional<Host> InventoryProvider::host_of(const std::string& handle) {
  const auto slash = handle.rfind('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto claim = claims_.find(handle.substr(0, slash));
  if (!claim || claim->token != handle.substr(slash + 1)) return std::nullopt;
  return described(*claim);
}

void InventoryProvider::put_to_sleep_if_asked(const std::string& place, const std::string& token) {
  std::optional<Host> host;
  try {
    host = host_of(place + "/" + token);
  } catch (const Error&) {  // a damaged claim: whose it is, nobody knows
    return;
  }
  if (!host || !host->bmc || !host->bmc->release_off) return;
  try {
    put_to_sleep(*host);
  } catch (Error& error) {
    error.hint("to release the host as it is, take 'release: off' out of '" + host->file + "'");
    throw;
  }
}

void InventoryProvider::set_power(const std::string& handle, bool on) {
  const auto host = host_of(handle);
  if (!host) throw Error("no hosts file has the host of '" + handle + "'");
  if (!host->bmc) {
    throw Error("host '" + host->name + "' has no 'bmc' in '" + host->file + "'")
        .hint("docs/power.md says what to write there");
  }
  if (on) {
    wake(*host);
  } else {
    pull_plug(*host);
  }
}

void InventoryProvider::find_switched_off(const std::vector<Claim>& claims,
                                          std::vector<ProvidedNode>& nodes) {
  std::vector<std::optional<Host>> hosts;
  std::vector<const Host*> pointers;
  for (const auto& claim : claims) hosts.push_back(described(claim));
  for (const auto& host : hosts) pointers.push_back(host ? &*host : nullptr);
  const auto off = switched_off(pointers);
  for (std::size_t i = 0; i < off.size(); ++i) nodes[i].running = !off[i];
}

}  // namespace muster
