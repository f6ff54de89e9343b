#include "tests/fault/comparison.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "providers/local/local.h"
#include "providers/provider.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/run/access.h"
#include "provisioner/state/store.h"

namespace muster::testing {

namespace {

std::unique_ptr<Store> state() {
  const char* directory = std::getenv("MUSTER_STATE");
  if (directory == nullptr) throw Error("MUSTER_STATE does not name the state");
  return open_store(directory);
}

std::map<std::string, ProvidedNode> at_provider(const std::string& name, const std::string& tag) {
  ProviderRegistry registry({default_cache_directory()});
  std::map<std::string, ProvidedNode> nodes;
  for (const auto& node : registry.get(name).list(tag)) nodes[node.token] = node;
  return nodes;
}

/// Its lines in the order of the alphabet: nodes stand in that of the definition.
std::string lines_of(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return "(there is no file)";
  auto text = read_file(file);
  auto lines = split(trim(text), '\n');
  std::ranges::sort(lines);
  return join(lines, "\n");
}

}  // namespace

DeploymentRecord recorded(const std::string& deployment) {
  return state()->deployment(deployment).value_or(DeploymentRecord{});
}

Comparison compare(const std::string& deployment, const std::string& provider) {
  Comparison difference;
  auto store = state();
  auto provided = at_provider(provider, deployment_tag(*store, deployment));
  auto record = store->deployment(deployment).value_or(DeploymentRecord{});
  for (const auto& node : record.nodes) {
    auto found = provided.extract(node.token);
    bool whole = found && found.mapped().complete && found.mapped().running;
    bool ready = node.state == NodeState::ready;
    if (ready && !whole) difference.lost.push_back(node.name);
    if (!ready) difference.unfinished.push_back(node.name);
  }
  for (const auto& [token, node] : provided) difference.leaks.push_back(node.name);
  return difference;
}

std::vector<std::string> wrong_light_files() {
  auto record = state()->deployment("light").value_or(DeploymentRecord{});
  auto line = [](const NodeRecord& node) { return node.name + " " + node.endpoint.address; };
  std::vector<std::string> all;
  std::vector<std::string> wrong;
  for (const auto& node : record.nodes) all.push_back(line(node));
  std::ranges::sort(all);
  auto check = [&](const NodeRecord& node, const std::string& file, const std::string& wanted) {
    auto got = lines_of(default_local_root() / "nodes" / node.handle / "upper" / file);
    if (got != wanted) wrong.push_back(file + " on " + node.name + " is: " + got);
  };
  for (const auto& node : record.nodes) {
    auto has = [&](const std::string& role) { return node.find_role(role) != nullptr; };
    if (has("etcd")) check(node, "etc/light/members.read", line(node));
    if (has("k8s-worker")) check(node, "etc/light/nodes", join(all, "\n"));
    if (has("k8s-worker")) check(node, "etc/light/slow", "done");
    check(node, "etc/light-extra", has("extra") ? node.name : "(there is no file)");
  }
  return wrong;
}

void destroy_leaks(const std::string& deployment) {
  ProviderRegistry registry({default_cache_directory()});
  auto& local = registry.get("local");
  for (const auto& node : local.list(deployment_tag(*state(), deployment))) {
    local.destroy(node.handle);
  }
}

std::string deployments_left() {
  std::string left;
  for (const auto& record : state()->deployments()) left += "deployment " + record.name + "\n";
  return left;
}

std::string what_is_left() {
  ProcessSpec spec;
  spec.argv = {std::string(MUSTER_SOURCE_DIR) + "/tests/support/leftovers.sh", "--only",
               default_local_root().string()};
  auto found = run_process(spec);
  return found.output + found.error_output;
}

}  // namespace muster::testing
