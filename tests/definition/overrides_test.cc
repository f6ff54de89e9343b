#include <doctest/doctest.h>

#include "tests/definition/support.h"

using namespace muster;
using testing::definition;
using testing::mistakes;
using testing::parse;

namespace {

const std::string kTwo =
    R"([{"roles": ["etcd", "k8s-master"]}, {"roles": ["k8s-worker"], "labels": {"a": "b"}}])";

std::string after(const std::string& set) { return mistakes(definition("", kTwo), {{set}, {}}); }

}  // namespace

TEST_CASE("overrides: a value is replaced or made, and is JSON when it can be") {
  auto result =
      parse(definition("", kTwo),
            {{"attribs.k8s-version=v1.20.4", "name=other", "nodes.1.count=3", "commit=false",
              "nodes.1.labels.\"x.y/z\"=1.2.3", "attribs.k8s-docker_version=1.10"},
             {}});
  CHECK(mistakes(result.diagnostics) ==
        "warning: --set attribs.k8s-docker_version: 'k8s-docker_version' has no effect: containerd "
        "runs the containers, without docker or rkt\n");
  CHECK(result.definition.name == "other");
  CHECK_FALSE(result.definition.commit);
  CHECK(result.definition.nodes[1].count == 3);
  CHECK(result.definition.nodes[1].labels.at("x.y/z") == "1.2.3");
  CHECK(result.definition.attribs.at(0).value.text == "v1.20.4");
}

TEST_CASE("overrides: whole nodes can be set") {
  auto result =
      parse(definition(), {{R"(nodes=[{"roles": ["etcd", "k8s-master"], "count": 3}])"}, {}});
  CHECK(mistakes(result.diagnostics) == "");
  CHECK(result.definition.nodes.at(0).count == 3);
}

TEST_CASE("overrides: a mistake names the override and not a place in the file") {
  CHECK(after("attribs.k8s-verson=1") ==
        "error: --set attribs.k8s-verson: unknown attrib 'k8s-verson' "
        "(did you mean 'k8s-version'?)\n");
  CHECK(after("nodes.0.count=many") ==
        "error: --set nodes.0.count: 'count' must be a whole number, not a string\n");
  CHECK(after("nodes.7.count=1") ==
        "error: --set nodes.7.count: '7' is no number of an item: there are 2, counted from 0\n");
  CHECK(after("name.x=1") == "error: --set name.x: there is no 'x' inside a string\n");
  for (std::string wrong : {"foo", "=1", "a..b=1", ".a=1"}) {
    CHECK(after(wrong) == "error: --set " + wrong.substr(0, wrong.find('=')) +
                              ": write it as path=value, e.g. attribs.k8s-version=v1.20.2\n");
  }
}

TEST_CASE("overrides: a secret in one is not shown") {
  auto found = after("attribs.k8s-kube_api_pwd=hunter2");
  CHECK(found.find("--set attribs.k8s-kube_api_pwd: 'k8s-kube_api_pwd' has no effect") !=
        std::string::npos);
  CHECK(found.find("hunter") == std::string::npos);
}

TEST_CASE("overrides: another provider takes the hints of the old one away") {
  auto result =
      parse(definition("\"provider\": {\"name\": \"google-provider\", \"hints\": {\"disks\": []}},",
                       R"([{"roles": ["etcd", "k8s-master"], "hints": {"zone": "x"}},
                           {"roles": ["k8s-worker"], "provider": {"name": "aws"}},
                           {"roles": ["k8s-worker"], "provider": {"name": "local"},
                            "hints": {"cpus": 1}}])"),
            {{}, "local"});
  CHECK(mistakes(result.diagnostics) == "");
  CHECK(result.definition.provider.name == "local");
  CHECK(result.definition.provider.hints.kind == Value::Kind::null);
  CHECK_FALSE(result.definition.nodes[0].provider.has_value());
  CHECK_FALSE(result.definition.nodes[1].provider.has_value());
  CHECK(to_json(result.definition.nodes[2].provider->hints) == R"({"cpus":1})");
}

TEST_CASE("overrides: the same provider keeps its hints") {
  auto result =
      parse(definition("\"provider\": {\"name\": \"local-provider\", \"hints\": {\"cpus\": 2}},"),
            {{}, "local"});
  CHECK(to_json(result.definition.provider.hints) == R"({"cpus":2})");
}

TEST_CASE("overrides: an unknown provider is a mistake of the option") {
  CHECK(mistakes(definition(), {{}, "lokal"}) ==
        "error: --provider lokal: unknown provider 'lokal' (did you mean 'local'?)\n");
}

TEST_CASE("overrides: what is recorded is what they made of the file, without secrets") {
  Overrides overrides{{"name=other", "attribs.k8s-kube_api_pwd=hunter2"}, "local"};
  auto result = parse(definition("", kTwo), overrides);
  CHECK(result.text.find("hunter2") == std::string::npos);
  auto recorded = parse(result.text);
  CHECK(recorded.definition.name == "other");
  CHECK(recorded.definition.provider.name == "local");
  CHECK(parse(definition("", kTwo)).text == definition("", kTwo));
}
