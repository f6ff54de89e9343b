// Kills muster (-9) at many instants of apply, rollback and destroy, and holds what the provider
// has against the record each time. Usage: fault_kills light|full|hosts INSTANTS SEED WORK, run by
// kills.sh; with 0 instants it tries every line that the runs say, and half as many instants
// between lines.
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "tests/fault/harness.h"

using namespace muster;
using namespace muster::testing;
namespace fs = std::filesystem;

namespace {

const std::string kSource = MUSTER_SOURCE_DIR;
const std::string kHere = kSource + "/tests/fault/";

std::vector<Phase> light_phases() {
  auto light = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"--roles", kHere + "roles"});
    return words;
  };
  const auto first = kHere + "light.json";
  const auto changed = kHere + "light-changed.json";
  return {{"apply", light({"apply", first}), light({"plan", first})},
          {"apply of a change", light({"apply", changed}), light({"plan", changed})},
          {"rollback", light({"rollback", "light", "--to", "1", "--yes"}), light({"plan", first})},
          {"destroy", light({"destroy", "light", "--yes"}), {}}};
}

std::vector<Phase> full_phases() {
  const auto file = kSource + "/examples/quickstart.json";
  return {{"apply", {"apply", file}, {"plan", file}},
          {"destroy", {"destroy", "quickstart", "--yes"}, {}}};
}

/// Of existing hosts, which kills.sh has made below `work`.
std::vector<Phase> hosts_phases(const fs::path& work) {
  auto with_roles = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"--roles", kHere + "hosts-roles"});
    return words;
  };
  auto define = [&](const std::string& name, const std::string& hosts) {
    const auto file = work / name;
    write_file(file,
               R"({"name": "hosts", "provider": {"name": "inventory", "hints": {"file": ")" +
                   (work / "hosts/hosts.yaml").string() +
                   R"("}}, "nodes": [{"roles": ["upper"], "hosts": [)" + hosts + "]}]}\n",
               0644);
    return file.string();
  };
  const auto first = define("hosts.json", R"("one", "two", "three")");
  const auto changed = define("hosts-changed.json", R"("two", "four")");
  return {{"apply", with_roles({"apply", first}), with_roles({"plan", first})},
          {"apply of a change", with_roles({"apply", changed}), with_roles({"plan", changed})},
          {"rollback", with_roles({"rollback", "hosts", "--to", "1", "--yes"}),
           with_roles({"plan", first})},
          {"destroy", with_roles({"destroy", "hosts", "--yes"}), {}}};
}

std::vector<Phase> phases_of(const std::string& kind, const fs::path& work) {
  if (kind == "hosts") return hosts_phases(work);
  return kind == "light" ? light_phases() : full_phases();
}

/// Every third is a chain: resumed, and killed again before long.
std::vector<Instant> some_instants(Phase& phase, bool chain, std::mt19937& random) {
  std::vector<Instant> instants{phase.next(random)};
  while (chain && instants.size() < 3) {
    auto early = phase.anywhere(random);
    instants.push_back({early.line / 4, early.ms / 4});
  }
  return instants;
}

/// From nothing to nothing, through all phases.
void cycle(Harness& harness, std::vector<Phase>& phases, bool chain, std::mt19937& random) {
  for (auto& phase : phases) {
    harness.carry_out(phase, some_instants(phase, chain, random));
    if (!phase.plan_command().empty()) harness.expect_planned_state(phase);
  }
  harness.expect_nothing();
  // The next one makes its state anew.
  fs::remove_all(std::getenv("MUSTER_STATE"));
}

int run(const std::string& kind, int instants, unsigned seed, const fs::path& work) {
  auto phases = phases_of(kind, work);
  Harness harness(kind == "full" ? "quickstart" : kind, work / "runs.log");
  std::mt19937 random(seed);
  const HostFolders hosts(work / "hosts");
  if (kind == "hosts") harness.use(hosts);
  for (auto& phase : phases) phase.choose_instants(harness.carry_out(phase, {}), random);
  if (kind == "hosts") hosts.give_luck(seed);
  const auto& counts = harness.counts();
  auto enough = [&] {
    return instants > 0 ? counts.instants >= instants
                        : std::ranges::all_of(phases, &Phase::exhausted);
  };
  for (int i = 0; !enough(); ++i) {
    cycle(harness, phases, i % 3 == 2, random);
    std::cerr << kind << ": " << counts.instants << " instants so far" << std::endl;
  }
  std::cout << "instants tried " << counts.instants << ", leaks " << counts.leaks << ", lost "
            << counts.lost << std::endl;
  return counts.leaks + counts.lost + counts.failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: fault_kills light|full|hosts INSTANTS SEED WORK\n";
    return 2;
  }
  try {
    return run(argv[1], std::atoi(argv[2]), static_cast<unsigned>(std::atoi(argv[3])), argv[4]);
  } catch (const std::exception& error) {
    std::cout << "FAIL " << argv[1] << ": " << error.what() << std::endl;
    return 1;
  }
}
