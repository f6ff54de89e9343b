#include "provisioner/plan/leaving_names.h"

#include <algorithm>
#include <array>

#include "provisioner/base/text.h"
#include "provisioner/definition/attribs.h"

namespace muster {

namespace {

/// How roles write the keys.
constexpr const char* kKeys = "access.keys";

/// The arguments of tasks that name what is on a node then.
constexpr std::array kNaming{"path", "into", "creates", "name", "user", "keys", "line"};

bool mentions(const Value& value, const std::string& variable) {
  return value.text.find(variable) != std::string::npos ||
         std::ranges::any_of(value.items,
                             [&](const Value& item) { return mentions(item, variable); });
}

bool names_by(const Role& role, const std::string& variable) {
  for (const auto* tasks : {&role.tasks, &role.handlers}) {
    for (const auto& task : *tasks) {
      for (const char* name : kNaming) {
        const auto* argument = task.args.find(name);
        if (argument != nullptr && mentions(*argument, variable)) return true;
      }
    }
  }
  return false;
}

std::string value_of(const Cluster& cluster, const std::string& name) {
  auto found = cluster.settings.attribs.find(name);
  return found == cluster.settings.attribs.end() ? "" : found->second;
}

}  // namespace

LeavingNames::LeavingNames(const Cluster& cluster, const Cluster* former) {
  if (former == nullptr) return;
  compare_keys(cluster, *former);
  for (const auto& rule : attrib_rules()) {
    auto name = rule.name;
    std::ranges::replace(name, '-', '_');
    auto before = value_of(*former, name);
    if (before.empty() || before == value_of(cluster, name)) continue;
    // Without keys there was no account.
    if (rule.written_as == "cluster.login_user" && former->public_keys.empty()) continue;
    Change change;
    change.written_as.push_back("attribs." + name);
    if (!rule.written_as.empty()) change.written_as.push_back(rule.written_as);
    change.words = (rule.names.empty() ? "what it names" : rule.names) +
                   (rule.names.empty() ? " leaves '" : " leave '") + before + "'";
    changes_.push_back(std::move(change));
  }
}

void LeavingNames::compare_keys(const Cluster& cluster, const Cluster& former) {
  std::vector<std::string> leaving;
  for (const auto& [name, key] : former.public_keys) {
    auto same = [&key = key](const auto& wanted) { return wanted.second == key; };
    if (std::ranges::none_of(cluster.public_keys, same)) leaving.push_back("'" + name + "'");
  }
  if (leaving.empty()) return;
  const auto& user = former.settings.login_user;
  changes_.push_back({{kKeys},
                      (leaving.size() > 1 ? "keys " : "key ") + join(leaving, ", ") +
                          (leaving.size() > 1 ? " leave '" : " leaves '") + user + "'"});
  if (cluster.public_keys.empty()) changes_.push_back({{kKeys}, "sudo leaves '" + user + "'"});
}

const std::string& LeavingNames::of(const Role& role) {
  auto [found, fresh] = found_.try_emplace(role.name);
  if (fresh) found->second = find(role);
  return found->second;
}

std::string LeavingNames::find(const Role& role) const {
  std::vector<std::string> words;
  for (const auto& change : changes_) {
    if (std::ranges::any_of(change.written_as,
                            [&](const auto& variable) { return names_by(role, variable); })) {
      words.push_back(change.words);
    }
  }
  return join(words, "; ");
}

}  // namespace muster
