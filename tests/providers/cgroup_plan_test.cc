#include <doctest/doctest.h>

#include "providers/local/cgroups.h"

using namespace muster;

namespace {

constexpr const char* kV1 =
    "proc /proc proc rw,nosuid 0 0\n"
    "tmpfs /sys/fs/cgroup tmpfs rw,mode=755 0 0\n"
    "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n"
    "cgroup /sys/fs/cgroup/cpuset cgroup rw,relatime,cpuset 0 0\n"
    "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n"
    "cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0\n";

constexpr const char* kV2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nsdelegate 0 0\n";

const std::string kId = "mun0123456789a";

using Settings = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("cgroups: every hierarchy is found once, and nothing else") {
  auto host = parse_cgroup_mounts(
      std::string(kV1) + "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n", true);
  REQUIRE(host.mounts.size() == 4);
  CHECK(host.mounts[0].path == "/sys/fs/cgroup/cpu,cpuacct");
  CHECK(host.mounts[0].has("cpu"));
  CHECK(host.mounts[0].has("cpuacct"));
  CHECK_FALSE(host.mounts[1].has("cpu"));
  CHECK(host.mounts[3].has("name=systemd"));
  CHECK_FALSE(host.unified());
  CHECK(parse_cgroup_mounts("proc /proc proc rw 0 0\n", false).mounts.empty());
  CHECK(parse_cgroup_mounts("cgroup /cut", false).mounts.empty());
}

TEST_CASE("cgroups: only a v2 hierarchy alone is unified") {
  CHECK(parse_cgroup_mounts(kV2, false).unified());
  CHECK_FALSE(
      parse_cgroup_mounts(
          std::string(kV1) + "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n", true)
          .unified());
  CHECK_FALSE(CgroupHost{}.unified());
}

TEST_CASE("cgroups: v1 has one group in each hierarchy, limits where they belong") {
  auto plans = plan_cgroups(parse_cgroup_mounts(kV1, true), kId, {1.5, 300});
  REQUIRE(plans.size() == 4);
  CHECK(plans[0].path == "/sys/fs/cgroup/cpu,cpuacct/muster-" + kId);
  CHECK(plans[0].settings ==
        Settings{{"cpu.cfs_period_us", "100000"}, {"cpu.cfs_quota_us", "150000"}});
  CHECK(plans[2].settings == Settings{{"memory.limit_in_bytes", "314572800"}});
  CHECK(plans[1].settings == Settings{});
  for (const auto& plan : plans) {
    CHECK(plan.copy_cpuset == (plan.path.parent_path().filename() == "cpuset"));
    CHECK(plan.entrance == "tasks");
    CHECK_FALSE(plan.made_by_systemd);
    CHECK_FALSE(plan.enable_controllers);
  }
}

TEST_CASE("cgroups: without limits nothing is set") {
  for (const char* mounts : {kV1, kV2}) {
    for (const auto& plan : plan_cgroups(parse_cgroup_mounts(mounts, false), kId, {})) {
      CHECK(plan.settings == Settings{});
    }
  }
}

TEST_CASE("cgroups: v2 without systemd is one group that takes the controllers along") {
  auto host = parse_cgroup_mounts(kV2, false);
  auto plans = plan_cgroups(host, kId, {0.5, 256});
  REQUIRE(plans.size() == 1);
  CHECK(plans[0].path == "/sys/fs/cgroup/muster-" + kId);
  CHECK(plans[0].enable_controllers);
  CHECK(plans[0].entrance == "cgroup.procs");
  CHECK(plans[0].settings == Settings{{"cpu.max", "50000 100000"}, {"memory.max", "268435456"}});
  CHECK(unified_group(host, kId) == "/sys/fs/cgroup/muster-" + kId);
}

TEST_CASE("cgroups: v2 with systemd is a scope that systemd makes") {
  auto host = parse_cgroup_mounts(kV2, true);
  auto plans = plan_cgroups(host, kId, {0.5, 256});
  REQUIRE(plans.size() == 1);
  CHECK(plans[0].path == "/sys/fs/cgroup/muster.slice/muster-" + kId + ".scope");
  CHECK(plans[0].made_by_systemd);
  CHECK_FALSE(plans[0].enable_controllers);
  CHECK(plans[0].settings == Settings{});
  CHECK(unified_group(host, kId) == plans[0].path.string());
}

TEST_CASE("cgroups: beside v1 the v2 hierarchy has a group without limits") {
  auto host = parse_cgroup_mounts(
      std::string(kV1) + "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n", true);
  auto plans = plan_cgroups(host, kId, {1, 512});
  REQUIRE(plans.size() == 5);
  CHECK(plans[4].path == "/sys/fs/cgroup/unified/muster-" + kId);
  CHECK(plans[4].entrance == "cgroup.procs");
  CHECK(plans[4].settings == Settings{});
  CHECK_FALSE(plans[4].made_by_systemd);
  CHECK_FALSE(plans[4].enable_controllers);
  CHECK(unified_group(host, kId) == "");
}

TEST_CASE("cgroups: the call that has systemd make a scope") {
  std::vector<std::string> start{"busctl",
                                 "call",
                                 "org.freedesktop.systemd1",
                                 "/org/freedesktop/systemd1",
                                 "org.freedesktop.systemd1.Manager",
                                 "StartTransientUnit",
                                 "ssa(sv)a(sa(sv))",
                                 "muster-" + kId + ".scope",
                                 "replace"};
  auto expect = [&](std::vector<std::string> rest) {
    auto all = start;
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  };
  CHECK(scope_command(kId, {}, 42) == expect({"3", "PIDs", "au", "1", "42", "Delegate", "b", "true",
                                              "Slice", "s", "muster.slice", "0"}));
  CHECK(scope_command(kId, {1.5, 512}, 42) ==
        expect({"5", "PIDs", "au", "1", "42", "Delegate", "b", "true", "Slice", "s", "muster.slice",
                "CPUQuotaPerSecUSec", "t", "1500000", "MemoryMax", "t", "536870912", "0"}));
}
