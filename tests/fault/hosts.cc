#include "tests/fault/hosts.h"

#include <algorithm>
#include <map>

#include "providers/inventory/claims.h"
#include "providers/inventory/inventory.h"
#include "provisioner/base/files.h"
#include "tests/fault/comparison.h"

namespace muster::testing {

namespace {

namespace fs = std::filesystem;

/// Their hosts and nodes.
std::map<std::string, std::string> claims() {
  std::map<std::string, std::string> nodes;
  for (const auto& claim : Claims(default_inventory_root()).all().claims) {
    nodes[claim.host] = claim.node;
  }
  return nodes;
}

}  // namespace

std::vector<std::string> HostFolders::names() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.is_directory()) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

void HostFolders::give_luck(unsigned seed) const {
  for (const auto& name : names()) {
    write_file(folder_ / name / "srv" / "luck", std::to_string(seed++ % 100'000) + "\n", 0644);
  }
}

/// What roles made, and what the node keeps to take it back.
std::string HostFolders::traces_on(const std::string& name) const {
  std::string found;
  for (const char* file :
       {"srv/upper", "srv/upper.done", "srv/lower", "srv/lower.done", "var/muster/kept"}) {
    if (fs::exists(folder_ / name / file)) found += std::string(found.empty() ? "" : ", ") + file;
  }
  return found;
}

std::vector<std::string> HostFolders::left_behind(const std::string& deployment) const {
  const auto claimed = claims();
  const auto record = recorded(deployment);
  std::vector<std::string> left;
  for (const auto& name : names()) {
    const auto traces = traces_on(name);
    if (traces.empty()) continue;
    const auto node = claimed.find(name);
    const bool known = node != claimed.end() && record.find(node->second) != nullptr;
    if (!known) left.push_back(name + " with " + traces);
  }
  return left;
}

std::vector<std::string> HostFolders::wrong_files(const std::string& deployment) const {
  std::vector<std::string> wrong;
  for (const auto& node : recorded(deployment).nodes) {
    for (const char* role : {"lower", "upper"}) {
      const auto text = read_if_there(folder_ / node.name / "srv" / role).value_or("nothing");
      if (text != node.name) wrong.push_back(node.name + " has " + text + " in " + role);
    }
  }
  return wrong;
}

std::string HostFolders::what_is_left() const {
  std::string left;
  for (const auto& [host, node] : claims()) left += "the claim of " + host + "\n";
  for (const auto& name : names()) {
    if (const auto traces = traces_on(name); !traces.empty()) left += name + ": " + traces + "\n";
  }
  return left;
}

}  // namespace muster::testing
