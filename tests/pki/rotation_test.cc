// Renewal of certificates, and authorities that take each other's place.
#include <doctest/doctest.h>

#include "provisioner/base/text.h"
#include "provisioner/pki/pki.h"
#include "tests/support/vault.h"

using namespace muster;

namespace {

CertificateSpec spec_of(const std::string& node, const std::string& authority = "cluster") {
  CertificateSpec spec;
  spec.name = "kubelet/" + node;
  spec.authority = authority;
  spec.common_name = node;
  spec.client = true;
  return spec;
}

CertificateOrder renewed(int generation) { return {generation, generation - 1, generation, 0, {}}; }

CertificateOrder rotating(RotationPhase phase) {
  int generation = static_cast<int>(phase);
  return {generation, generation - 1, 0, 1, phase};
}

std::size_t certificates_in(const std::string& pem) {
  std::size_t count = 0;
  for (auto at = pem.find("BEGIN"); at != std::string::npos; at = pem.find("BEGIN", at + 1))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("pki: a renewal makes certificate and key anew, once, and nothing else") {
  MemoryVault vault;
  auto before = Pki(vault, "c1").certificate(spec_of("w-1"));
  auto authority = Pki(vault, "c1").authority("cluster").certificate;
  auto signing = Pki(vault, "c1").signing_key("service-account");
  auto random = Pki(vault, "c1").random_key("encryption");

  auto after = Pki(vault, "c1", renewed(1)).certificate(spec_of("w-1"));
  CHECK(after.certificate != before.certificate);
  CHECK(after.key.reveal() != before.key.reveal());
  // A run that was cut goes on with what it has handed out.
  CHECK(Pki(vault, "c1", renewed(1)).certificate(spec_of("w-1")).certificate == after.certificate);
  CHECK(Pki(vault, "c1", renewed(2)).certificate(spec_of("w-1")).certificate != after.certificate);

  Pki pki(vault, "c1", renewed(2));
  CHECK(pki.authority("cluster").certificate == authority);
  CHECK(pki.trusted("cluster") == authority);
  CHECK(pki.signing_key("service-account").second == signing.second);
  CHECK(pki.random_key("encryption").reveal() == random.reveal());
}

TEST_CASE("pki: a node that comes after a renewal has nothing renewed") {
  MemoryVault vault;
  auto made = Pki(vault, "c1", renewed(3)).certificate(spec_of("w-1"));
  CHECK(Pki(vault, "c1", renewed(3)).certificate(spec_of("w-1")).certificate == made.certificate);
}

TEST_CASE("pki: first the new authority is trusted, then it issues, then the old one is not") {
  MemoryVault vault;
  auto old_one = Pki(vault, "c1").authority("cluster").certificate;
  auto leaf = Pki(vault, "c1").certificate(spec_of("w-1")).certificate;

  Pki first(vault, "c1", rotating(RotationPhase::trust));
  CHECK(first.authority("cluster").certificate == old_one);
  CHECK(first.trusted("cluster").starts_with(old_one));
  CHECK(certificates_in(first.trusted("cluster")) == 2);
  CHECK(first.certificate(spec_of("w-1")).certificate == leaf);
  CHECK(kept_authorities(vault)[1].first == "cluster (new)");

  Pki second(vault, "c1", rotating(RotationPhase::issue));
  auto new_one = second.authority("cluster").certificate;
  CHECK(new_one != old_one);
  CHECK(first.trusted("cluster") == old_one + new_one);
  CHECK(second.trusted("cluster") == old_one + new_one);
  auto issued = second.certificate(spec_of("w-1")).certificate;
  CHECK(issued != leaf);
  CHECK(is_signed_by(leaf, old_one));
  CHECK_FALSE(is_signed_by(leaf, new_one));
  CHECK(is_signed_by(issued, new_one));

  Pki third(vault, "c1", rotating(RotationPhase::distrust));
  CHECK(third.trusted("cluster") == new_one);
  CHECK(third.certificate(spec_of("w-1")).certificate == issued);

  auto old_key = vault.get("pki/cluster-ca/key")->reveal();
  third.authority("etcd");
  replace_authorities(vault);
  for (const auto& [name, value] : vault.values) CHECK_MESSAGE(value.reveal() != old_key, name);
  Pki after(vault, "c1", {3, 3, 0, 1, RotationPhase::none});
  CHECK(after.authority("cluster").certificate == new_one);
  CHECK(after.trusted("cluster") == new_one);
  CHECK(after.certificate(spec_of("w-1")).certificate == issued);
  CHECK(kept_authorities(vault).size() == 2);

  // Another rotation begins with another authority.
  Pki again(vault, "c1", {4, 3, 0, 2, RotationPhase::trust});
  CHECK(certificates_in(again.trusted("cluster")) == 2);
  CHECK(again.trusted("cluster").find(old_one) == std::string::npos);
}

TEST_CASE("pki: authorities that follow each other are told apart by name") {
  MemoryVault vault;
  auto name = [](const std::string& pem) { return certificate_facts(pem)->subject; };
  CHECK(name(Pki(vault, "c1").authority("etcd").certificate) == "O=c1,CN=etcd-ca");
  Pki rotated(vault, "c1", rotating(RotationPhase::issue));
  CHECK(name(rotated.authority("etcd").certificate) == "O=c1,CN=etcd-ca-2");
  CHECK(name(rotated.authority("cluster").certificate) == "O=c1,CN=kubernetes-ca-2");
}

TEST_CASE("pki: what a person wants to know of a certificate") {
  MemoryVault vault;
  auto spec = spec_of("w-1");
  spec.organizations = {"system:nodes"};
  auto facts = certificate_facts(Pki(vault, "c1").certificate(spec).certificate);
  REQUIRE(facts);
  CHECK(facts->subject == "O=system:nodes,CN=w-1");
  CHECK(facts->common_name == "w-1");
  CHECK(facts->serial.size() > 24);
  CHECK(facts->serial.find_first_not_of("0123456789ABCDEF") == std::string::npos);
  auto days = (facts->until_s - std::time(nullptr)) / (24 * 60 * 60);
  CHECK((days == 364 || days == 365));
  CHECK_FALSE(certificate_facts("no certificate"));
  CHECK_FALSE(is_signed_by("no certificate", "nor this"));
}

TEST_CASE("pki: a text is certificates when each of them can be read") {
  MemoryVault vault;
  auto good = Pki(vault, "c1").authority("etcd").certificate;
  const std::string cut = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  CHECK(are_certificates(good));
  CHECK(are_certificates("# ours\n" + good + good));
  CHECK_FALSE(are_certificates(cut));
  CHECK_FALSE(are_certificates(good + cut));
  CHECK_FALSE(are_certificates("no certificate"));
  CHECK_FALSE(are_certificates(""));
}
