// How the time of a plan grows with the nodes: Google Benchmark's Complexity() says by what law.
// tests/bench/plan_scale.sh runs it, and the whole command beside it.
#include <benchmark/benchmark.h>

#include "provisioner/plan/plan.h"
#include "tests/bench/big_cluster.h"

namespace muster::bench {

namespace {

constexpr int kFewest = 100;
constexpr int kMost = 10'000;

const std::vector<Role>& built_in_roles() {
  static const auto kRoles = load_roles({});
  return kRoles;
}

std::vector<Role> one_role() {
  Role role;
  role.name = "files";
  role.fingerprint = "files of the role";
  return {role};
}

/// All that `muster plan` does with a definition but reading the state.
Plan plan_all(const std::string& definition, const DeploymentRecord* record) {
  auto cluster = expand_text(definition, built_in_roles());
  if (record != nullptr) keep_pod_cidrs(cluster, *record);
  auto plan = plan_apply(cluster, built_in_roles(), record);
  benchmark::DoNotOptimize(find_cycle(plan));
  benchmark::DoNotOptimize(plan_text(plan));
  return plan;
}

void measure(benchmark::State& state, int nodes, const DeploymentRecord* record) {
  const auto definition = big_definition(nodes);
  std::size_t steps = 0;
  for (auto run : state) steps = plan_all(definition, record).steps.size();
  state.counters["steps"] = static_cast<double>(steps);
  state.SetComplexityN(state.range(0));
}

DeploymentRecord big_record(int nodes) {
  return record_of(expand_text(big_definition(nodes), built_in_roles()), built_in_roles());
}

void new_deployment(benchmark::State& state) {
  measure(state, static_cast<int>(state.range(0)), nullptr);
}

void nothing_to_do(benchmark::State& state) {
  auto nodes = static_cast<int>(state.range(0));
  auto record = big_record(nodes);
  measure(state, nodes, &record);
}

void one_node_more(benchmark::State& state) {
  auto nodes = static_cast<int>(state.range(0));
  auto record = big_record(nodes);
  measure(state, nodes + 1, &record);
}

/// Half of the nodes are new, and all render the list of them.
void half_more_with_routes(benchmark::State& state) {
  auto nodes = static_cast<int>(state.range(0));
  auto roles = one_role();
  roles.front().uses = {"*"};
  auto record = record_of(flat_cluster(nodes / 2, roles.front()), roles);
  auto cluster = flat_cluster(nodes, roles.front());
  for (auto run : state) {
    auto plan = plan_apply(cluster, roles, &record);
    benchmark::DoNotOptimize(plan_text(plan));
  }
  state.SetComplexityN(state.range(0));
}

void one_role_anywhere(benchmark::State& state) {
  auto roles = one_role();
  auto cluster = flat_cluster(static_cast<int>(state.range(0)), roles.front());
  for (auto run : state) {
    auto plan = plan_apply(cluster, roles, nullptr);
    benchmark::DoNotOptimize(find_cycle(plan));
    benchmark::DoNotOptimize(plan_text(plan));
  }
  state.SetComplexityN(state.range(0));
}

void as_json(benchmark::State& state) {
  auto plan = plan_all(big_definition(static_cast<int>(state.range(0))), nullptr);
  for (auto run : state) benchmark::DoNotOptimize(plan_json(plan));
  state.SetComplexityN(state.range(0));
}

void destroyed(benchmark::State& state) {
  auto record = big_record(static_cast<int>(state.range(0)));
  for (auto run : state)
    benchmark::DoNotOptimize(plan_text(plan_destroy(record, built_in_roles())));
  state.SetComplexityN(state.range(0));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  for (int nodes : {kFewest, 300, 1'000, 3'000, kMost}) benchmark->Arg(nodes);
  benchmark->Unit(benchmark::kMillisecond)->Complexity();
}

BENCHMARK(new_deployment)->Apply(sizes);
BENCHMARK(nothing_to_do)->Apply(sizes);
BENCHMARK(one_node_more)->Apply(sizes);
BENCHMARK(half_more_with_routes)->Apply(sizes);
BENCHMARK(one_role_anywhere)->Apply(sizes);
BENCHMARK(as_json)->Apply(sizes);
BENCHMARK(destroyed)->Apply(sizes);

}  // namespace

}  // namespace muster::bench

BENCHMARK_MAIN();
