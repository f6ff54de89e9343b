#include "provisioner/engine/needs.h"

#include "inventory/index.h"
#include "provisioner/base/text.h"
#include "provisioner/releases/releases.h"

namespace muster {

namespace {

/// "names" of a task: one, a list, or lists by the families of their systems.
void add_packages(const Value& names, const std::string& family, std::set<std::string>& packages) {
  if (names.is_string()) packages.insert(names.text);
  for (const auto& name : names.items) packages.insert(name.text);
  if (const Value* own = names.find(family)) add_packages(*own, family, packages);
}

void add_task(const Task& task, const std::string& arch, Needs& needs) {
  if (task.kind == "artifact" || task.kind == "image" || task.kind == "unpack") {
    if (const Value* name = task.args.find("name")) needs.artifacts[arch].insert(name->text);
  }
  auto packages = packages_of(task, "apt");
  needs.packages.insert(packages.begin(), packages.end());
  if (!packages.empty()) {
    needs.package_tasks.insert(join(std::vector(packages.begin(), packages.end()), " "));
  }
}

}  // namespace

bool installs_packages(const Task& task) {
  const Value* state = task.args.find("state");
  return task.kind == "package" && (state == nullptr || state->text != "absent");
}

std::set<std::string> packages_of(const Task& task, const std::string& family) {
  std::set<std::string> packages;
  if (!installs_packages(task)) return packages;
  if (const Value* names = task.args.find("names")) add_packages(*names, family, packages);
  // What only a node can tell is no name.
  std::erase_if(packages, [](const auto& name) { return name.find("{{") != std::string::npos; });
  return packages;
}

Needs needs_of(const World& world, const Cluster& cluster, const Plan& plan) {
  Needs needs;
  const auto nodes = index_of(cluster);
  const auto own = machine_arch();
  for (const auto& step : plan.steps) {
    const Node* node = find_in(nodes, step.node);
    if (step.verb == Verb::create_node && node != nullptr) {
      needs.hints[node->provider].insert(node->hints);
    }
    const Role* role = find_role(*world.roles, step.role);
    if (role == nullptr || step.verb == Verb::undo_role) continue;
    bool told = node != nullptr && !node->architecture.empty();
    const auto& arch = told ? node->architecture : own;
    for (const auto& task : role->tasks) add_task(task, arch, needs);
  }
  return needs;
}

std::vector<std::pair<std::string, std::string>> get_needs(
    const World& world, const Cluster& cluster, const Needs& needs,
    const std::function<void(const std::string&)>& note) {
  for (const auto& [provider, hints] : needs.hints) {
    world.providers->get(provider).prepare({hints.begin(), hints.end()}, note);
  }
  std::vector<std::pair<std::string, std::string>> left_out;
  for (const auto& [arch, names] : needs.artifacts) {
    auto without =
        world.artifacts->fetch({names.begin(), names.end()}, cluster.settings.version, arch, note);
    left_out.insert(left_out.end(), without.begin(), without.end());
  }
  return left_out;
}

std::string fetch_command(const std::string& kubernetes_version, const std::string& arch) {
  auto command = std::string("muster artifacts fetch");
  if (kubernetes_version != known_releases().default_version.text()) {
    command += " --kubernetes " + kubernetes_version;
  }
  return command + (arch == machine_arch() ? "" : " --arch " + arch);
}

}  // namespace muster
