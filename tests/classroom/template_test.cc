#include "provisioner/classroom/template.h"

#include <doctest/doctest.h>

#include "provisioner/classroom/member.h"
#include "provisioner/classroom/placeholders.h"
#include "tests/definition/support.h"

using namespace muster;

namespace {

const std::string kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINvGOdDSq5jqUkVQuvtfdi/TSHakNXdcUQg1t6wvdKo5 ann@laptop";
const Student kStudent = {"ann-lee", "Ann \"A\" Lee", "ann@example.com", kKey, {7, 1}};
const std::string kNodes = R"("nodes": [{"prefix": "node", "roles": ["etcd", "k8s-master"]}])";

Template made(const std::string& text, const Overrides& overrides = {},
              const std::string& file = "template.json") {
  return parse_template(file, text, overrides, testing::rules());
}

DefinitionResult anns(const std::string& text, const Overrides& overrides = {}) {
  auto read = made(text, overrides);
  REQUIRE(testing::mistakes(read.diagnostics) == "");
  return definition_of(read, kStudent, testing::rules());
}

std::string mistakes_of(const std::string& text) {
  return testing::mistakes(made(text).diagnostics);
}

}  // namespace

TEST_CASE("template: without placeholders the student is added") {
  auto result =
      anns(R"({"name": "lab", "public_keys": {"teacher": ")" + kKey + R"("}, )" + kNodes + "}");
  CHECK(testing::mistakes(result.diagnostics) == "");
  CHECK(result.definition.name == "lab-ann-lee");
  CHECK(result.definition.tenant == "lab-ann-lee");
  CHECK(result.definition.classroom == "lab");
  CHECK(result.definition.student == "ann-lee");
  CHECK(result.definition.public_keys ==
        std::map<std::string, std::string>{{"teacher", kKey}, {"ann-lee", kKey}});
  CHECK(result.text == R"({
  "name": "lab-ann-lee",
  "tenant": "lab-ann-lee",
  "classroom": "lab",
  "student": "ann-lee",
  "public_keys": {
    "teacher": ")" + kKey + R"(",
    "ann-lee": ")" + kKey + R"("
  },
  "nodes": [{"prefix": "node", "roles": ["etcd", "k8s-master"]}]
}
)");
}

TEST_CASE("template: placeholders stand in strings and keys") {
  auto result = anns(R"({"name": "k8s-{{student}}-2026", "tenant": "{{ student }}", "description":
      "{{name}} <{{email}}>, {{", "public_keys": {"of-{{student}}": "{{ssh_key}}"},
      "nodes": [{"prefix": "{{student}}", "roles": ["etcd", "k8s-master"]}]})");
  CHECK(testing::mistakes(result.diagnostics) == "");
  CHECK(result.definition.name == "k8s-ann-lee-2026");
  CHECK(result.definition.tenant == "ann-lee");
  CHECK(result.definition.classroom == "k8s-2026");
  CHECK(result.definition.description.starts_with("Ann \"A\" Lee <ann@example.com>"));
  CHECK(result.definition.public_keys == std::map<std::string, std::string>{{"of-ann-lee", kKey}});
  CHECK(result.definition.nodes[0].prefix == "ann-lee");
}

TEST_CASE("template: the recorded text is a definition of its own, and says whose it is") {
  auto result = anns(R"({"name": "lab", )" + kNodes + "}");
  auto again = testing::parse(result.text);
  CHECK(testing::mistakes(again.diagnostics) == "");
  CHECK(again.text == result.text);
  CHECK(again.definition.name == "lab-ann-lee");
  auto member = classroom_member(result.text);
  REQUIRE(member);
  CHECK(member->classroom == "lab");
  CHECK(member->student == "ann-lee");
  CHECK(classroom_member("name: x\nclassroom: lab\n")->student == "");
  CHECK_FALSE(classroom_member(testing::definition()));
  CHECK_FALSE(classroom_member("{\"description\": \"a classroom\"}"));
  CHECK_FALSE(classroom_member("{\"classroom\": "));
}

TEST_CASE("template: YAML works too") {
  auto read = made("name: lab-{{student}}\nnodes:\n- roles: [etcd, k8s-master]\n", {}, "t.yaml");
  CHECK(testing::mistakes(read.diagnostics) == "");
  CHECK(definition_of(read, kStudent, testing::rules()).definition.name == "lab-ann-lee");
}

TEST_CASE("template: overrides hold for every student") {
  auto result = anns(R"({"name": "lab", )" + kNodes + "}",
                     {{"name=night", "attribs.login_user={{student}}"}, std::nullopt});
  CHECK(result.definition.name == "night-ann-lee");
  CHECK(result.definition.classroom == "night");
  CHECK(result.text.find("{\"login_user\": \"ann-lee\"}") != std::string::npos);
}

TEST_CASE("template: the classroom may have a name of its own") {
  auto result = anns(R"({"name": "{{student}}", "classroom": "lab", )" + kNodes + "}");
  CHECK(result.definition.name == "ann-lee");
  CHECK(result.definition.classroom == "lab");
}

TEST_CASE("template: mistakes are said where they stand in the template") {
  CHECK(mistakes_of("{\"name\": \"lab\",\n \"nodes\": [{\"roles\": [\"ectd\"]}],\n \"x\": 1}") ==
        "error 3:2: unknown key 'x' (the keys here are $schema, name, description, tenant, "
        "tenant_id, commit, tld, provider, attribs, public_keys, nodes, role_apply_order, "
        "api_endpoint, registries, proxy, extra_args, extra_config, audit, "
        "authentication, classroom, student)\n"
        "error 2:23: unknown role 'ectd' (did you mean 'etcd'?)\n");
  CHECK(mistakes_of("{\"name\": ") != "");
  CHECK(mistakes_of("[1]") == "error 1:1: a definition must be an object, not a list\n");
}

TEST_CASE("template: mistakes with placeholders") {
  CHECK(mistakes_of(R"({"name": "lab-{{studnet}}", )" + kNodes + "}") ==
        "error 1:10: unknown placeholder '{{studnet}}' (did you mean '{{student}}'?)\n"
        "error 1:10: the name 'lab-{{studnet}}' does not tell students apart (use {{student}} in "
        "it, or no placeholder at all)\n");
  CHECK(mistakes_of(R"({"name": "{{student}}", )" + kNodes + "}") ==
        "error 1:10: the classroom's name '{{student}}' is all of the student (name the classroom "
        "too: \"classroom\": \"...\")\n");
  CHECK(mistakes_of(R"({"name": "My Lab", )" + kNodes + "}") ==
        "error 1:10: the classroom's name 'My Lab' must be lower case letters, digits and '-', "
        "with a letter or digit at both ends (use 'my-lab')\n");
  CHECK(mistakes_of(R"({"name": "lab", "tenant": "school", )" + kNodes + "}") ==
        "warning 1:27: the tenant 'school' has no effect: each student is a tenant of its own "
        "(remove it, or use {{student}} in it)\n");
}

TEST_CASE("template: what is wrong for one student only names the student") {
  auto read = made(R"({"name": "lab", "description": "{{email}}", )" + kNodes + "}");
  REQUIRE(testing::mistakes(read.diagnostics) == "");
  auto student = kStudent;
  student.id = std::string(60, 'a');
  student.email = "";
  CHECK(testing::mistakes(definition_of(read, student, testing::rules()).diagnostics) ==
        "error 1:10: for 'Ann \"A\" Lee' (row 7): the name 'lab-" + std::string(56, 'a') +
            "...' is 64 characters long (at most 63 are possible)\n"
            "error 1:10: for 'Ann \"A\" Lee' (row 7): the tenant 'lab-" +
            std::string(56, 'a') +
            "...' is 64 characters long (at most 63 are possible)\n"
            "error 1:32: for 'Ann \"A\" Lee' (row 7): there is no email for {{email}} (write it in "
            "the roster, or take {{email}} out of the template)\n");
}

TEST_CASE("template: secrets are crossed out in the record") {
  auto read = made(R"({"name": "lab", "attribs": {"k8s-kube_api_pwd": "hidden"}, )" + kNodes + "}");
  CHECK(read.diagnostics.render().find("hidden") == std::string::npos);
  CHECK(definition_of(read, kStudent, testing::rules()).text.find("hidden") == std::string::npos);
}

TEST_CASE("placeholders: what is left without them") {
  CHECK(without_placeholders("lab-{{student}}") == "lab");
  CHECK(without_placeholders("{{student}}-lab") == "lab");
  CHECK(without_placeholders("a-{{student}}-b") == "a-b");
  CHECK(without_placeholders("{{student}}") == "");
  CHECK(without_placeholders("lab") == "lab");
}
