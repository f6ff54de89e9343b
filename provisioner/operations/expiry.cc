#include "provisioner/operations/expiry.h"

#include <algorithm>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/run/lease.h"

namespace muster {

namespace {

Fate fate_of(const Result& result) {
  if (result.declined) return Fate::kept;
  if (result.run.interrupted) return Fate::interrupted;
  return result.run.good() ? Fate::destroyed : Fate::failed;
}

}  // namespace

bool has_expired(const DeploymentRecord& record, std::int64_t now_ms) {
  return record.expires_ms != 0 && record.expires_ms <= now_ms;
}

std::vector<DeploymentRecord> expired_deployments(Store& store, std::int64_t now_ms) {
  auto records = store.deployments();
  std::erase_if(records, [&](const auto& record) { return !has_expired(record, now_ms); });
  std::ranges::stable_sort(records, {}, &DeploymentRecord::expires_ms);
  return records;
}

Swept destroy_expired(const World& world, const std::string& name, RunOptions options) {
  auto still_expired = [&] {
    auto record = world.store->deployment(name);
    return record && has_expired(*record, world.clock->wall_ms());
  };
  if (!still_expired()) return {Fate::kept, ""};
  options.confirm = [&](const Plan&) { return still_expired(); };  // asked under the lock
  try {
    return {fate_of(destroy(world, name, options)), ""};
  } catch (const Error& error) {
    auto lease = held_lease(*world.store, name, world.clock->wall_ms());
    if (lease && error.exit_code() == ExitCode::locked) return {Fate::in_use, describe(*lease)};
    return {Fate::failed, error.what()};
  }
}

}  // namespace muster
