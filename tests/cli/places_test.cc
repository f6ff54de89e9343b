// Definitions whose networks would cut their own hosts off: what validate and plan say.
#include <doctest/doctest.h>

#include <cstdlib>

#include "provisioner/base/files.h"
#include "tests/cli/desk.h"
#include "tests/support/said.h"

using namespace muster;
using muster::testing::Desk;

namespace {

/// A definition of three nodes on hosts of a file.
class Site {
 public:
  explicit Site(const std::string& hosts) : desk_("{}") {
    ::setenv("MUSTER_INVENTORY_DIR", (desk_.folder() / "claims").c_str(), 1);
    write_file(desk_.folder() / "hosts.yaml", "hosts:\n" + hosts);
  }
  ~Site() { ::unsetenv("MUSTER_INVENTORY_DIR"); }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  /// What the command says against the definition with these attribs.
  std::string said(const std::string& command, const std::string& attribs) {
    const auto folder = desk_.folder().path().string() + "/";
    write_file(folder + "site.json", "{\"name\": \"site\", \"attribs\": {" + attribs + R"(},
 "provider": {"name": "inventory", "hints": {"file": ")" +
                                         folder + R"(hosts.yaml"}},
 "nodes": [{"roles": ["etcd", "k8s-master"], "hosts": ["a"]},
           {"roles": ["k8s-worker"], "count": 2}]}
)");
    code = desk_.run({command, folder + "site.json"});
    auto text = desk_.talk;
    for (auto at = text.find(folder); at != text.npos; at = text.find(folder)) {
      text.erase(at, folder.size());
    }
    return text;
  }

  int code = 0;

 private:
  Desk desk_;
};

const std::string kLan = "  - {name: a, address: 10.20.0.1}\n  - {name: b, address: 10.20.0.2}\n";

}  // namespace

TEST_CASE("places: a pod network around the hosts is a mistake of validate, with its place") {
  Site site(kLan + "  - {name: c, address: 10.20.0.3, cluster_address: 10.30.0.3}\n");
  CHECK(
      site.said("validate", R"("k8s-kube_pod_subnet": "10.20.0.0/16")") ==
      R"(site.json:1:53: error: the pod network 10.20.0.0/16 takes 10.20.0.1, the address of node 'a' and 2 others
  {"name": "site", "attribs": {"k8s-kube_pod_subnet": "10.20.0.0/16"},
                                                      ^
  nodes send what is for that network to pods and Services only: use another one, e.g. --set attribs.k8s-kube_pod_subnet=10.128.0.0/16
muster: site.json has 1 mistake
)");
  CHECK(site.code == 2);
  CHECK(site.said("validate", R"("k8s-kube_pod_subnet": "10.21.0.0/16")") == "");
  CHECK(site.code == 0);
  CHECK(has(site.said("validate", R"("k8s-kube_service_addresses": "10.30.0.0/24")"),
            "takes 10.30.0.3, the cluster_address of node 'site-02-002'"));
}

TEST_CASE("places: the default networks are held against the hosts, with the host's place") {
  Site site(
      "  - {name: a, address: 10.233.70.1}\n  - {name: b, address: 10.20.0.2, bastion: "
      "ops@10.233.0.9}\n  - {name: c, address: 10.20.0.3}\n");
  CHECK(
      site.said("validate", "") ==
      R"(site.json:3:56: error: the pod network 10.233.64.0/18 takes 10.233.70.1, the address of node 'a'
   "nodes": [{"roles": ["etcd", "k8s-master"], "hosts": ["a"]},
                                                         ^
  nodes send what is for that network to pods and Services only: use another one, e.g. --set attribs.k8s-kube_pod_subnet=10.128.0.0/18
site.json:4:12: error: the Service network 10.233.0.0/18 takes 10.233.0.9, the bastion of node 'site-02-001'
             {"roles": ["k8s-worker"], "count": 2}]}
             ^
  nodes send what is for that network to pods and Services only: use another one, e.g. --set attribs.k8s-kube_service_addresses=10.128.0.0/18
muster: site.json has 2 mistakes
)");
  CHECK(site.code == 2);
}

TEST_CASE(
    "places: a host with only IPv6 is a mistake where Kubernetes is to run, and says what to "
    "give") {
  Site site(kLan + "  - {name: c, address: \"fd77::13\"}\n");
  CHECK(
      site.said("validate", "") ==
      R"(site.json:4:12: error: node 'site-02-002' is at fd77::13, and its roles need an IPv4 address
             {"roles": ["k8s-worker"], "count": 2}]}
             ^
  give its host one as 'cluster_address', at which the other nodes find it
muster: site.json has 1 mistake
)");
}

TEST_CASE("places: two nodes at one address are a mistake where Kubernetes is to run") {
  Site site(kLan + "  - {name: c, address: 10.20.0.2, port: 2222}\n");
  CHECK(has(
      site.said("validate", ""),
      "site.json:4:12: error: nodes 'site-02-001' and 'site-02-002' would both be at 10.20.0.2"));
}

TEST_CASE("places: a plan says the same, and that apply refuses it") {
  Site site(kLan + "  - {name: c, address: 10.233.64.3}\n");
  auto said = site.said("plan", "");
  CHECK(site.code == 2);
  CHECK(has(said, "site.json:4:12: error: the pod network 10.233.64.0/18 takes 10.233.64.3"));
  CHECK(has(said, "site.json has 1 mistake, apply refuses it until they are mended"));
}
