// Usage: bench_fill_state DIRECTORY NODES
// Writes a state in which the definition that it prints was applied to so many nodes.
#include <iostream>

#include "provisioner/base/error.h"
#include "provisioner/state/store.h"
#include "tests/bench/big_cluster.h"

namespace {

void fill(const std::string& directory, int nodes) {
  using namespace muster;
  auto definition = bench::big_definition(nodes);
  auto roles = load_roles({});
  auto record = bench::record_of(bench::expand_text(definition, roles), roles);
  record.definition_file = "big.json";
  record.definition_text = definition;
  auto store = open_store(directory);
  store->begin_revision(record, "muster apply big.json");
  for (const auto& node : record.nodes) {
    store->put_node(record.name, node);
    for (const auto& role : node.roles) store->put_role(record.name, node.name, role);
  }
  store->mark_applied(record.name, true);
  std::cout << definition;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: " << argv[0] << " DIRECTORY NODES\n";
    return 2;
  }
  try {
    fill(argv[1], std::stoi(argv[2]));
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << "\n";
    return 1;
  }
  return 0;
}
