#include <array>

#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

constexpr std::array kFamilies = {"apt", "dnf", "apk"};

/// The lists of "names" that were written.
std::vector<std::string> written_lists(const Args& args) {
  std::vector<std::string> lists;
  for (const char* list : {"names", "names.apt", "names.dnf", "names.apk"}) {
    if (!args.items(list).empty() || (list != std::string("names") && args.has(list))) {
      lists.emplace_back(list);
    }
  }
  return lists;
}

std::vector<std::string> call(TaskScript& task) {
  std::vector<std::string> words{"m_package", task.text("state"), task.text("start")};
  for (const auto& list : written_lists(task.args)) {
    if (auto dot = list.find('.'); dot != std::string::npos) {
      words[0] = "m_package_of";
      words.push_back("--" + list.substr(dot + 1));
    }
    for (const auto& name : task.args.items(list)) words.push_back(name);
  }
  return words;
}

std::vector<std::string> keys(const Args& args) {
  std::vector<std::string> keys;
  for (const auto& list : written_lists(args)) {
    for (const auto& name : args.items(list)) {
      keys.push_back("package:" + name.substr(0, name.find_first_of(":=<>~")));
    }
  }
  return keys;
}

/// "names": one, a list, or lists by the families of their systems.
void add_names(const Value& names, const std::string& family, std::set<std::string>& packages) {
  if (names.is_string()) packages.insert(names.text);
  for (const auto& name : names.items) packages.insert(name.text);
  if (const Value* own = names.find(family)) add_names(*own, family, packages);
}

TaskNeeds needs(const Task& task) {
  TaskNeeds needs;
  needs.package_manager = true;
  needs.installs_packages = !is_absent(task);
  const Value* names = task.args.find("names");
  if (!needs.installs_packages || names == nullptr) return needs;
  for (const char* family : kFamilies) {
    auto& packages = needs.packages[family];
    add_names(*names, family, packages);
    std::erase_if(packages, [](const auto& name) { return name.find("{{") != std::string::npos; });
  }
  return needs;
}

std::string check(const Args& args) {
  for (const auto& list : written_lists(args)) {
    for (const auto& name : args.items(list)) {
      if (name[0] == '-' || name.find_first_of(" \t\n*?[") != std::string::npos) {
        return "takes names of packages, not '" + name + "'";
      }
    }
  }
  return "";
}

}  // namespace

Kind package_kind() {
  return {.name = "package",
          .args = {{"names", ArgType::lists, true, "", {"apt", "dnf", "apk"}},
                   state_rule(),
                   {"start", ArgType::boolean, false, "true"}},
          .library = {"shell/family", "shell/package_families", "shell/packages", "kinds/package"},
          .chatty = true,
          .call = call,
          .keys = keys,
          .needs = needs,
          .check = check};
}

}  // namespace muster
