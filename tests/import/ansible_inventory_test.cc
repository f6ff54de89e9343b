#include "provisioner/import/ansible_inventory.h"

#include <doctest/doctest.h>

#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/import/ansible_scope.h"
#include "tests/support/folder.h"
#include "tests/support/golden.h"

using namespace muster;

namespace {

AnsibleInventory ini(const std::string& text) {
  AnsibleInventory inventory;
  Diagnostics diagnostics("hosts", text);
  read_ini_inventory(text, inventory, diagnostics);
  CHECK(diagnostics.render() == "");
  return inventory;
}

AnsibleInventory yaml(const std::string& text) {
  AnsibleInventory inventory;
  Diagnostics diagnostics("hosts.yaml", text);
  read_yaml_inventory(text, inventory, diagnostics);
  CHECK(diagnostics.render() == "");
  return inventory;
}

std::string mistakes(const std::string& text, bool is_yaml = false) {
  AnsibleInventory inventory;
  Diagnostics diagnostics("hosts", text);
  (is_yaml ? read_yaml_inventory : read_ini_inventory)(text, inventory, diagnostics);
  return diagnostics.render();
}

std::string members(const AnsibleInventory& inventory, const std::string& group) {
  return join(inventory.members(group), " ");
}

std::string var(const AnsibleInventory& inventory, const std::string& host,
                const std::string& name) {
  return AnsibleScope(inventory).of(host).text(name).value_or("(none)");
}

}  // namespace

TEST_CASE("ini: groups, children of children, and hosts that come twice") {
  auto inventory =
      ini("lone\n[b]\ny\nx\n[a]\nx\nz\n[all_of:children]\na\nb\n[more:children]\nall_of\n");
  CHECK(members(inventory, "all") == "lone y x z");
  CHECK(members(inventory, "ungrouped") == "lone");
  CHECK(members(inventory, "b") == "y x");
  CHECK(members(inventory, "all_of") == "x z y");
  CHECK(members(inventory, "more") == "x z y");
  CHECK(members(inventory, "nobody") == "");
}

TEST_CASE("ini: variables of hosts, with quotes, ports, ranges and comments") {
  auto inventory =
      ini("[a]\n"
          "n[1:2]:2200 x=1 text='a b' yes=True name=\"q\"   # n3\n"
          "n2 x=two\n"
          "[a:vars]\n"
          "plain = some words  # not a comment\n"
          "number = 7  # a comment\n"
          "quoted = '7 # of 8' # a comment\n"
          "url=http://h/#x\n");
  CHECK(var(inventory, "n1", "ansible_port") == "2200");
  CHECK(var(inventory, "n1", "x") == "1");
  CHECK(var(inventory, "n1", "text") == "a b");
  CHECK(var(inventory, "n1", "yes") == "true");
  CHECK(var(inventory, "n1", "name") == "q");
  CHECK(var(inventory, "n2", "x") == "two");
  CHECK(var(inventory, "n2", "text") == "a b");
  CHECK(var(inventory, "n1", "plain") == "some words  # not a comment");
  CHECK(var(inventory, "n1", "number") == "7");
  CHECK(var(inventory, "n1", "quoted") == "7 # of 8");
  CHECK(var(inventory, "n1", "url") == "http://h/#x");
  CHECK(members(inventory, "all") == "n1 n2");
}

TEST_CASE("ini: every mistake is told with its place") {
  testing::check_golden(std::string(MUSTER_SOURCE_DIR) + "/tests/import/golden/ini-mistakes.txt",
                        mistakes("[a\nx\n[b:kids]\n[c]\nn[3:1]\nn1 word\nn2 x='1\n"
                                 "[d:vars]\nword\n  =1\n[e:children]\na b\n"));
}

TEST_CASE("yaml: groups, hosts with and without variables, ranges") {
  auto inventory = yaml(
      "all:\n"
      "  hosts:\n"
      "    n[1:2]: {x: 1}\n"
      "    lone:\n"
      "  vars: {y: yes}\n"
      "  children:\n"
      "    a:\n"
      "      hosts: {n1: }\n"
      "    b:\n"
      "      children: {a: {vars: {z: \"{{ x }}!\"}}}\n");
  CHECK(members(inventory, "all") == "n1 n2 lone");
  CHECK(members(inventory, "b") == "n1");
  CHECK(var(inventory, "n1", "x") == "1");
  CHECK(var(inventory, "lone", "y") == "true");
  CHECK(var(inventory, "n1", "z") == "1!");
  CHECK(var(inventory, "n2", "z") == "(none)");
}

TEST_CASE("yaml: anchors, merges and tags are followed, Vault's texts are not") {
  TestFolder folder;
  write_file(folder / "hosts.yml",
             "all:\n"
             "  hosts:\n"
             "    n1: &one {x: 1, y: 2}\n"
             "    n2: {<<: *one, y: 3}\n"
             "    n3: {x: !unsafe 'a', s: !vault \"$ANSIBLE_VAULT;1.1;AES256\\n6162\"}\n");
  auto read = read_ansible_inventory(folder / "hosts.yml");
  CHECK(read.mistakes == "");
  CHECK(var(read.inventory, "n2", "x") == "1");
  CHECK(var(read.inventory, "n2", "y") == "3");
  CHECK(var(read.inventory, "n3", "x") == "a");
  CHECK(var(read.inventory, "n3", "s") == "(none)");
  CHECK(join(read.inventory.encrypted, " ") == "s");
}

TEST_CASE("yaml: what is no inventory is told with its place") {
  CHECK(mistakes("a: [n1, n2]\n", true) ==
        "hosts:1:4: error: the group 'a' must be an object, not a list\n"
        "  a: [n1, n2]\n"
        "     ^\n"
        "  e.g. \"hosts: {node1: {ansible_host: 10.0.0.11}}\"\n");
  CHECK(mistakes("a:\n  host: {n1: }\n", true).find("a group has no 'host'") != std::string::npos);
  CHECK(mistakes("a: {x: {{ y }}\n", true).find("this is not YAML") != std::string::npos);
  CHECK(mistakes("- a\n", true).find("an inventory is an object, not a list") != std::string::npos);
}

TEST_CASE("files: a folder is read as Ansible reads it, with group_vars and host_vars") {
  TestFolder folder;
  make_directory(folder / "group_vars/a");
  make_directory(folder / "host_vars");
  write_file(folder / "10-hosts.ini", "[a]\nn1 w=host\n[a:vars]\nw=inventory\nv=inventory\nu=i\n");
  write_file(folder / "20-more.yaml", "b: {hosts: {n2: }}\n");
  write_file(folder / "notes.md", "not an inventory\n");
  write_file(folder / "group_vars/all.yml", "v: all\nt: all\nu: all\n");
  write_file(folder / "group_vars/a/1.yml", "u: first\n");
  write_file(folder / "group_vars/a/2.yml", "u: second\n");
  write_file(folder / "host_vars/n1", "s: own\n");
  write_file(folder / "group_vars/secret.yml", "$ANSIBLE_VAULT;1.1;AES256\n616\n");
  auto read = read_ansible_inventory(folder.path());
  CHECK(read.mistakes == "");
  CHECK(members(read.inventory, "all") == "n1 n2");
  CHECK(var(read.inventory, "n1", "w") == "host");
  CHECK(var(read.inventory, "n1", "v") == "all");  // files are stronger than the inventory
  CHECK(var(read.inventory, "n1", "u") == "second");
  CHECK(var(read.inventory, "n1", "s") == "own");
  CHECK(var(read.inventory, "n2", "t") == "all");
  CHECK(var(read.inventory, "n2", "u") == "all");
  CHECK(join(read.inventory.encrypted, " ") == folder / "group_vars/secret.yml");
  CHECK(read.inventory.passed_over.size() == 1);
}

TEST_CASE("files: programs, circles, and files that cannot be read are mistakes") {
  TestFolder folder;
  write_file(folder / "program", "#!/bin/sh\necho {}\n");
  auto program = read_ansible_inventory(folder / "program").mistakes;
  CHECK(program.find("this is a program that makes an inventory") != std::string::npos);
  CHECK(program.find("ansible-inventory -i " + folder / "program") != std::string::npos);
  write_file(folder / "circle", "[a:children]\nb\n[b:children]\na\n");
  CHECK(read_ansible_inventory(folder / "circle").mistakes.find("is among its own children") !=
        std::string::npos);
  CHECK(read_ansible_inventory(folder / "nothing").mistakes.find("nothing") != std::string::npos);
  make_directory(folder / "empty");
  CHECK(read_ansible_inventory(folder / "empty").mistakes.find("has no inventory") !=
        std::string::npos);
  make_directory(folder / "bad/group_vars");
  write_file(folder / "bad/hosts", "n1\n");
  write_file(folder / "bad/group_vars/all.yml", "a: {{ b }}\n");
  CHECK(read_ansible_inventory(folder / "bad").mistakes.find("all.yml:1:") != std::string::npos);
}

TEST_CASE("files: a mistake in a file with a password shows no line of it") {
  TestFolder folder;
  write_file(folder / "hosts", "n1 ansible_ssh_pass=open sesame\nn2 ansible_port='22\n");
  write_file(folder / "hosts.yml", "all: {vars: {db_password: hunter2}, hosts: [n1]}\n");
  for (std::string name : {"hosts", "hosts.yml"}) {
    auto mistakes = read_ansible_inventory(folder / name).mistakes;
    CHECK(mistakes.find(name + ":1:") != std::string::npos);
    CHECK(mistakes.find("sesame") == std::string::npos);
    CHECK(mistakes.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("scope: the nearer group counts more, and templates are followed as far as names go") {
  auto inventory =
      ini("[far:children]\nnear\n[near]\nn1\n[other]\nn1\n"
          "[all:vars]\nv=all\n[far:vars]\nv=far\n[near:vars]\nv=near\n"
          "[other:vars]\nw={{ v }}-{{inventory_hostname}}\nloop={{ loop }}\n"
          "sum={{ 1 + 1 }}\nfilter={{ v | upper }}\nalias={{ object }}\nobject={'k': 1}\n");
  const auto scope = AnsibleScope(inventory).of("n1");
  CHECK(scope.text("v") == "near");
  CHECK(scope.text("w") == "near-n1");
  for (const char* name : {"loop", "sum", "filter"}) {
    CAPTURE(name);
    CHECK(scope.is_computed(name));
    CHECK(!scope.text(name));
  }
  CHECK(!scope.is_computed("v"));
  REQUIRE(scope.followed("alias") != nullptr);
  CHECK(scope.followed("alias")->is_object());
  CHECK(join(AnsibleScope(inventory).groups_of("n1"), " ") == "all far other near");
}
