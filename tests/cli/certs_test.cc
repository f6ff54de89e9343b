// What `certs` and `status` say of certificates, on a state made for it.
#include <ctime>
#include <nlohmann/json.hpp>

#include "provisioner/pki/certificate.h"
#include "provisioner/pki/pki.h"
#include "tests/cli/desk.h"

using namespace muster;
using testing::Desk;

namespace {

constexpr std::time_t kDay = 24 * 60 * 60;

/// A state with the deployment "demo" of one node that has etcd and a kubelet.
class CertsDesk : public Desk {
 public:
  CertsDesk()
      : Desk(R"({"name": "demo", "tenant": "blue", "commit": false,
                 "nodes": [{"prefix": "m", "roles": ["etcd", "k8s-master"]}]})") {
    NodeRecord node;
    node.name = "m-001";
    node.provider = "local";
    node.state = NodeState::ready;
    store().put_node("demo", node);
    store().put_role("demo", "m-001", {"etcd", "f"});
    store().put_role("demo", "m-001", {"kube-node", "f"});
  }

  /// A certificate of `name` that ends in so many days and an hour.
  void put(const std::string& name, std::time_t days) {
    auto key = make_key();
    Profile profile;
    profile.common_name = name;
    auto now = std::time(nullptr);
    Validity validity{now - 400 * kDay, now + days * kDay + 3600};
    auto made = issue(profile, key.get(), validity, nullptr, nullptr);
    store().put_secret(deployment_scope("demo"), "pki/" + name + "/crt",
                       Secret(certificate_to_pem(made.get())));
  }

  bool says(const std::string& text) const {
    return out.find(text) != std::string::npos || talk.find(text) != std::string::npos;
  }
};

}  // namespace

TEST_CASE("certs: a list has whose each is, how long it lasts and who renews it") {
  CertsDesk desk;
  CHECK(desk.run({"certs", "list", "demo"}) == 0);
  CHECK(desk.talk == "muster: 'demo' has no certificates\n");
  desk.put("etcd/m-001", 200);
  desk.put("kubelet-client/m-001", 3);
  desk.put("kubelet/m-001", -2);
  CHECK(desk.run({"certs", "list", "demo"}) == 0);
  CHECK(desk.out.starts_with("NODE "));
  CHECK(desk.says("m-001  etcd "));
  CHECK(desk.says("  200      muster certs renew\n"));
  CHECK(desk.says("  3        the kubelet\n"));
  CHECK(desk.says("  expired  muster certs renew\n"));
  CHECK(desk.run({"certs", "list", "demo", "-o", "json"}) == 0);
  auto json = nlohmann::json::parse(desk.out);
  REQUIRE(json.size() == 3);
  CHECK(json[0].at("node") == "m-001");
  CHECK(json[0].at("name") == "etcd");
  CHECK(json[0].at("subject") == "CN=etcd/m-001");
  CHECK(json[0].at("days_left") == 200);
  CHECK(json[0].at("renewed_by") == "muster certs renew");
  CHECK(json[0].at("serial").get<std::string>().size() > 24);
}

TEST_CASE("certs: status says which one ends first, and warns when that is soon") {
  CertsDesk desk;
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK_FALSE(desk.says("certificates:"));
  desk.put("etcd/m-001", 200);
  desk.put("kubelet-client/m-001", 3);  // the kubelet has seen to that
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK(desk.says("certificates: 2; the soonest to end is etcd of m-001, in 200 days ("));
  CHECK_FALSE(desk.says("warning"));
  desk.put("kubelet/m-001", 29);
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK(desk.says("is kubelet of m-001, in 29 days"));
  CHECK(desk.says("  warning: it expires soon; renew it: muster certs renew demo\n"));
  desk.put("kubelet/m-001", -1);
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK(desk.says("is kubelet of m-001, which ended ("));
  CHECK(desk.says("  warning: it has expired; renew it: muster certs renew demo\n"));
  CHECK(desk.run({"status", "demo", "-o", "json"}) == 0);
  auto json = nlohmann::json::parse(desk.out).at("certificates");
  CHECK(json.at("count") == 3);
  CHECK(json.at("soonest").at("certificate") == "kubelet");
  CHECK(json.at("soonest").at("node") == "m-001");
  CHECK(json.at("soonest").at("days_left") == -1);
  CHECK(json.at("rotation_phase") == 0);
  CHECK(json.at("done") == true);
}

TEST_CASE("certs: status says what is to be gone on with") {
  CertsDesk desk;
  desk.put("etcd/m-001", 200);
  desk.store().mark_certificates("demo", {1, 0, 1, 0, RotationPhase::none});
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK(
      desk.says("  the renewal of the certificates is not done; go on: muster certs renew demo\n"));
  desk.store().mark_certificates("demo", {2, 2, 1, 1, RotationPhase::trust});
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK(desk.says("  CA rotation: phase 1 of 3, done; go on: muster certs rotate-ca demo\n"));
}

TEST_CASE("certs: what cannot be done is refused") {
  CertsDesk desk;
  CHECK(desk.run({"certs", "renew", "demo"}) == 2);
  CHECK(desk.says("'demo' has no certificates\n"));
  CHECK(desk.run({"certs", "renew", "other"}) == 2);
  CHECK(desk.says("there is no deployment 'other'"));
  desk.put("etcd/m-001", 200);
  desk.store().mark_certificates("demo", {1, 0, 0, 1, RotationPhase::trust});
  CHECK(desk.run({"certs", "renew", "demo", "--yes"}) == 2);
  CHECK(desk.says("the CAs are being rotated"));
  desk.store().mark_certificates("demo", {2, 1, 2, 1, RotationPhase::none});
  CHECK(desk.run({"certs", "rotate-ca", "demo", "--yes"}) == 2);
  CHECK(desk.says("a renewal of the certificates is not done"));
  desk.store().mark_certificates("demo", {2, 2, 0, 1, RotationPhase::issue});
  CHECK(desk.run({"certs", "rotate-ca", "demo", "--phase", "1", "--yes"}) == 0);
  CHECK(desk.talk == "muster: phase 1 is done already\n");
  CHECK(desk.run({"certs", "rotate-ca", "demo", "--phase", "4"}) == 2);
  CHECK(desk.says("'--phase' must be"));
}
