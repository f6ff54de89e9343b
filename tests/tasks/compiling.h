#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "provisioner/base/error.h"
#include "provisioner/definition/role_reader.h"
#include "provisioner/tasks/compile.h"
#include "tests/tasks/nonce.h"

namespace muster::testing {

/// A role, and all that compiling it takes, from a test's own texts.
struct Compiling {
  Role role;
  nlohmann::json context = {{"cluster", {{"bin_dir", "/opt/bin"}, {"name", "c1"}}},
                            {"secrets", {{"password", "hunter2"}}},
                            {"yes", true},
                            {"no", false},
                            {"empty", ""}};
  std::map<std::string, std::string> templates;
  std::map<std::string, std::string> artifacts;
  std::string packages_sha256;
  NodeLayout layout = {};
  int patience = 1;
  std::string owner = "";
  std::string nonce = kNonce;

  /// `text` is a role's file without its name.
  explicit Compiling(const std::string& text) : role(parse_role("r.yaml", "role: r\n" + text)) {
    layout.lock_seconds = 5;
  }

  CompiledScript script(Mode mode = Mode::apply) const { return compile(input(role.tasks, mode)); }
  CompiledScript undo(Mode mode = Mode::apply) const { return compile(input(role.undo, mode)); }

 private:
  CompileInput input(const std::vector<Task>& tasks, Mode mode) const {
    CompileInput input;
    input.role = &role;
    input.tasks = &tasks;
    input.mode = mode;
    input.context = &context;
    input.nonce = nonce;
    input.layout = layout;
    input.patience = patience;
    input.owner = owner;
    input.packages_sha256 = packages_sha256;
    input.load_template = [this](const std::string& name) { return find(templates, name); };
    input.artifact_sha256 = [this](const std::string& name) { return find(artifacts, name); };
    return input;
  }

  static std::string find(const std::map<std::string, std::string>& all, const std::string& name) {
    auto found = all.find(name);
    if (found == all.end()) throw Error("the test has no '" + name + "'");
    return found->second;
  }
};

}  // namespace muster::testing
