#include "provisioner/definition/role.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/role_reader.h"
#include "tests/support/folder.h"

using namespace muster;

namespace {

std::string role_mistakes(const std::string& text) {
  try {
    parse_role("r.yaml", text);
  } catch (const Error& error) {
    CHECK(error.exit_code() == ExitCode::usage);
    return error.what();
  }
  return "no mistakes";
}

std::string load_error(const TestFolder& folder) {
  try {
    load_roles({folder.path()});
  } catch (const Error& error) {
    auto text = std::string(error.what());
    for (auto at = text.find(folder.path().string()); at != std::string::npos;
         at = text.find(folder.path().string())) {
      text.replace(at, folder.path().string().size(), "DIR");
    }
    return text;
  }
  return "no error";
}

void put(const TestFolder& folder, const std::string& path, const std::string& text) {
  auto file = folder.path() / path;
  make_directory(file.parent_path());
  write_file(file, text);
}

}  // namespace

TEST_CASE("role: everything that is written is read") {
  auto role = parse_role("r.yaml", R"(role: etcd
description: a member
internal: true
needs: [base]
after: [etcd, other]
after_one: [third]
uses: ["*"]
deadline_seconds: 42
enforces_network_policies: true
authorities: [etcd]
certificates:
  - name: etcd-server
    ca: etcd
    common_name: "{{node.name}}"
    organizations: [o]
    sans: [a, "{{b}}"]
    server: true
tasks:
  - name: unit
    unit: {name: etcd.service, state: started}
    when: "!cluster.off"
    notify: [restart, reload]
handlers:
  - {name: restart, unit: {name: etcd.service, state: restarted}}
  - {name: reload, unit: {name: etcd.service, state: reloaded}}
undo:
  - {name: gone, file: {path: /x, state: absent}}
)");
  CHECK(role.name == "etcd");
  CHECK(role.description == "a member");
  CHECK(role.file == "r.yaml");
  CHECK(role.internal);
  CHECK(role.needs == std::vector<std::string>{"base"});
  CHECK(role.after == std::vector<std::string>{"etcd", "other"});
  CHECK(role.after_one == std::vector<std::string>{"third"});
  CHECK(role.uses == std::vector<std::string>{"*"});
  CHECK(role.deadline_seconds == 42);
  CHECK(role.enforces_network_policies == true);
  CHECK(role.authorities == std::vector<std::string>{"etcd"});
  REQUIRE(role.certificates.size() == 1);
  CHECK(role.certificates[0].name == "etcd-server");
  CHECK(role.certificates[0].ca == "etcd");
  CHECK(role.certificates[0].common_name == "{{node.name}}");
  CHECK(role.certificates[0].organizations == std::vector<std::string>{"o"});
  CHECK(role.certificates[0].sans == std::vector<std::string>{"a", "{{b}}"});
  CHECK(role.certificates[0].server);
  CHECK_FALSE(role.certificates[0].client);
  REQUIRE(role.tasks.size() == 1);
  CHECK(role.tasks[0].name == "unit");
  CHECK(role.tasks[0].kind == "unit");
  CHECK(role.tasks[0].line == 19);
  CHECK(role.tasks[0].when == "!cluster.off");
  CHECK(role.tasks[0].notify == std::vector<std::string>{"restart", "reload"});
  CHECK(role.tasks[0].args.find("state")->text == "started");
  CHECK(role.handlers.size() == 2);
  CHECK(role.undo.size() == 1);
}

TEST_CASE("role: what is left out is empty") {
  auto role = parse_role("r.yaml", "role: r\n");
  CHECK(role.deadline_seconds == 300);
  CHECK_FALSE(role.enforces_network_policies);
  CHECK_FALSE(role.internal);
  CHECK(role.tasks.empty());
}

TEST_CASE("role: what is waited for after a restart is the last handler of every task with one") {
  auto role = parse_role("r.yaml",
                         "role: r\nrolling: true\ntasks:\n"
                         "  - {name: a, command: {run: 'true', unless: 'false'}, notify: [h]}\n"
                         "  - {name: b, command: {run: 'true', unless: 'false'}}\n"
                         "handlers: [{name: h, unit: {name: h.service, state: restarted}}]\n"
                         "settled: [{name: back, wait: {until: 'true'}}]\n");
  CHECK(role.rolling);
  CHECK(role.tasks[0].notify == std::vector<std::string>{"h", "back"});
  CHECK(role.tasks[1].notify.empty());
  REQUIRE(role.handlers.size() == 2);
  CHECK(role.handlers[1].args.find("after_restart")->boolean);
  CHECK(role_mistakes("role: r\nsettled: [{name: s, command: {run: x}}]\n") ==
        "r.yaml:2:1: error: 's' is no wait: 'settled' holds nothing else\n"
        "  settled: [{name: s, command: {run: x}}]\n"
        "  ^");
}

TEST_CASE("role: every mistake is told with its place") {
  CHECK(role_mistakes("role: r\nneed: [a]\ntask: []\nxyz: 1\n") ==
        "r.yaml:2:1: error: a role has no 'need'\n"
        "  need: [a]\n"
        "  ^\n"
        "  did you mean 'needs'?\n"
        "r.yaml:3:1: error: a role has no 'task'\n"
        "  task: []\n"
        "  ^\n"
        "  did you mean 'tasks'?\n"
        "r.yaml:4:1: error: a role has no 'xyz'\n"
        "  xyz: 1\n"
        "  ^\n"
        "  it has role, description, internal, needs, after, after_one, after_tried, before, uses, "
        "deadline_seconds, settles_seconds, rolling, enforces_network_policies, authorities, "
        "certificates, "
        "warnings, refusals, tasks, handlers, settled, undo, traces");
  CHECK(role_mistakes("description: x\n") ==
        "r.yaml:1:1: error: 'role' is missing\n"
        "  description: x\n"
        "  ^");
  CHECK(role_mistakes("- a\n") ==
        "r.yaml:1:1: error: a role must be an object, not a list\n"
        "  - a\n"
        "  ^");
  CHECK(role_mistakes("role: r\ntasks: x\nneeds: [1]\ninternal: 'yes'\ndeadline_seconds: 0\n") ==
        "r.yaml:2:8: error: 'tasks' must be a list, not a string\n"
        "  tasks: x\n"
        "         ^\n"
        "r.yaml:3:9: error: 'needs' must hold strings, not a whole number\n"
        "  needs: [1]\n"
        "          ^\n"
        "r.yaml:4:11: error: 'internal' must be true or false, not a string\n"
        "  internal: 'yes'\n"
        "            ^\n"
        "r.yaml:5:19: error: 'deadline_seconds' must be 1 or more, and 86400 at most\n"
        "  deadline_seconds: 0\n"
        "                    ^");
  CHECK(role_mistakes(
            "role: r\ntasks:\n  - x\n  - {name: t}\n  - {file: {}}\n  - {name: t, file: {}, "
            "link: {}}\n") ==
        "r.yaml:3:5: error: a task must be an object, not a string\n"
        "    - x\n"
        "      ^\n"
        "r.yaml:4:5: error: 't' says nothing to do\n"
        "    - {name: t}\n"
        "      ^\n"
        "  see docs/roles.md for the kinds\n"
        "r.yaml:5:5: error: 'name' is missing\n"
        "    - {file: {}}\n"
        "      ^\n"
        "r.yaml:6:25: error: 't' is of two kinds: 'file' and 'link'\n"
        "    - {name: t, file: {}, link: {}}\n"
        "                          ^\n"
        "  make two tasks of it");
  CHECK(role_mistakes(
            "role: r\ntasks:\n  - {name: t, file: {}, notify: [restrat]}\n  - {name: u, file: "
            "{}, notify: [zzzzzz]}\nhandlers:\n  - {name: restart, unit: {}}\n") ==
        "r.yaml:3:1: error: 't' notifies no handler: 'restrat'\n"
        "    - {name: t, file: {}, notify: [restrat]}\n"
        "  ^\n"
        "  did you mean 'restart'?\n"
        "r.yaml:4:1: error: 'u' notifies no handler: 'zzzzzz'\n"
        "    - {name: u, file: {}, notify: [zzzzzz]}\n"
        "  ^");
  CHECK(
      role_mistakes("role: r\nhandlers:\n  - {name: h, unit: {}, notify: [h]}\n  - {name: h, unit: "
                    "{}}\nundo:\n  - {name: u, file: {}, notify: [h]}\n") ==
      "r.yaml:3:1: error: 'h' can notify nobody: only tasks notify handlers\n"
      "    - {name: h, unit: {}, notify: [h]}\n"
      "  ^\n"
      "r.yaml:4:1: error: two handlers are called 'h'\n"
      "    - {name: h, unit: {}}\n"
      "  ^\n"
      "r.yaml:6:1: error: 'u' can notify nobody: only tasks notify handlers\n"
      "    - {name: u, file: {}, notify: [h]}\n"
      "  ^");
  CHECK(role_mistakes(
            "role: r\ncertificates:\n  - {name: c, ca: clutser, common_name: x}\n  - {name: "
            "d, san: []}\n") ==
        "r.yaml:3:19: error: there is no CA 'clutser'\n"
        "    - {name: c, ca: clutser, common_name: x}\n"
        "                    ^\n"
        "  it is one of cluster, etcd, front-proxy\n"
        "r.yaml:4:5: error: 'ca' is missing\n"
        "    - {name: d, san: []}\n"
        "      ^\n"
        "r.yaml:4:5: error: 'common_name' is missing\n"
        "    - {name: d, san: []}\n"
        "      ^\n"
        "r.yaml:4:15: error: a certificate has no 'san'\n"
        "    - {name: d, san: []}\n"
        "                ^\n"
        "  did you mean 'sans'?");
  CHECK(role_mistakes("role: r\ntasks: [\n") ==
        "r.yaml:3:1: error: this is not YAML: end of sequence flow not found\n  look at its "
        "indentation, and at the line before it");
}

TEST_CASE("role: built-in roles have their templates, and needs that exist") {
  auto roles = load_roles({});
  CHECK(find_role(roles, "etcd") != nullptr);
  CHECK(find_role(roles, "nothing") == nullptr);
  for (const auto& role : roles) {
    CAPTURE(role.name);
    CHECK(role.fingerprint.size() == 16);
    CHECK(role.file == "roles/" + role.name + "/role.yaml");
    CHECK_FALSE(role.description.empty());
  }
}

TEST_CASE("role: a directory's roles and templates come before the built-in ones") {
  TestFolder folder;
  put(folder, "roles/etcd/role.yaml",
      "role: etcd\ntasks:\n  - {name: t, file: {path: /x, template: etcd/etcd.service}}\n");
  put(folder, "roles/mine/role.yaml", "role: mine\nneeds: [etcd, base]\n");
  put(folder, "templates/etcd/etcd.service", "mine\n");
  TestFolder later;
  put(later, "roles/mine/role.yaml", "role: mine\ndescription: later\n");
  auto roles = load_roles({folder.path(), later.path()});
  auto count = [&](const char* name) { return std::ranges::count(roles, name, &Role::name); };
  CHECK(count("etcd") == 1);
  CHECK(count("mine") == 1);
  CHECK(find_role(roles, "etcd")->tasks.size() == 1);
  CHECK(find_role(roles, "mine")->description == "");
  CHECK(find_role(roles, "base") != nullptr);
  CHECK(load_template({folder.path()}, "etcd/etcd.service") == "mine\n");
  CHECK(load_template({}, "etcd/etcd.service") != "mine\n");

  auto before = find_role(roles, "etcd")->fingerprint;
  auto other = find_role(roles, "mine")->fingerprint;
  put(folder, "templates/etcd/etcd.service", "changed\n");
  roles = load_roles({folder.path()});
  CHECK(find_role(roles, "etcd")->fingerprint != before);
  CHECK(find_role(roles, "mine")->fingerprint == other);
}

TEST_CASE("role: what is wrong with a directory of roles is told with the file") {
  TestFolder folder;
  CHECK(load_error(folder) ==
        "cannot read roles from 'DIR/roles': No such file or directory\n"
        "  --roles names a directory that holds roles/<name>/role.yaml");
  put(folder, "roles/a/role.yaml", "role: b\n");
  CHECK(load_error(folder) ==
        "DIR/roles/a/role.yaml: the role is called 'b', its folder 'a'\n"
        "  give both the same name");
  put(folder, "roles/a/role.yaml", "role: a\nneeds: [etdc]\n");
  CHECK(load_error(folder) ==
        "DIR/roles/a/role.yaml: there is no role 'etdc'\n"
        "  did you mean 'etcd'?");
  put(folder, "roles/a/role.yaml", "role: a\nafter: [zzzzzzz]\n");
  CHECK(load_error(folder) == "DIR/roles/a/role.yaml: there is no role 'zzzzzzz'");
  put(folder, "roles/a/role.yaml", "role: a\nafter_one: [yyyyyyy]\n");
  CHECK(load_error(folder) == "DIR/roles/a/role.yaml: there is no role 'yyyyyyy'");
  put(folder, "roles/a/role.yaml",
      "role: a\ntasks:\n  - {name: t, file: {path: /x, template: a/none}}\n");
  CHECK(load_error(folder) ==
        "there is no template 'a/none'\n"
        "  while reading the role 'a' (DIR/roles/a/role.yaml)\n"
        "  templates are files below templates/, named like 'etcd/etcd.service'");
}
