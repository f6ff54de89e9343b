// Every file that roles write from templates, for each release: rendered/newest.txt has those of
// the default, the others their differences to it. ACCEPT=1 writes them anew.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/component_flags.h"
#include "provisioner/definition/config_fields.h"
#include "provisioner/definition/definition.h"
#include "provisioner/definition/program_settings.h"
#include "provisioner/releases/releases.h"
#include "provisioner/tasks/compile.h"
#include "provisioner/tasks/render.h"
#include "tests/run/role_context.h"
#include "tests/support/folder.h"
#include "tests/support/golden.h"
#include "tests/support/vault.h"

using namespace muster;

namespace {

const std::filesystem::path kRendered =
    std::filesystem::path(MUSTER_SOURCE_DIR) / "tests/run/rendered";

Cluster one_and_two(const std::vector<Role>& roles, const std::string& version) {
  auto result = parse_definition("demo.json", R"({"name": "demo", "provider": {"name": "local"},
        "attribs": {"k8s-version": ")" + version + R"("},
        "nodes": [{"prefix": "m", "roles": ["etcd", "k8s-master", "k8s-addons"]},
                  {"prefix": "w", "roles": ["k8s-worker"], "count": 2}]})",
                                 {}, {roles, {"local"}});
  REQUIRE_FALSE(result.diagnostics.has_errors());
  return expand(result.definition, roles, result.diagnostics);
}

/// Keys and certificates differ each time: "(pki.etcd.crt)" stands for them.
void stand_in(nlohmann::json& value, const std::string& path) {
  if (value.is_string() && !value.get<std::string>().empty()) value = "(" + path + ")";
  if (!value.is_object()) return;
  for (auto& [name, member] : value.items()) stand_in(member, path + "." + name);
}

bool is_left_out(const Task& task, const nlohmann::json& context) {
  if (task.when.empty()) return false;
  bool negated = task.when[0] == '!';
  const auto* value = find_path(context, task.when.substr(negated ? 1 : 0));
  REQUIRE(value != nullptr);
  return is_true(*value) == negated;
}

/// The files of one role on one node. Those that nothing is put into are only named.
std::string files_of(const Role& role, const nlohmann::json& context) {
  std::string text;
  for (const auto& task : role.tasks) {
    const auto* name = task.args.find("template");
    if (name == nullptr || is_left_out(task, context)) continue;
    const auto* path = task.args.find("path");
    auto source = load_template({}, name->text);
    auto rendered = render_template(source, name->text, context);
    auto to = path == nullptr ? "kubectl apply" : render_template(path->text, role.file, context);
    text += "=== " + role.name + ": " + name->text + " -> " + to + "\n" +
            (rendered == source ? "(as it is)\n" : rendered);
    if (!text.ends_with('\n')) text += "\n(no newline at the end)\n";
  }
  return text;
}

/// Of the master and of one of the workers, who differ by names and addresses only.
std::string rendered_files(const std::vector<Role>& roles, const std::string& version) {
  auto cluster = one_and_two(roles, version);
  MemoryVault vault;
  Pki pki(vault, "demo");
  std::string text;
  for (const auto& node : {cluster.nodes.front(), cluster.nodes.back()}) {
    text += "##### " + node.name + "\n";
    for (const auto& name : node.all_roles) {
      const auto& role = *find_role(roles, name);
      auto context = make_context(testing::context_input(cluster, node, role), pki);
      for (const char* secret : {"pki", "secrets"}) {
        if (context.contains(secret)) stand_in(context[secret], secret);
      }
      text += files_of(role, context);
    }
  }
  return text;
}

/// What `diff` says, with one line around each difference.
std::string difference(const std::string& from, const std::string& to) {
  TestFolder folder;
  write_file(folder.path() / "from", from);
  write_file(folder.path() / "to", to);
  ProcessSpec spec;
  spec.argv = {"diff",
               "--unified=1",
               "--label=newest",
               "--label=this",
               "--show-function-line=^===",
               (folder.path() / "from").string(),
               (folder.path() / "to").string()};
  auto ran = run_process(spec);
  REQUIRE_MESSAGE(ran.exit_code <= 1, ran.error_output);
  if (ran.output.empty()) return "no difference\n";
  // Without line numbers: what is above may change.
  std::string text;
  for (const auto& line : split(ran.output, '\n')) {
    auto end = line.starts_with("@@ ") ? line.find(" @@", 2) : 0;
    text += (end == 0 ? line : "@@" + line.substr(end + 3)) + "\n";
  }
  text.pop_back();
  return text;
}

/// What stands in the file that is written to a path with this end.
std::string file_of(const std::string& files, const std::string& path_end) {
  const auto name = files.find(path_end + "\n");
  REQUIRE(name != std::string::npos);
  const auto begin = name + path_end.size() + 1;
  return files.substr(begin, files.find("\n=== ", begin) - begin);
}

/// The flags that the unit of the component gives it.
std::vector<std::string> flags_in_unit(const std::string& files, const std::string& component) {
  const auto unit = file_of(files, "/system/" + component + ".service");
  std::vector<std::string> flags;
  for (auto at = unit.find(" --"); at != std::string::npos; at = unit.find(" --", at + 1)) {
    auto name = unit.substr(at + 3);
    flags.push_back(name.substr(0, name.find_first_of("= \n\\")));
  }
  REQUIRE_FALSE(flags.empty());
  return flags;
}

/// What the release does not have at the path, or not in this kind.
std::string unknown_in(const ConfigField& known, const std::string& path, const Value& value) {
  if (auto wanted = wanted_in_config(known.kind, value); !wanted.empty()) {
    return path + " must be " + wanted + "\n";
  }
  std::string unknown;
  for (const auto& item : value.items) unknown += unknown_in(known.fields.at("*"), path, item);
  for (const auto& member : value.members) {
    auto field = known.fields.find(known.kind == "map" ? "*" : member.key);
    unknown += field == known.fields.end()
                   ? path + "." + member.key + "\n"
                   : unknown_in(field->second, path + "." + member.key, member.value);
  }
  return unknown;
}

/// Those that muster has a list of, in roles/flags or roles/fields.
std::vector<Version> listed_releases(const std::string& folder) {
  std::vector<Version> listed;
  for (const auto& release : known_releases().minors) {
    auto list = "roles/" + folder + "/" + release.minor.minor_text() + ".txt";
    if (find_resource(list)) listed.push_back(release.newest);
  }
  REQUIRE(listed.size() >= 4);
  return listed;
}

}  // namespace

TEST_CASE("roles: units give programs only flags that their release has") {
  auto roles = load_roles({});
  for (const auto& release : listed_releases("flags")) {
    const auto files = rendered_files(roles, release.text());
    for (const std::string component : kComponents) {
      const auto known = ComponentFlags::of(release.minor_text(), component);
      REQUIRE(known.has_value());
      for (const auto& flag : flags_in_unit(files, component)) {
        CAPTURE(release.text());
        CAPTURE(component);
        CAPTURE(flag);
        CHECK(known->find(flag) != nullptr);
      }
    }
  }
}

TEST_CASE("roles: configuration files have only fields that their release has") {
  auto roles = load_roles({});
  for (const auto& release : listed_releases("fields")) {
    const auto files = rendered_files(roles, release.text());
    for (const std::string component : {"kubelet", "kube-proxy"}) {
      CAPTURE(release.text());
      const auto known = config_fields(release.minor_text(), component);
      REQUIRE(known.has_value());
      Diagnostics mistakes;
      const auto config = parse_value(file_of(files, "/" + component + ".yaml"), true, mistakes);
      REQUIRE_FALSE(mistakes.has_errors());
      CHECK(config.find("kind") != nullptr);
      CHECK(unknown_in(*known, component, config) == "");
    }
  }
}

TEST_CASE("roles: the files of each release are those that were looked at") {
  auto roles = load_roles({});
  const auto newest = rendered_files(roles, known_releases().default_version.text());
  testing::check_golden(kRendered / "newest.txt", newest);
  for (const auto& release : known_releases().minors) {
    auto minor = release.minor.minor_text();
    if (release.records_only || known_releases().default_version.minor_text() == minor) continue;
    auto changed = difference(newest, rendered_files(roles, release.newest.text()));
    testing::check_golden(kRendered / (minor + ".diff"), changed);
  }
}
