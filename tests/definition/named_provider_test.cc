// Providers and tenants that a user created, as definitions name them.
#include <doctest/doctest.h>

#include "provisioner/definition/definition.h"
#include "tests/definition/support.h"

using namespace muster;
using testing::definition;

namespace {

DefinitionResult parse_named(const std::string& text) {
  DefinitionRules rules{testing::roles(), {"inventory", "local"}};
  rules.named = {{"lab", "local", R"({"cpus":2})"},
                 {"rack", "inventory", R"({"file":"h"})"},
                 {"google-provider", "local", "{}"}};
  rules.tenants = {{1, "default"}, {7, "blue"}};
  return parse_definition("demo.json", text, {}, rules);
}

std::string named_mistakes(const std::string& text) {
  return testing::mistakes(parse_named(text).diagnostics);
}

std::string with_provider(const std::string& provider) {
  return definition("\"provider\": " + provider + ",");
}

}  // namespace

TEST_CASE("named provider: one may be named as a kind is, and brings its hints") {
  auto read = parse_named(with_provider(R"({"name": "lab", "hints": {"memory_mb": 512}})"));
  CHECK(testing::mistakes(read.diagnostics) == "");
  CHECK(read.definition.provider.name == "lab");
  CHECK(kind_of(read.definition.provider) == "local");
  CHECK(to_json(read.definition.provider.defaults) == R"({"cpus":2})");
  CHECK(to_json(read.definition.provider.hints) == R"({"memory_mb":512})");
}

TEST_CASE("named provider: a name of Digital Rebar's may be given to a kind that works here") {
  CHECK(named_mistakes(with_provider(R"({"name": "google-provider"})")) == "");
  CHECK(named_mistakes(with_provider(R"({"name": "aws-provider"})")) ==
        "error 1:23: provider 'aws-provider' cannot create nodes in this version "
        "(use --provider local to run on this machine)\n");
}

TEST_CASE("named provider: an unknown one is told those that were created") {
  CHECK(named_mistakes(with_provider(R"({"name": "rac"})")) ==
        "error 1:23: unknown provider 'rac' (did you mean 'rack'?)\n");
  CHECK(named_mistakes(with_provider(R"({"name": "elsewhere"})")) ==
        "error 1:23: unknown provider 'elsewhere' (the providers are: inventory, local, lab, rack, "
        "google-provider)\n");
}

TEST_CASE("named provider: a block's hosts may come from one of kind inventory") {
  auto text = [](const std::string& provider) {
    return definition("\"provider\": {\"name\": \"" + provider + "\"},",
                      R"([{"roles": ["etcd", "k8s-master"], "hosts": ["h1"]}])");
  };
  CHECK(named_mistakes(text("rack")) == "");
  CHECK(named_mistakes(text("lab")).find("'hosts' chooses no machines from the provider 'lab'") !=
        std::string::npos);
}

TEST_CASE("named provider: tenant_id is the number of a tenant, where tenants are known") {
  auto numbered = parse_named(definition("\"tenant_id\": 7,"));
  CHECK(testing::mistakes(numbered.diagnostics) == "");
  CHECK(numbered.definition.tenant == "blue");
  CHECK(named_mistakes(definition("\"tenant_id\": 8,")) ==
        "error 1:15: there is no tenant 8 (see: muster tenant list; or name it, it is made when "
        "missing: \"tenant\": \"...\")\n");
}
