#include <doctest/doctest.h>

#include "tests/definition/support.h"

using namespace muster;
using testing::definition;
using testing::mistakes;

namespace {

DefinitionResult parse_nodes(const std::string& nodes, const std::string& provider = "inventory") {
  static const DefinitionRules kRules{testing::roles(), {"local", "inventory"}};
  auto text = definition("\"provider\": {\"name\": \"" + provider + "\"},", nodes);
  return parse_definition("demo.json", text, {}, kRules);
}

std::string wrong(const std::string& nodes, const std::string& provider = "inventory") {
  return mistakes(parse_nodes(nodes, provider).diagnostics);
}

/// One block of a cluster, with `more` members.
std::string block(const std::string& more) {
  return "[{\"roles\": [\"etcd\", \"k8s-master\"], " + more + "}]";
}

}  // namespace

TEST_CASE("hosts: there are as many nodes as hosts are named, or fewer when a count says so") {
  auto named = parse_nodes(block("\"hosts\": [\"a\", \"b\", \"c\"]"));
  CHECK(named.definition.nodes[0].count == 3);
  CHECK(named.definition.nodes[0].hosts == std::vector<std::string>{"a", "b", "c"});
  auto one = parse_nodes(block("\"hosts\": [\"a\", \"b\"], \"count\": 1"));
  CHECK(mistakes(one.diagnostics) == "");
  CHECK(one.definition.nodes[0].count == 1);
}

TEST_CASE("hosts: a count above their number is a mistake") {
  CHECK(wrong(block("\"hosts\": [\"a\", \"b\", \"c\"], \"count\": 4")) ==
        "error 3:80: 'count' is 4, and 'hosts' names 3 (name as many, or remove 'count')\n");
}

TEST_CASE("hosts: one named twice is a mistake, in one block and in two") {
  CHECK(wrong(block("\"hosts\": [\"a\", \"b\", \"a\"]")) ==
        "error 3:65: the host 'a' is named twice (the first time at 3:55)\n");
  CHECK(wrong(R"([{"roles": ["etcd", "k8s-master"], "hosts": ["a"]},
  {"roles": ["k8s-worker"], "hosts": ["b", "a"]}])") ==
        "error 4:44: the host 'a' is named twice (the first time at 3:55)\n");
}

TEST_CASE("hosts: every one that is no host name is told, with its place") {
  CHECK(wrong(block("\"hosts\": [\"A b\", 7]")) ==
        "error 3:62: an item of 'hosts' must be a string, not a whole number\n"
        "error 3:55: the host name 'A b' must be lower case letters, digits and '-', with a letter "
        "or digit at both ends (use 'a-b')\n");
  CHECK(wrong(block("\"hosts\": []")) ==
        "error 3:54: 'hosts' names none (name some, or remove it: then the first free ones are "
        "taken)\n");
  CHECK(wrong(block("\"hosts\": \"a\"")) ==
        "error 3:54: 'hosts' must be a list, not a string (put it in brackets: [\"a\"])\n");
}

TEST_CASE("hosts: two nodes must not get one name, nor a name that is too long") {
  CHECK(wrong(R"([{"roles": ["etcd", "k8s-master"], "hosts": ["web-002"]},
  {"roles": ["k8s-worker"], "prefix": "web", "count": 2}])") ==
        "error 3:55: two nodes would be called 'web-002' (give the block of this host a "
        "\"prefix\", or the other block another one)\n");
  const std::string host(40, 'h');
  CHECK(
      wrong(block("\"prefix\": \"" + std::string(30, 'p') + "\", \"hosts\": [\"" + host + "\"]")) ==
      "error 3:55: the node name '" + std::string(30, 'p') + "-" + host +
          "' would be 71 characters long, 63 are possible (use a shorter prefix)\n");
}

TEST_CASE("hosts: with another provider they choose nothing, which is said") {
  CHECK(wrong(block("\"hosts\": [\"a\"]"), "local") ==
        "warning 3:54: 'hosts' chooses no machines from the provider 'local' (existing machines "
        "come from the provider \"inventory\")\n");
}

TEST_CASE("definition: without a role of Kubernetes it needs no etcd, no master, no pod network") {
  auto roles = testing::roles();
  roles.push_back(testing::role("web"));
  roles.push_back(testing::role("agent", {"k8s-worker"}));
  const DefinitionRules rules{roles, {"inventory"}};
  auto wrong_with = [&](const std::string& role, int count) {
    auto text =
        definition("\"provider\": {\"name\": \"inventory\"},",
                   "[{\"roles\": [\"" + role + "\"], \"count\": " + std::to_string(count) + "}]");
    return mistakes(parse_definition("demo.json", text, {}, rules).diagnostics);
  };
  CHECK(wrong_with("web", 1000) == "");
  CHECK(wrong_with("agent", 1).find("no node has the role 'etcd'") != std::string::npos);
  CHECK(wrong_with("webb", 1).find("unknown role 'webb' (did you mean 'web'?)") !=
        std::string::npos);
}
