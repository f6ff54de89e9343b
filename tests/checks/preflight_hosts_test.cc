// What is told of several hosts together.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/checks/check_trial.h"

using namespace muster;
using testing::CheckTrial;

namespace {

struct Pair {
  CheckTrial first, second;
  HostFindings of_first{"d", "n-1", "10.0.0.1", {}};
  HostFindings of_second{"d", "n-2", "10.0.0.2", {}};

  std::string judged() {
    std::vector<Answered> nodes{{&first.needs, &first.look, &of_first},
                                {&second.needs, &second.look, &of_second}};
    judge_together(nodes);
    std::vector<std::string> lines;
    for (const auto* host : {&of_first, &of_second}) {
      for (const auto& finding : host->findings) {
        lines.push_back(host->node + " " + to_string(finding.level) + " " + finding.check + ": " +
                        finding.detail);
      }
    }
    return join(lines, "\n");
  }
};

}  // namespace

TEST_CASE("preflight: nodes that are one machine, or clones, or of different times are told") {
  CHECK(Pair().judged() == "");
  Pair same;
  same.first.look.seen.boot = same.second.look.seen.boot = "b00t net:[1]";
  CHECK(same.judged() == "n-2 error identity: it is the same machine as 'n-1'");
  Pair containers;
  containers.first.look.seen.boot = "b00t net:[1]";
  containers.second.look.seen.boot = "b00t net:[2]";
  CHECK(containers.judged() == "");
  Pair unknown;
  unknown.first.look.seen.boot = unknown.second.look.seen.boot = "b00t ";
  CHECK(unknown.judged() == "");
  Pair clones;
  for (auto* trial : {&clones.first, &clones.second}) {
    trial->look.seen.hostname = "debian";
    trial->look.seen.machine_id = "1";
    trial->look.seen.product_uuid = "2";
  }
  CHECK(clones.judged() ==
        "n-2 warning identity: it has the hostname of 'n-1'\n"
        "n-2 warning identity: it has the machine id of 'n-1'\n"
        "n-2 warning identity: it has the hardware id (product_uuid) of 'n-1'");
  Pair times;
  times.first.set_clock(0.9);
  times.second.set_clock(-0.8);
  CHECK(times.judged() == "n-1 warning clock: its clock is 1.7s ahead of that of 'n-2'");
  Pair far;
  far.first.set_clock(40);
  far.second.set_clock(-50);
  CHECK(far.judged() == "n-2 error clock: its clock is 1m30s behind that of 'n-1'");
  Pair known;
  known.second.set_clock(-600);
  known.of_second.findings = known.second.found();
  known.judged();
  CHECK(std::ranges::count(known.of_second.findings, "clock", &Finding::check) == 1);
  Pair mtus;
  mtus.first.look.seen.mtu = 9000;
  CHECK(mtus.judged() ==
        "n-2 warning mtu: eth0 takes packets of 1500 bytes, that of 'n-1' of 9000");
}

TEST_CASE("preflight: when all hosts are of one other time, it is this machine's clock") {
  Pair pair;
  pair.first.set_clock(3600);
  pair.second.set_clock(3600.3);
  pair.of_first.findings = pair.first.found();
  pair.of_second.findings = pair.second.found();
  pair.judged();
  for (const auto* host : {&pair.of_first, &pair.of_second}) {
    auto clock = std::ranges::find(host->findings, "clock", &Finding::check);
    REQUIRE(clock != host->findings.end());
    CHECK(clock->level == Level::error);
    CHECK(clock->remedy == "all hosts agree: set this machine's clock");
  }
}
