#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "provisioner/base/files.h"
#include "tests/definition/support.h"

using namespace muster;
using testing::definition;

namespace {

/// The published schema, read by a validator that is not ours.
struct PublishedSchema {
  PublishedSchema() {
    auto json = nlohmann::json::parse(definition_schema());
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(json), schema);
  }
  valijson::Schema schema;
};

bool satisfies_schema(const std::string& text) {
  static const PublishedSchema published;
  auto json = nlohmann::json::parse(text);
  valijson::Validator validator;
  return validator.validate(published.schema, valijson::adapters::NlohmannJsonAdapter(json),
                            nullptr);
}

const std::filesystem::path kExamples = std::string(MUSTER_SOURCE_DIR) + "/examples";

std::string as_json(const std::filesystem::path& file) {
  auto text = read_file(file);
  Diagnostics diagnostics;
  return to_json(parse_value(text, file.extension() != ".json", diagnostics));
}

}  // namespace

TEST_CASE("schema: every example satisfies it") {
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kExamples)) {
    if (entry.path().extension() != ".json" && entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path());
    CHECK(satisfies_schema(as_json(entry.path())));
    ++count;
  }
  CHECK(count >= 7);
}

TEST_CASE("schema: it says yes where the checks do") {
  for (const auto& text : {
           definition(),
           definition("\"$schema\": \"x\", \"tenant\": \"t\", \"description\": \"\","),
           definition("\"tenant_id\": 7, \"parent\": \"x\", \"system\": true, \"profiles\": [],"),
           definition("\"commit\": false, \"tld\": \"a.b\", \"api_endpoint\": \"10.0.0.1:443\","),
           definition("\"provider\": {\"name\": \"local\", \"hints\": {\"disks\": [1]}},"),
           definition("\"attribs\": {\"k8s-docker_version\": 1.12, \"k8s-log_level\": 4,"
                      "\"k8s-kube_users\": {\"a\": {\"pass\": \"x\"}}},"),
           definition("\"role_apply_order\": [\"etcd\", \"k8s-master\"],"),
           definition("", R"([{"id": -1, "prefix": "a", "count": 1, "roles": ["etcd",
                      "k8s-master"], "description": "", "hints": {}, "provider": {"hints": {}}},
                      {"id": "-2", "roles": ["k8s-worker"], "count": 9, "labels": {"a.b/c": "d",
                      "e": ""}, "taints": ["a=b:NoSchedule", "c:NoExecute"], "profiles": ["x"],
                      "attribs": {"k8s-ndots": 2}}])"),
           definition("", R"([{"roles": ["etcd", "k8s-master"], "hosts": ["a", "b", "c"]}])"),
           definition("\"classroom\": \"lab\", \"student\": \"ann-lee\","),
       }) {
    CAPTURE(text);
    CHECK_FALSE(testing::parse(text).diagnostics.has_errors());
    CHECK(satisfies_schema(text));
  }
}

TEST_CASE("schema: it says no where the checks do") {
  const std::string both = R"("roles": ["etcd", "k8s-master"])";
  for (const auto& text : {
           std::string("[]"),
           std::string("{}"),
           std::string(R"({"name": "demo"})"),
           definition("", "[]"),
           definition("", "{}"),
           definition("", "[1]"),
           definition("\"nmae\": \"x\","),
           definition("\"hooks\": {},"),
           definition("\"commit\": \"yes\","),
           definition("\"tenant\": \"A b\","),
           definition("\"classroom\": \"A b\","),
           definition("\"student\": 7,"),
           definition("\"tenant\": \"" + std::string(64, 'a') + "\","),
           definition("\"tld\": \"a..b\","),
           definition("\"api_endpoint\": \"http://x\","),
           definition("\"provider\": \"local\","),
           definition("\"provider\": {},"),
           definition("\"provider\": {\"name\": \"local\", \"hint\": {}},"),
           definition("\"attribs\": {\"k8s-verson\": \"v1.37.2\"},"),
           definition("\"attribs\": {\"k8s-version\": \"1.37\"},"),
           definition("\"attribs\": {\"k8s-version\": 1.37},"),
           definition("\"attribs\": {\"k8s-log_level\": 99},"),
           definition("\"attribs\": {\"k8s-log_level\": \"2\"},"),
           definition("\"attribs\": {\"k8s-dns_mode\": \"bind\"},"),
           definition("\"attribs\": {\"k8s-bin_dir\": \"bin\"},"),
           definition("\"attribs\": {\"k8s-kube_pod_subnet\": \"10.0.0.0\"},"),
           definition("\"attribs\": {\"login_user\": \"Root User\"},"),
           definition("\"public_keys\": {\"a\": \"ssh-rsa AAAAB..... user@example.com\"},"),
           definition("\"public_keys\": {\"a\": 1},"),
           definition("\"role_apply_order\": [1],"),
           definition("", "[{}]"),
           definition("", "[{\"roles\": []}]"),
           definition("", "[{\"roles\": \"etcd\"}]"),
           definition("", "[{" + both + ", \"count\": 0}]"),
           definition("", "[{" + both + ", \"count\": 100000}]"),
           definition("", "[{" + both + ", \"count\": \"1\"}]"),
           definition("", "[{" + both + ", \"prefix\": \"a_b\"}]"),
           definition("", "[{" + both + ", \"prefix\": \"" + std::string(61, 'a') + "\"}]"),
           definition("", "[{" + both + ", \"id\": 4}]"),
           definition("", "[{" + both + ", \"id\": \"host1\"}]"),
           definition("", "[{" + both + ", \"hosts\": []}]"),
           definition("", "[{" + both + ", \"hosts\": \"a\"}]"),
           definition("", "[{" + both + ", \"hosts\": [\"A\"]}]"),
           definition("", "[{" + both + ", \"hosts\": [\"a\", \"a\"]}]"),
           definition("", "[{" + both + ", \"labels\": {\"a\": 1}}]"),
           definition("", "[{" + both + ", \"labels\": {\"a\": \"b c\"}}]"),
           definition("", "[{" + both + ", \"taints\": [\"a=b:Never\"]}]"),
       }) {
    CAPTURE(text);
    CHECK(testing::parse(text).diagnostics.has_errors());
    CHECK_FALSE(satisfies_schema(text));
  }
}

TEST_CASE("schema: every key says what it is for") {
  auto schema = nlohmann::json::parse(definition_schema());
  std::vector<nlohmann::json> objects = {schema, schema["definitions"]["nodes"],
                                         schema["definitions"]["provider"],
                                         schema["definitions"]["attribs"]};
  for (const auto& object : objects) {
    for (const auto& [name, key] : object["properties"].items()) {
      CAPTURE(name);
      CHECK(key["description"].get<std::string>().size() > 5);
    }
  }
}
