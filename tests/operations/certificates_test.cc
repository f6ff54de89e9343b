// Orders of certificates, and what the state knows of those that were made.
#include "provisioner/operations/certificates.h"

#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/operations/found_certificates.h"
#include "provisioner/operations/kubeconfig.h"
#include "provisioner/run/access.h"
#include "tests/support/folder.h"
#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

namespace {

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;

std::string refusal(const std::function<void()>& act) {
  try {
    act();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

CertificateSpec spec_of(const std::string& name, const std::string& authority = "cluster") {
  CertificateSpec spec;
  spec.name = name;
  spec.authority = authority;
  spec.common_name = "x";
  spec.client = true;
  return spec;
}

/// "node name ca renewed-by" of each.
std::vector<std::string> lines_of(const std::vector<KnownCertificate>& certificates) {
  std::vector<std::string> lines;
  for (const auto& one : certificates) {
    lines.push_back(one.node + "|" + one.name + "|" + one.authority + "|" + one.renewed_by);
  }
  return lines;
}

}  // namespace

TEST_CASE("certificates: a renewal that is not done is gone on with, not begun again") {
  CertificateOrder order;
  CHECK(order.is_done());
  auto first = order_renewal(order);
  CHECK(first.generation == 1);
  CHECK(first.renewed == 1);
  CHECK_FALSE(first.is_done());
  CHECK(unfinished_words(first) == "the renewal of the certificates is not done");
  CHECK(order_renewal(first).generation == 1);
  first.done = 1;
  CHECK(unfinished_words(first).empty());
  CHECK(order_renewal(first).generation == 2);
}

TEST_CASE("certificates: a rotation goes through its phases, each until it is done") {
  CertificateOrder order;
  for (int phase = 1; phase <= 3; ++phase) {
    order = order_rotation(order);
    CHECK(static_cast<int>(order.phase) == phase);
    CHECK(order.generation == phase);
    CHECK(order.rotations == 1);
    CHECK(order.renewed == 0);
    auto words = "CA rotation: phase " + std::to_string(phase) + " of 3, ";
    CHECK(unfinished_words(order) == words + "not done");
    CHECK(order_rotation(order).generation == phase);
    order.done = order.generation;
    CHECK(unfinished_words(order) == words + "done");
  }
}

TEST_CASE("certificates: renewals and rotations keep out of each other's way") {
  auto rotating = order_rotation({});
  CHECK(refusal([&] { order_renewal(rotating); }) ==
        "the CAs are being rotated, which makes new certificates as well\n"
        "  go on with that: muster certs rotate-ca NAME");
  auto renewing = order_renewal({});
  CHECK(refusal([&] { order_rotation(renewing); }) ==
        "a renewal of the certificates is not done\n  end it first: muster certs renew NAME");
}

TEST_CASE("certificates: the state keeps the order through revisions, until the deployment goes") {
  Trial trial;
  trial.apply();
  CHECK(trial.store().deployment("d")->certificates.generation == 0);
  CertificateOrder order{4, 3, 2, 1, RotationPhase::issue};
  trial.store().mark_certificates("d", order);
  trial.apply(2);
  auto kept = trial.store().deployment("d")->certificates;
  CHECK(kept.generation == 4);
  CHECK(kept.done == 3);  // no role was applied
  CHECK(kept.renewed == 2);
  CHECK(kept.rotations == 1);
  CHECK(kept.phase == RotationPhase::issue);
  CHECK(trial.store().deployments().front().certificates.generation == 4);
  trial.store().forget_deployment("d");
  trial.apply();
  CHECK(trial.store().deployment("d")->certificates.generation == 0);
}

TEST_CASE("certificates: the end of a rotation makes the new authorities the only ones") {
  Trial trial;
  trial.apply();
  auto& store = trial.store();
  auto vault = deployment_vault(store, "d");
  auto old_one = Pki(*vault, "d").authority("cluster").certificate;
  auto record = *store.deployment("d");
  record.certificates = {3, 2, 0, 1, RotationPhase::distrust};
  auto new_one = Pki(*vault, "d", record.certificates).authority("cluster").certificate;
  mark_certificates_done(store, record);
  auto now = store.deployment("d")->certificates;
  CHECK(now.is_done());
  CHECK(now.phase == RotationPhase::none);
  CHECK(new_one != old_one);
  CHECK(Pki(*vault, "d", now).trusted("cluster") == new_one);
}

TEST_CASE("certificates: known are those of authorities and of nodes that have the role") {
  Trial trial;
  trial.apply();
  auto& store = trial.store();
  auto nodes = store.deployment("d")->nodes;
  REQUIRE(nodes.size() == 2);
  const auto& master = nodes[0].name;
  const auto& worker = nodes[1].name;
  store.put_role("d", master, {"etcd", "f"});
  store.put_role("d", worker, {"kube-node", "f"});
  auto vault = deployment_vault(store, "d");
  Pki pki(*vault, "d");
  pki.certificate(spec_of("kubelet/" + worker));
  pki.certificate(spec_of("kubelet-client/" + worker));
  pki.certificate(spec_of("etcd/" + master, "etcd"));
  pki.certificate(spec_of("etcd/" + worker, "etcd"));  // of a role that it no longer has
  pki.certificate(spec_of("etcd/gone", "etcd"));
  pki.certificate(spec_of("admin"));
  auto known = known_certificates(store, built_in_roles(), *store.deployment("d"));
  CHECK(lines_of(known) ==
        std::vector<std::string>{"|cluster CA|cluster|muster certs rotate-ca",
                                 "|etcd CA|etcd|muster certs rotate-ca",
                                 "|administrator's kubeconfig|cluster|muster kubeconfig",
                                 master + "|etcd|etcd|muster certs renew",
                                 worker + "|kubelet-client|cluster|the kubelet",
                                 worker + "|kubelet|cluster|muster certs renew"});
  // What others renew does not end anything.
  for (auto& one : known) {
    if (one.name == "kubelet-client") one.ends_ms = 1;
    if (one.name == "etcd") one.ends_ms = 2;
  }
  auto soonest = soonest_to_end(known);
  REQUIRE(soonest);
  CHECK(soonest->name == "etcd");
  CHECK_FALSE(soonest_to_end({}));
}

TEST_CASE("certificates: days are whole ones, and none is left of what has ended") {
  CHECK(days_until(10 * kDayMs, 0) == 10);
  CHECK(days_until(10 * kDayMs - 1, 0) == 9);
  CHECK(days_until(kDayMs - 1, 0) == 0);
  CHECK(days_until(0, 1) == -1);
  CHECK(days_until(0, 3 * kDayMs) == -3);
}

TEST_CASE("certificates: what a node prints is taken apart by file, and noise is left out") {
  const std::string pem = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n";
  auto found = certificates_in("noise\n=> /a\n" + pem + pem + "=> /b\n=> /c\n" +
                               "-----BEGIN CERTIFICATE-----\ncut\n=> /d\n" + pem + "noise\n");
  using Pair = std::pair<std::string, std::string>;
  CHECK(found == std::vector<Pair>{{"/a", pem}, {"/a", pem}, {"/d", pem}});
  CHECK(certificates_in("").empty());
}

TEST_CASE("certificates: those of kubeconfigs are found, as they are written now and were before") {
  const std::string pem = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n";
  const auto now = kubeconfig_text("2026", "https://10.0.0.1:6443", "ca", {pem, Secret("key")});
  auto before = now.reveal();
  std::erase(before, '"');
  REQUIRE(before.size() < now.reveal().size());
  TestFolder folder;
  ProcessSpec sh;
  sh.argv = {"sh"};
  sh.input = std::string(resource("provisioner/operations/found_certificates.sh"));
  for (const auto& [name, text] : {std::pair{"now", now.reveal()}, {"before", before}}) {
    write_file(folder / name, text);
    sh.input += "m_print " + shell_quote(folder / name) + "\n";
  }
  using Pair = std::pair<std::string, std::string>;
  CHECK(certificates_in(run_process(sh).output) ==
        std::vector<Pair>{{folder / "now", pem}, {folder / "before", pem}});
}
