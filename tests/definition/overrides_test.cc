#include <doctest/doctest.h>

#include "provisioner/definition/expansion.h"
#include "provisioner/definition/names.h"
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
            {{"attribs.k8s-version=v1.37.2", "name=other", "nodes.1.count=3", "commit=false",
              "nodes.1.labels.\"x.y/z\"=1.2.3", "attribs.k8s-docker_version=1.10"},
             {}});
  CHECK(mistakes(result.diagnostics) ==
        "warning: --set attribs.k8s-docker_version: 'k8s-docker_version' has no effect: containerd "
        "runs the containers, without docker or rkt\n");
  CHECK(result.definition.name == "other");
  CHECK_FALSE(result.definition.commit);
  CHECK(result.definition.nodes[1].count == 3);
  CHECK(result.definition.nodes[1].labels.at("x.y/z") == "1.2.3");
  CHECK(result.definition.attribs.at(0).value.text == "v1.37.2");
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
                              ": write it as path=value, e.g. attribs.k8s-version=v1.37.2\n");
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

TEST_CASE("overrides: a suffix of the name, which names and domains made of it follow") {
  Overrides overrides{{"name=other"}, {}, "17"};
  auto result = parse(definition("", kTwo), overrides);
  CHECK(mistakes(result.diagnostics) == "");
  CHECK(result.definition.name == "other-17");
  CHECK(result.definition.tld == "other-17.cloud");
  CHECK(node_prefix(result.definition, 1) == "other-17-02");
  auto recorded = parse(result.text);  // a rollback and the history know it
  CHECK(recorded.definition.name == "other-17");
  CHECK(
      parse(definition("", R"([{"prefix": "m", "roles": ["etcd", "k8s-master"]}])"), {{}, {}, "17"})
          .definition.nodes[0]
          .prefix == "m");
}

TEST_CASE("overrides: a name that gets too long says so, and by which option") {
  auto found = mistakes(definition("", kTwo), {{}, "local", std::string(62, 'x')});
  CHECK(found.starts_with("error: --name-suffix " + std::string(62, 'x') + ": the name 'demo-xxx"));
  CHECK(found.find(" is 67 characters long (at most 63 are possible)\n") != std::string::npos);
  found = mistakes(definition("", kTwo), {{}, {}, std::string(57, 'x')});
  CHECK(found.find("-01-001' would be 69 characters long, 63 are possible (use a shorter name or "
                   "suffix, or give the block a \"prefix\" of its own)\n") != std::string::npos);
}

TEST_CASE("overrides: a suffix does not stand in for a name") {
  CHECK(mistakes(R"({"nodes": [{"roles": ["etcd", "k8s-master"]}]})", {{}, {}, "17"})
            .find("the definition has no \"name\"") != std::string::npos);
  CHECK(mistakes(R"({"name": 7, "nodes": [{"roles": ["etcd", "k8s-master"]}]})", {{}, {}, "17"})
            .find("'name' must be a string, not ") != std::string::npos);
}

TEST_CASE("names: any text becomes a part of a name") {
  CHECK(as_name_part("Feature/X_1") == "feature-x-1");
  CHECK(as_name_part("17") == "17");
  CHECK(as_name_part("--a..b--") == "a-b");
  CHECK(as_name_part("jenkins-Folder/Job-5") == "jenkins-folder-job-5");
  CHECK(as_name_part("gr\xc3\xbc\xc3\x9f"
                     "e") == "gr-e");
  CHECK(as_name_part("///") == "");
  CHECK(as_name_part("") == "");
}
