// What a node needs of its host, by the roles that it is to have.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "provisioner/definition/role_reader.h"
#include "tests/checks/check_trial.h"

using namespace muster;
using testing::CheckTrial;
using testing::set_fact;

TEST_CASE("preflight: a system that the bundle has no packages for is refused when it lacks some") {
  CheckTrial trial;
  trial.look.seen.missing_packages = {"etcd-server", "runc"};
  CHECK(trial.bad() == "");  // without a bundle they come from the node's own sources
  trial.needs.packaged_releases = "debian-12 (amd64)";
  trial.needs.has_packages = [](const std::string& os, const std::string& version,
                                const std::string& arch) {
    return os == "debian" && version == "12" && arch == "amd64";
  };
  CHECK(trial.bad() == "");
  set_fact(trial, "os_version", "13");
  CHECK(trial.bad() ==
        "error packages: it lacks etcd-server, runc, and the bundle has no packages for debian 13 "
        "(amd64), only for debian-12 (amd64) -> install them there first; what is installed is not "
        "fetched");
  trial.look.seen.missing_packages.clear();
  CHECK(trial.bad() == "");
  // Nobody asks for the mirror's name.
  trial.look.seen.names = {{"mirror", false, "deb.debian.org"}};
  CHECK(trial.bad() == "");
}

TEST_CASE("preflight: packages are counted by family, but for what may not be wanted there") {
  auto role = parse_role("one",
                         "role: one\ndescription: d\ntasks:\n"
                         "  - {name: a, package: {names: [all, \"{{node.name}}\"]}}\n"
                         "  - {name: b, package: {names: {apt: [deb], dnf: [red, hat]}}}\n"
                         "  - {name: c, package: {names: [some]}, when: facts.apt}\n"
                         "  - {name: d, package: {names: [gone], state: absent}}\n");
  Node node;
  node.all_roles = {"one"};
  auto needs = needs_of(Cluster(), node, {role}, nullptr);
  CHECK(needs.packages);
  CHECK(needs.package_names ==
        PackageNames{{"apk", {"all"}}, {"apt", {"all", "deb"}}, {"dnf", {"all", "hat", "red"}}});
}

TEST_CASE("preflight: a role whose packages only some nodes get needs no package manager") {
  auto role = parse_role("one",
                         "role: one\ndescription: d\ntasks:\n"
                         "  - {name: a, package: {names: [some]}, when: facts.selinux}\n");
  Node node;
  node.all_roles = {"one"};
  CHECK_FALSE(needs_of(Cluster(), node, {role}, nullptr).packages);
}

TEST_CASE("preflight: packages are asked for only where a bundle has some") {
  auto roles = load_roles({});
  Node node;
  node.all_roles = {"etcd"};
  auto needs = needs_of(Cluster(), node, roles, nullptr);
  const std::set<std::string> names{"curl"};
  CHECK(needs.package_names == PackageNames{{"apk", names}, {"apt", names}, {"dnf", names}});
  CHECK(questions_for(needs).packages.empty());
  needs.has_packages = [](auto&, auto&, auto&) { return true; };
  CHECK(questions_for(needs).packages == needs.package_names);
}

TEST_CASE("preflight: needs come from the roles that a node does not have yet") {
  auto roles = load_roles({});
  Cluster cluster;
  cluster.settings.api_port = 6443;
  cluster.settings.balancer_port = 7443;
  cluster.settings.network_plugin = "bridge";
  Node node;
  node.all_roles = {"base", "etcd", "kube-control-plane"};
  auto needs = needs_of(cluster, node, roles, nullptr);
  CHECK((needs.kubernetes && needs.etcd && needs.control_plane && !needs.pods && !needs.own));
  CHECK(questions_for(needs).ports == std::vector<int>{2379, 2380, 2381, 6443, 10257, 10259});
  CHECK(std::ranges::count(needs.artifacts, "kube-apiserver") == 1);
  NodeRecord record;
  record.roles = {{"base", "f"}, {"etcd", "f"}};
  needs = needs_of(cluster, node, roles, &record);
  CHECK((needs.own && !needs.etcd && needs.control_plane));
  CHECK(questions_for(needs).ports == std::vector<int>{6443, 10257, 10259});
  record.roles.clear();
  CHECK_FALSE(needs_of(cluster, node, roles, &record).own);
  node.all_roles = {"base", "few"};
  needs = needs_of(cluster, node, roles, nullptr);
  CHECK_FALSE(needs.kubernetes);
  CHECK(questions_for(needs).ports.empty());
}
