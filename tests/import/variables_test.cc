#include "provisioner/import/kubespray_variables.h"

#include <doctest/doctest.h>

#include <set>

#include "provisioner/base/files.h"
#include "provisioner/definition/attribs.h"

using namespace muster;

namespace {

std::string rule_of(const std::string& name) {
  const auto* rule = find_kubespray_variable(name);
  return rule == nullptr ? "" : rule->name;
}

}  // namespace

TEST_CASE("variables: each name is there once, and each attrib exists") {
  std::set<std::string> names;
  for (const auto& rule : kubespray_variables()) {
    CAPTURE(rule.name);
    CHECK(names.insert(rule.name).second);
    bool maps = rule.use == VariableUse::attrib;
    if (maps || *rule.target != '\0') CHECK(find_attrib(rule.target) != nullptr);
    bool explained = maps || rule.use == VariableUse::special || rule.use == VariableUse::host ||
                     *rule.text != '\0';
    CHECK(explained);
  }
}

TEST_CASE(
    "variables: a name of its own is stronger than a pattern, a longer pattern than a short one") {
  CHECK(rule_of("kube_version") == "kube_version");
  CHECK(rule_of("helm_version") == "*_version");
  CHECK(rule_of("kube_apiserver_port") == "kube_apiserver_port");
  CHECK(rule_of("kube_apiserver_request_timeout") == "kube_apiserver_*");
  CHECK(rule_of("metallb_enabled") == "metallb_enabled");
  CHECK(rule_of("metallb_protocol") == "metallb_*");
  CHECK(rule_of("kube_memory_reserved") == "kube_*_reserved");
  CHECK(rule_of("ansible_become_password") == "ansible_become_password");
  CHECK(rule_of("ansible_become_flags") == "ansible_become*");
  CHECK(rule_of("something_else") == "");
}

TEST_CASE("variables: harmless values are whole words") {
  const auto* rule = find_kubespray_variable("cloud_provider");
  REQUIRE(rule != nullptr);
  CHECK(is_harmless(*rule, "generic"));
  CHECK(is_harmless(*rule, "none"));
  CHECK(!is_harmless(*rule, "gen"));
  CHECK(!is_harmless(*rule, ""));
  CHECK(!is_harmless(*find_kubespray_variable("http_proxy"), ""));
}

TEST_CASE("variables: docs/kubespray.md has every one") {
  auto text = read_file(std::string(MUSTER_SOURCE_DIR) + "/docs/kubespray.md");
  for (const auto& rule : kubespray_variables()) {
    CAPTURE(rule.name);
    CHECK(text.find("`" + std::string(rule.name) + "`") != std::string::npos);
  }
}
