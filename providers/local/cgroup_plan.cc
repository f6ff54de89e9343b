#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "providers/local/cgroups.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr int kPeriodMicroseconds = 100'000;
constexpr const char* kSlice = "muster.slice";

std::string group_name(const std::string& id) { return "muster-" + id; }

std::string quota(double cpus) { return std::to_string(std::lround(cpus * kPeriodMicroseconds)); }

std::string bytes(int megabytes) { return std::to_string(std::int64_t{megabytes} << 20); }

CgroupPlan plan_v1(const CgroupMount& mount, const std::string& id, const CgroupLimits& limits) {
  CgroupPlan plan;
  plan.path = mount.path / group_name(id);
  plan.copy_cpuset = mount.has("cpuset");
  plan.entrance = "tasks";
  if (mount.has("cpu") && limits.cpus > 0) {
    plan.settings.emplace_back("cpu.cfs_period_us", std::to_string(kPeriodMicroseconds));
    plan.settings.emplace_back("cpu.cfs_quota_us", quota(limits.cpus));
  }
  if (mount.has("memory") && limits.memory_mb > 0) {
    plan.settings.emplace_back("memory.limit_in_bytes", bytes(limits.memory_mb));
  }
  return plan;
}

CgroupPlan plan_v2(const CgroupHost& host, const CgroupMount& mount, const std::string& id,
                   const CgroupLimits& limits) {
  CgroupPlan plan;
  plan.path = mount.path / group_name(id);
  // Beside v1 hierarchies the v2 one has no controllers and nothing to limit.
  if (!host.unified()) return plan;
  if (host.systemd) {
    plan.path = mount.path / kSlice / (group_name(id) + ".scope");
    plan.made_by_systemd = true;
    return plan;
  }
  plan.enable_controllers = true;
  if (limits.cpus > 0) {
    plan.settings.emplace_back("cpu.max",
                               quota(limits.cpus) + " " + std::to_string(kPeriodMicroseconds));
  }
  if (limits.memory_mb > 0) plan.settings.emplace_back("memory.max", bytes(limits.memory_mb));
  return plan;
}

}  // namespace

bool CgroupMount::has(std::string_view controller) const {
  return std::find(controllers.begin(), controllers.end(), controller) != controllers.end();
}

CgroupHost parse_cgroup_mounts(std::string_view proc_mounts, bool systemd) {
  CgroupHost host;
  host.systemd = systemd;
  std::istringstream lines{std::string(proc_mounts)};
  std::string source, path, type, options, rest;
  while (lines >> source >> path >> type >> options && std::getline(lines, rest)) {
    bool known = std::any_of(host.mounts.begin(), host.mounts.end(),
                             [&](const CgroupMount& mount) { return mount.path == path; });
    if (known) continue;
    if (type == "cgroup2") host.mounts.push_back({path, true, {}});
    if (type == "cgroup") host.mounts.push_back({path, false, split(options, ',')});
  }
  return host;
}

CgroupHost cgroup_host() {
  // The test of sd_booted(3).
  bool systemd = ::access("/run/systemd/system", F_OK) == 0;
  return parse_cgroup_mounts(read_file("/proc/self/mounts"), systemd);
}

std::vector<CgroupPlan> plan_cgroups(const CgroupHost& host, const std::string& id,
                                     const CgroupLimits& limits) {
  std::vector<CgroupPlan> plans;
  for (const auto& mount : host.mounts) {
    plans.push_back(mount.v2 ? plan_v2(host, mount, id, limits) : plan_v1(mount, id, limits));
  }
  return plans;
}

std::string unified_group(const CgroupHost& host, const std::string& id) {
  return host.unified() ? plan_cgroups(host, id, {}).front().path.string() : "";
}

std::vector<std::string> scope_command(const std::string& id, const CgroupLimits& limits,
                                       pid_t pid) {
  std::vector<std::string> properties{
      "PIDs", "au", "1", std::to_string(pid), "Delegate", "b", "true", "Slice", "s", kSlice};
  std::size_t count = 3;
  if (limits.cpus > 0) {
    // Microseconds of CPU time a second: ten periods.
    auto quota_per_second = std::to_string(std::lround(limits.cpus * 1'000'000));
    for (std::string word : {std::string("CPUQuotaPerSecUSec"), std::string("t"), quota_per_second})
      properties.push_back(word);
    ++count;
  }
  if (limits.memory_mb > 0) {
    for (std::string word : {std::string("MemoryMax"), std::string("t"), bytes(limits.memory_mb)})
      properties.push_back(word);
    ++count;
  }
  std::vector<std::string> argv{"busctl",
                                "call",
                                "org.freedesktop.systemd1",
                                "/org/freedesktop/systemd1",
                                "org.freedesktop.systemd1.Manager",
                                "StartTransientUnit",
                                "ssa(sv)a(sa(sv))",
                                group_name(id) + ".scope",
                                "replace",
                                std::to_string(count)};
  argv.insert(argv.end(), properties.begin(), properties.end());
  argv.push_back("0");
  return argv;
}

}  // namespace muster
