// Tenants, providers and deployments as records: what is read, shown and refused.
#include <cstdlib>

#include "provisioner/base/files.h"
#include "provisioner/cli/provider_input.h"
#include "provisioner/cli/ssh_files.h"
#include "provisioner/cli/tenant_input.h"
#include "tests/cli/desk.h"
#include "tests/definition/support.h"
#include "tests/support/said.h"

using namespace muster;
using testing::Desk;
using testing::mistakes;

namespace {

using Names = std::vector<std::string>;

const Names kKinds{"inventory", "local"};

ProviderInput typed_provider(const std::string& text) {
  return parse_provider({"JSON", text, true}, kKinds);
}

ProviderInput kept_provider(const std::string& text) {
  return parse_provider({"lab.json", text, false}, kKinds);
}

/// A state of its own with the deployment "demo" of tenant "blue", from provider "lab".
class Office : public Desk {
 public:
  Office()
      : Desk(R"({"name": "demo", "tenant": "blue", "provider": {"name": "lab"},
                 "nodes": [{"roles": ["etcd", "k8s-master"], "count": 3}]})") {
    store().create_provider({0, "lab", "local", "", "{}", 0});
  }
};

}  // namespace

TEST_CASE("records: a tenant's JSON is read whole, with every mistake at its place") {
  auto good = parse_tenant(
      {"JSON", R"({"name": "a", "description": "x", "quotas": {"nodes": 4}})", true}, true);
  CHECK(mistakes(good.diagnostics) == "");
  CHECK(good.name == "a");
  CHECK(good.description == "x");
  CHECK(good.max_nodes == 4);
  CHECK_FALSE(good.max_deployments);
  auto bad = parse_tenant(
      {"t.json", R"({"name": "A", "quotas": {"nodes": -1, "deploymnets": "2"}, "parent_id": 1})",
       false},
      true);
  CHECK(mistakes(bad.diagnostics) ==
        "warning 1:73: 'parent_id' has no effect: tenants have no parents\n"
        "error 1:10: the name 'A' must be lower case letters, digits and '-', with a letter or "
        "digit at both ends (use 'a')\n"
        "error 1:39: unknown key 'deploymnets' (did you mean 'deployments'?)\n"
        "error 1:35: 'nodes' must be 0 (no limit) to 1000000, not -1\n");
  CHECK(mistakes(parse_tenant({"JSON", "{}", true}, true).diagnostics) ==
        "error 1:1: there is no \"name\" (add one, e.g. \"name\": \"a\")\n");
  CHECK(mistakes(parse_tenant({"JSON", "{}", true}, false).diagnostics) == "");
  CHECK(mistakes(parse_tenant({"JSON", "[1]", true}, true).diagnostics) ==
        "error 1:1: it must be an object, e.g. {\"name\": \"a\"}, not a list\n");
  CHECK(parse_tenant({"JSON", "{\"name\": ", true}, true).diagnostics.has_errors());
}

TEST_CASE("records: a provider's kind must be one that works, and its name a new one") {
  auto good = kept_provider(R"({"name": "lab", "kind": "local-provider", "hints": {"cpus": 2}})");
  CHECK(mistakes(good.diagnostics) == "");
  CHECK(good.record.name == "lab");
  CHECK(good.record.kind == "local");
  CHECK(good.record.hints == R"({"cpus":2})");
  CHECK(mistakes(kept_provider(R"({"name": "local-provider", "kind": "locl"})").diagnostics) ==
        "error 1:10: 'local-provider' is built in (choose another name, e.g. \"lab\")\n"
        "error 1:36: there is no kind of provider 'locl' (did you mean 'local'?)\n");
  CHECK(mistakes(kept_provider(R"({"name": "x", "type": "GoogleProvider"})").diagnostics) ==
        "error 1:15: unknown key 'type' (the keys here are name, kind, description, hints, "
        "secrets)\n"
        "error 1:1: there is no \"kind\" (add one, e.g. \"kind\": \"local\"; the kinds are: "
        "inventory, local)\n");
}

TEST_CASE("records: secrets come from the text of a file, from files and from the environment") {
  TestFolder folder;
  write_file(folder / "key", "two\nlines\n", 0600);
  ::setenv("MUSTER_TEST_SECRET", "of-the-environment", 1);
  auto read = kept_provider(R"({"name": "lab", "kind": "local", "secrets": {"a": "plain",
      "b": {"env": "MUSTER_TEST_SECRET"}, "c": {"file": ")" +
                            (folder / "key") + R"("}}})");
  ::unsetenv("MUSTER_TEST_SECRET");
  CHECK(mistakes(read.diagnostics) == "");
  REQUIRE(read.secrets.size() == 3);
  CHECK(read.secrets["a"].reveal() == "plain");
  CHECK(read.secrets["b"].reveal() == "of-the-environment");
  CHECK(read.secrets["c"].reveal() == "two\nlines");
}

TEST_CASE("records: a secret that is typed, missing or odd is refused, and none is ever shown") {
  auto typed = typed_provider(R"({"name": "lab", "kind": "local", "secrets": {"a": "hunter2"}})");
  CHECK(has(typed.diagnostics.render(),
            "the secret 'a' must not stand on a command line, which other users can read"));
  CHECK(has(typed.diagnostics.render(), R"({"env": "VARIABLE"})"));
  CHECK(typed.secrets.empty());
  auto odd = kept_provider(
      R"({"name": "lab", "kind": "nokind", "secrets": {"a": {"env": "MUSTER_TEST_NO_SUCH"},
          "b": {"file": "/nonexistent/hunter2-file"}, "c": ["hunter2"], "d": "",
          "e": {"env": "X", "file": "hunter2"}}})");
  auto text = odd.diagnostics.render();
  for (const char* name : {"'a' is empty", "'c' must be one thing", "'d' is empty",
                           "'e' must be one thing", "cannot read '/nonexistent/hunter2-file'"}) {
    CHECK_MESSAGE(has(text, name), text);
  }
  CHECK_FALSE(has(text, "[\"hunter2\"]"));  // the line is not shown
  for (const char* broken :
       {R"({"name": "lab", "secrets": {"a": hunter2}})", R"({"secrets": {"a": "hunter2" "x"}})",
        R"({"secrets": {"a": "\qhunter2"}})", "hunter2"}) {
    auto found = kept_provider(broken).diagnostics;
    CHECK(found.has_errors());
    CHECK_FALSE(has(found.render(), "hunter2"));
  }
}

TEST_CASE("records: JSON that is typed is not recorded with the command") {
  auto typed = parse_command_line(all_commands(), {"providers", "create", R"({"name": "lab"})"});
  CHECK(typed.name == "provider create");
  CHECK(typed.command_line == "muster providers create '{...}'");
  auto destroy = parse_command_line(all_commands(), {"deployments", "destroy", "demo", "--yes"});
  CHECK(destroy.name == "deployment delete");
}

TEST_CASE("records: a tenant that is deleted leaves no private key in the state's folder") {
  Office office;
  const auto record = office.store().deployment("demo").value();
  const auto files = write_ssh_files(office.store(), office.folder().path(), record, {});
  CHECK(office.run({"tenant", "delete", "blue"}) == 2);
  CHECK(std::filesystem::exists(files.key));  // its nodes are there
  office.store().forget_deployment("demo");
  CHECK(office.run({"tenant", "delete", "blue"}) == 0);
  CHECK_FALSE(std::filesystem::exists(files.key));
  CHECK_FALSE(office.store().secret(tenant_scope("blue"), "ssh"));
}

TEST_CASE("records: what is in use cannot be deleted, and says by whom") {
  Office office;
  CHECK(office.run({"tenant", "delete", "blue"}) == 2);
  CHECK(office.talk ==
        "muster: tenant 'blue' is in use by: demo\n"
        "  destroy them first: muster destroy demo\n");
  CHECK(office.run({"provider", "delete", "1"}) == 2);
  CHECK(has(office.talk, "muster: provider 'lab' is in use by: demo\n"));
  office.store().forget_deployment("demo");
  CHECK(office.run({"provider", "delete", "1"}) == 0);
  CHECK(office.run({"tenant", "delete", "2"}) == 0);
  CHECK(office.run({"tenant", "delete", "blue"}) == 2);
  CHECK(office.run({"tenant", "delete", "default"}) == 2);
  CHECK(office.store().tenants().size() == 1);
  CHECK(office.store().providers().empty());
}

TEST_CASE("records: create is fine with the same, and refuses another of the name") {
  Office office;
  CHECK(office.run({"tenant", "create", R"({"name": "red", "quotas": {"nodes": 4}})"}) == 0);
  CHECK(office.talk == "muster: tenant 'red' (id 3) is made\n");
  CHECK(office.run({"tenant", "create", R"({"quotas": {"nodes": 4}, "name": "red"})"}) == 0);
  CHECK(office.talk == "muster: tenant 'red' (id 3) is there already\n");
  CHECK(office.run({"tenant", "create", R"({"name": "red", "quotas": {"nodes": 5}})"}) == 2);
  CHECK(office.run({"tenant", "update", "3", R"({"quotas": {"deployments": 2}})"}) == 0);
  auto red = office.store().tenants().at(2);
  CHECK(red.max_nodes == 4);
  CHECK(red.max_deployments == 2);
  CHECK(office.run({"tenant", "update", "3", R"({"name": "blue"})"}) == 2);
  const auto file = office.folder() / "attic.json";
  auto write = [&](const std::string& hints, const std::string& secret) {
    write_file(file, R"({"name": "attic", "kind": "local", "hints": )" + hints +
                         R"(, "secrets": {"token": ")" + secret + "\"}}");
    return office.run({"provider", "create", file});
  };
  CHECK(write(R"({"cpus": 1, "memory_mb": 512})", "hunter2") == 0);
  CHECK(write(R"({"memory_mb": 512, "cpus": 1})", "hunter2") == 0);
  CHECK(has(office.talk, "is there already"));
  CHECK(write(R"({"memory_mb": 512, "cpus": 1})", "hunter3") == 2);
  CHECK(has(office.talk, "delete it first: muster provider delete attic"));
  CHECK(write(R"({"cpus": 1})", "hunter2") == 2);
  CHECK(office.store().secret(provider_scope("attic"), "token")->reveal() == "hunter2");
}

TEST_CASE("records: lists and shows have ids and names, and no secret") {
  Office office;
  office.store().put_secret(provider_scope("lab"), "token", Secret("hunter2"));
  CHECK(office.run({"tenant", "show", "blue"}) == 0);
  CHECK(office.out == "tenant 'blue' (id 2)\n  deployments: 1 (demo)\n  nodes:       3\n");
  CHECK(office.run({"tenant", "list"}) == 0);
  CHECK(has(office.out, "2   blue     1            3"));
  for (const Names& words :
       {Names{"provider", "show", "lab"}, Names{"provider", "list"},
        Names{"provider", "show", "lab", "-o", "json"}, Names{"provider", "list", "-o", "json"}}) {
    CHECK(office.run(words) == 0);
    CHECK(has(office.out, "lab"));
    CHECK_FALSE(has(office.out, "hunter2"));
  }
  CHECK(has(office.out, "\"token\": \"(secret)\""));
  CHECK(has(office.out, "\"id\": 1"));
  CHECK(office.run({"deployment", "list"}) == 0);
  CHECK(has(office.out, "1   demo  blue"));
  CHECK(office.run({"deployment", "show", "1", "-o", "json"}) == 0);
  CHECK(office.out.starts_with("{\n  \"id\": 1,\n  \"name\": \"demo\",\n"));
  CHECK(office.run({"deployment", "show", "2"}) == 2);
  CHECK(office.run({"provider", "show", "local"}) == 2);
  CHECK(has(office.talk, "is built in"));
}

TEST_CASE("records: a definition of a provider by name is planned, and one beyond a quota is not") {
  Office office;
  const std::string nodes = R"("nodes": [{"roles": ["etcd", "k8s-master"]}]})";
  write_file(office.folder() / "two.json",
             R"({"name": "two", "tenant_id": 2, "provider": {"name": "lab"}, )" + nodes);
  CHECK(office.run({"plan", office.folder() / "two.json"}) == 0);
  CHECK(has(office.out, "cluster two (tenant blue)"));
  CHECK(office.run({"tenant", "update", "blue", R"({"quotas": {"nodes": 3}})"}) == 0);
  CHECK(office.run({"plan", office.folder() / "two.json"}) == 2);
  CHECK(has(office.talk,
            "the quota of tenant 'blue' is 3 nodes: 3 are used by its other "
            "deployments, and 1 is wanted here"));
  CHECK(office.run({"deployment", "create",
                    R"({"name": "two", "tenant_id": 9, "provider": {"name": "labb"}, )" + nodes}) ==
        2);
  CHECK(has(office.talk, "JSON:1:30: error: there is no tenant 9"));
  CHECK(has(office.talk, "did you mean 'lab'?"));
  CHECK(has(office.talk, "muster: nothing was changed\n"));
}
