#include <doctest/doctest.h>

#include <filesystem>

#include "provisioner/base/files.h"
#include "provisioner/definition/attribs.h"
#include "provisioner/definition/keys.h"
#include "tests/definition/support.h"

using namespace muster;

namespace {

const std::string kSource = MUSTER_SOURCE_DIR;

/// The ```json blocks of a Markdown text.
std::vector<std::string> json_blocks(const std::string& text) {
  std::vector<std::string> blocks;
  const std::string opening = "```json\n";
  for (auto at = text.find(opening); at != std::string::npos; at = text.find(opening, at)) {
    at += opening.size();
    auto end = text.find("```", at);
    blocks.push_back(text.substr(at, end - at));
    at = end;
  }
  return blocks;
}

DefinitionResult read_example(const std::filesystem::path& file) {
  auto rules = testing::rules();
  rules.providers.emplace_back("inventory");
  return read_definition(file, {}, rules);
}

}  // namespace

TEST_CASE("examples: each is right, the one of 2017 apart") {
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kSource + "/examples")) {
    if (entry.path().extension() != ".json" && entry.path().extension() != ".yaml") continue;
    if (entry.path().filename() == "cluster01.json") continue;
    CAPTURE(entry.path());
    auto result = read_example(entry.path());
    CHECK(testing::mistakes(result.diagnostics) == "");
    CHECK(result.plannable);
    ++count;
  }
  CHECK(count >= 6);
}

TEST_CASE("examples: the one of 2017 can be planned, and says what to change") {
  auto file = kSource + "/examples/cluster01.json";
  auto result = read_example(file);
  CHECK(testing::mistakes(result.diagnostics) ==
        "error 3:20: Kubernetes v1.6.0 is older than v1.29, the oldest release that muster "
        "installs (use --set attribs.k8s-version=v1.34.4)\n"
        "error 4:32: network plugin 'calico' is not available in this version "
        "(use --set attribs.k8s-kube_network_plugin=bridge)\n"
        "warning 5:5: 'k8s-docker_version' has no effect: containerd runs the containers, without "
        "docker or rkt\n"
        "error 13:13: provider 'google-provider' cannot create nodes in this version "
        "(use --provider local to run on this machine)\n");
  CHECK(result.plannable);
  CHECK(result.definition.nodes.size() == 2);
}

TEST_CASE("examples: the one of 2017 is right with the changes that it is told") {
  Overrides overrides{{"attribs.k8s-version=v1.37.2", "attribs.k8s-kube_network_plugin=bridge"},
                      "local"};
  auto result = read_definition(kSource + "/examples/cluster01.json", overrides, testing::rules());
  CHECK_FALSE(result.diagnostics.has_errors());
}

TEST_CASE("examples: YAML and JSON of one cluster mean the same") {
  auto json = read_example(kSource + "/examples/labels-and-taints.json").definition;
  auto yaml = read_example(kSource + "/examples/labels-and-taints.yaml").definition;
  REQUIRE(json.nodes.size() == yaml.nodes.size());
  for (std::size_t i = 0; i < json.nodes.size(); ++i) {
    CHECK(json.nodes[i].prefix == yaml.nodes[i].prefix);
    CHECK(json.nodes[i].roles == yaml.nodes[i].roles);
    CHECK(json.nodes[i].labels == yaml.nodes[i].labels);
    CHECK(json.nodes[i].taints == yaml.nodes[i].taints);
    CHECK(json.nodes[i].count == yaml.nodes[i].count);
  }
}

TEST_CASE("docs: every definition in definition.md is right") {
  auto blocks = json_blocks(read_file(kSource + "/docs/definition.md"));
  CHECK(blocks.size() >= 2);
  for (const auto& block : blocks) {
    CAPTURE(block);
    CHECK(testing::mistakes(block) == "");
  }
}

TEST_CASE("docs: definition.md has every key and every attrib, with its default") {
  auto text = read_file(kSource + "/docs/definition.md");
  for (auto keys : {top_keys(), node_keys(), provider_keys()}) {
    for (const auto& key : keys) {
      CAPTURE(key.name);
      CHECK((text.find("`" + std::string(key.name) + "`") != std::string::npos ||
             text.find("\"" + std::string(key.name) + "\"") != std::string::npos));
    }
  }
  for (const auto& rule : attrib_rules()) {
    CAPTURE(rule.name);
    auto row = rule.replaced_by.empty()
                   ? "| `" + rule.name + "` | " +
                         (rule.fallback.empty() ? "" : "`" + rule.fallback + "`") + " | "
                   : "| `" + rule.name + "` | " + rule.replaced_by + " |";
    CHECK(text.find(row) != std::string::npos);
  }
}
