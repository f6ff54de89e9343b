#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "tests/support/clusters.h"

using namespace muster;
using namespace muster::testing;

namespace {

Plan two_steps() {
  std::vector<Role> roles{make_role("base", {}, {}, {"*"})};
  auto plan = plan_apply(make_cluster({make_node("n-1", {"base"}, roles)}), roles, nullptr);
  plan.steps[1].fingerprint = "f";
  plan.deployment = "a \"b\"";
  return plan;
}

/// The message that `text` is refused with.
std::string refusal(const std::string& text) {
  try {
    plan_from_json(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

/// The JSON of two_steps() with `from` replaced by `to`.
std::string altered(const std::string& from, const std::string& to) {
  auto text = plan_json(two_steps());
  auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

const std::string kRefused = "this is not a plan that muster wrote: ";
const std::string kHint = "\n  make it again with 'muster plan --out FILE'";

}  // namespace

TEST_CASE("plan text: a new cluster, alike nodes shown as one") {
  CHECK(plan_text(plan_apply(stock_cluster(3), stock_roles(), nullptr)) ==
        "cluster quickstart (tenant default): 4 nodes to create, 14 roles to apply\n"
        "\n"
        "  c-1\n"
        "    + create: new node\n"
        "    + apply base, etcd, k8s-master, network-bridge, k8s-addons: new node\n"
        "  w-1 .. w-3 (3 nodes)\n"
        "    + create: new node\n"
        "    + apply base, k8s-worker, network-bridge: new node\n"
        "\n"
        "18 steps: 4 create, 14 apply\n");
}

TEST_CASE("plan text: changes and removals carry their reasons") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(3), roles);
  CHECK(plan_text(plan_apply(stock_cluster(2), roles, &record)) ==
        "cluster quickstart (tenant default): 3 roles to apply, 3 roles to undo, 1 node to "
        "destroy\n"
        "\n"
        "  c-1, w-1, w-2 (3 nodes)\n"
        "    ~ apply network-bridge: leaving member w-3\n"
        "  w-3\n"
        "    - undo network-bridge, k8s-worker, base: no longer in the definition\n"
        "    - destroy: no longer in the definition\n"
        "\n"
        "7 steps: 3 apply, 3 undo, 1 destroy\n");
}

TEST_CASE("plan text: a stretch of names has no hole") {
  Plan plan;
  for (const char* node : {"a", "w-08", "w-09", "w-10", "w-12", "w-99", "w-100"}) {
    Step step;
    step.id = static_cast<int>(plan.steps.size());
    step.node = node;
    step.reason = "r";
    plan.steps.push_back(step);
  }
  auto text = plan_text(plan);
  CHECK(text.find("  a, w-08 .. w-10, w-12, w-99, w-100 (7 nodes)\n") != std::string::npos);
}

TEST_CASE("plan text: nothing to do says so") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(1), roles);
  CHECK(plan_text(plan_apply(stock_cluster(1), roles, &record)) ==
        "nothing to do: 'quickstart' is as the definition says\n");
}

TEST_CASE("plan JSON: one step a line") {
  CHECK(plan_json(two_steps()) ==
        R"({"format": 3, "deployment": "a \"b\"", "tenant": "default", "base_revision": 0,
"steps": [
{"id":0,"verb":"create","node":"n-1","role":"","reason":"new node","fingerprint":"","weight":1000,"needs":[],"gates":[],"despite_failures":false},
{"id":1,"verb":"apply","node":"n-1","role":"base","reason":"new node","fingerprint":"f","weight":1000,"needs":[0],"gates":[0],"despite_failures":false}],
"gates": [
{"name":"every node created","steps":[0],"opens":"ended"}]}
)");
}

TEST_CASE("plan JSON: what muster did not write is refused with the place") {
  CHECK(refusal("") == kRefused + "it is not JSON" + kHint);
  CHECK(refusal("[]") == kRefused + "it has no 'format'" + kHint);
  CHECK(refusal(R"({"format": 3})") == kRefused + "the plan has no 'deployment'" + kHint);
  CHECK(refusal(altered("\"format\": 3", "\"format\": 1")) ==
        "the plan has format 1, this muster reads format 3" + kHint);
  CHECK(refusal(altered("\"tenant\"", "\"more\": 1, \"tenant\"")) ==
        kRefused + "the plan has an unknown key 'more'" + kHint);
  CHECK(refusal(altered("\"base_revision\": 0", "\"base_revision\": -1")) ==
        kRefused + "'base_revision' of the plan is not a whole number" + kHint);
  CHECK(refusal(altered("\"base_revision\": 0", "\"base_revision\": 18446744073709551615")) ==
        kRefused + "'base_revision' of the plan is not a whole number" + kHint);
  CHECK(refusal(altered("\"id\":1", "\"id\":2")) == kRefused + "step 1 has the id 2" + kHint);
  CHECK(refusal(altered("\"verb\":\"create\"", "\"verb\":\"make\"")) ==
        kRefused + "step 0 has an unknown verb 'make'" + kHint);
  CHECK(refusal(altered("\"role\":\"base\"", "\"role\":\"\"")) ==
        kRefused + "step 1 has no role to apply" + kHint);
  CHECK(refusal(altered("\"role\":\"\"", "\"role\":\"base\"")) ==
        kRefused + "step 0 has a role to create" + kHint);
  CHECK(refusal(altered("\"node\":\"n-1\"", "\"node\":\"\"")) ==
        kRefused + "step 0 names no node" + kHint);
  CHECK(refusal(altered("\"needs\":[0]", "\"needs\":[2]")) ==
        kRefused + "'needs' of step 1 names 2, which is not there" + kHint);
  CHECK(refusal(altered("\"gates\":[0]", "\"gates\":{}")) ==
        kRefused + "'gates' of step 1 is not a list" + kHint);
  CHECK(refusal(altered("\"reason\":\"new node\"", "\"reason\":1")) ==
        kRefused + "'reason' of step 0 is not a string" + kHint);
  CHECK(refusal(altered("\"despite_failures\":false", "\"despite_failures\":1")) ==
        kRefused + "'despite_failures' of step 0 is not true or false" + kHint);
  CHECK(refusal(altered("\"opens\":\"ended\"", "\"opens\":\"never\"")) ==
        kRefused + "gate 0 has an unknown opens 'never'" + kHint);
  CHECK(refusal(altered("\"needs\":[]", "\"needs\":[1]")) ==
        kRefused + "its steps wait for each other: create n-1 -> base -> create n-1" + kHint);
}

TEST_CASE("plan text: of several clusters, whole when they are few") {
  auto one = two_steps();
  auto other = two_steps();
  other.deployment = "c";
  CHECK(plan_text(std::vector<const Plan*>{&one}) == plan_text(one));
  CHECK(plan_text(std::vector<const Plan*>{&one, &other}) ==
        plan_text(one) + "\n" + plan_text(other) + "\n2 clusters, 4 steps: 2 create, 2 apply\n");
}

TEST_CASE("plan text: of many clusters, a line each") {
  auto plan = two_steps();
  auto whole = plan_text(plan);
  auto line = whole.substr(0, whole.find('\n') + 1);
  CHECK(plan_text(std::vector<const Plan*>(4, &plan)) ==
        line + line + line + line + "4 clusters, 8 steps: 4 create, 4 apply\n");
}

TEST_CASE("plan DOT: steps and gates with quoted names") {
  CHECK(plan_dot(two_steps()) ==
        "digraph \"a \\\"b\\\"\" {\n"
        "  rankdir=LR;\n"
        "  s0 [shape=box, label=\"create n-1\", tooltip=\"new node\"];\n"
        "  s1 [shape=box, label=\"base on n-1\", tooltip=\"new node\"];\n"
        "  g0 [shape=ellipse, label=\"every node created\", style=dashed];\n"
        "  s0 -> g0;\n"
        "  s0 -> s1;\n"
        "  g0 -> s1;\n"
        "}\n");
}

TEST_CASE("plan: titles name verb, role and node") {
  Step step;
  step.node = "n";
  CHECK(step.title() == "create n");
  step.verb = Verb::destroy_node;
  CHECK(step.title() == "destroy n");
  step.role = "etcd";
  step.verb = Verb::apply_role;
  CHECK(step.title() == "etcd on n");
  step.verb = Verb::undo_role;
  CHECK(step.title() == "undo etcd on n");
  step.verb = Verb::verify_role;
  CHECK(step.title() == "verify etcd on n");
}
