#include <doctest/doctest.h>

#include <ctime>
#include <set>

#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/pki/certificate.h"
#include "provisioner/pki/pki.h"
#include "tests/support/folder.h"
#include "tests/support/vault.h"

using namespace muster;

namespace {

CertificateSpec server_spec() {
  CertificateSpec spec;
  spec.name = "kube-apiserver";
  spec.authority = "cluster";
  spec.common_name = "kube-apiserver";
  spec.organizations = {"system:masters", "muster"};
  spec.sans = {"kubernetes.default", "10.96.0.1", "fd00::1", "m-1"};
  spec.server = true;
  return spec;
}

/// What the openssl command says of the certificate.
std::string described(const std::string& certificate) {
  ProcessSpec spec;
  spec.argv = {"openssl",
               "x509",
               "-noout",
               "-subject",
               "-issuer",
               "-ext",
               "subjectAltName,keyUsage,extendedKeyUsage,basicConstraints"};
  spec.input = certificate;
  return run_or_throw(spec);
}

std::string openssl(std::vector<std::string> arguments, const std::string& input) {
  ProcessSpec spec;
  spec.argv = std::move(arguments);
  spec.argv.insert(spec.argv.begin(), "openssl");
  spec.input = input;
  return run_or_throw(spec);
}

void verify(const std::string& authority, const std::string& certificate,
            const std::string& purpose) {
  TestFolder folder;
  write_file(folder / "ca.crt", authority);
  write_file(folder / "it.crt", certificate);
  run_or_throw({"openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile",
                folder / "ca.crt", folder / "it.crt"});
}

/// Puts a certificate for `spec` into the vault that was valid `from` seconds from now `until`.
void plant(MemoryVault& vault, Pki& pki, const CertificateSpec& spec, long from, long until) {
  auto authority = pki.authority(spec.authority);
  auto issuer = certificate_from_pem(authority.certificate);
  auto issuer_key = key_from_pem(authority.key.reveal());
  auto key = make_key();
  Profile profile{spec.common_name, spec.organizations, spec.sans, false, spec.server, spec.client};
  auto now = std::time(nullptr);
  auto made = issue(profile, key.get(), {now + from, now + until}, issuer.get(), issuer_key.get());
  vault.put("pki/" + spec.name + "/key", key_to_pem(key.get()));
  vault.put("pki/" + spec.name + "/crt", Secret(certificate_to_pem(made.get())));
}

}  // namespace

TEST_CASE("pki: an authority may only sign, and only end certificates") {
  MemoryVault vault;
  auto authority = Pki(vault, "c1").authority("cluster");
  CHECK(described(authority.certificate) ==
        "subject=O = c1, CN = kubernetes-ca\n"
        "issuer=O = c1, CN = kubernetes-ca\n"
        "X509v3 Basic Constraints: critical\n"
        "    CA:TRUE, pathlen:0\n"
        "X509v3 Key Usage: critical\n"
        "    Certificate Sign, CRL Sign\n");
  verify(authority.certificate, authority.certificate, "any");
  auto years = certificate_life_left(authority.certificate) / std::chrono::hours(24 * 365);
  CHECK((years == 9 || years == 10));
}

TEST_CASE("pki: a certificate carries its names by form, its groups and its purpose") {
  MemoryVault vault;
  auto issued = Pki(vault, "c1").certificate(server_spec());
  CHECK(described(issued.certificate) ==
        "subject=O = muster, O = system:masters, CN = kube-apiserver\n"
        "issuer=O = c1, CN = kubernetes-ca\n"
        "X509v3 Basic Constraints: critical\n"
        "    CA:FALSE\n"
        "X509v3 Key Usage: critical\n"
        "    Digital Signature\n"
        "X509v3 Extended Key Usage: \n"
        "    TLS Web Server Authentication\n"
        "X509v3 Subject Alternative Name: \n"
        "    IP Address:10.96.0.1, IP Address:FD00:0:0:0:0:0:0:1, DNS:kubernetes.default, "
        "DNS:m-1\n");
}

TEST_CASE("pki: the chain verifies for the purpose asked for and for no other") {
  MemoryVault vault;
  Pki pki(vault, "c1");
  auto spec = server_spec();
  auto server = pki.certificate(spec);
  verify(pki.authority("cluster").certificate, server.certificate, "sslserver");
  CHECK_THROWS_AS(verify(pki.authority("cluster").certificate, server.certificate, "sslclient"),
                  Error);
  CHECK_THROWS_AS(verify(pki.authority("etcd").certificate, server.certificate, "sslserver"),
                  Error);
  spec.client = true;
  auto both = pki.certificate(spec);
  verify(pki.authority("cluster").certificate, both.certificate, "sslserver");
  verify(pki.authority("cluster").certificate, both.certificate, "sslclient");
}

TEST_CASE("pki: the key is the certificate's, in the form that every component reads") {
  MemoryVault vault;
  auto issued = Pki(vault, "c1").certificate(server_spec());
  CHECK(issued.key.reveal().starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
  CHECK(openssl({"pkey", "-pubout"}, issued.key.reveal()) ==
        openssl({"x509", "-noout", "-pubkey"}, issued.certificate));
}

TEST_CASE("pki: a certificate is good for clocks five minutes behind, and serials are random") {
  MemoryVault vault;
  Pki pki(vault, "c1");
  auto issued = pki.certificate(server_spec());
  auto certificate = certificate_from_pem(issued.certificate);
  REQUIRE(certificate);
  auto behind = std::time(nullptr) - 4 * 60;
  CHECK(X509_cmp_time(X509_get0_notBefore(certificate.get()), &behind) < 0);
  auto serial = [](const std::string& pem) { return openssl({"x509", "-noout", "-serial"}, pem); };
  CHECK(serial(issued.certificate).size() > std::string("serial=").size() + 24);
  CHECK(serial(issued.certificate) != serial(pki.authority("cluster").certificate));
}

TEST_CASE("pki: what was made once comes back the same, also to the next run") {
  MemoryVault vault;
  auto authority = Pki(vault, "c1").authority("cluster");
  auto issued = Pki(vault, "c1").certificate(server_spec());
  auto signing = Pki(vault, "c1").signing_key("service-account");
  auto random = Pki(vault, "c1").random_key("encryption");

  Pki again(vault, "c1");
  CHECK(again.authority("cluster").certificate == authority.certificate);
  CHECK(again.authority("cluster").key.reveal() == authority.key.reveal());
  CHECK(again.certificate(server_spec()).certificate == issued.certificate);
  CHECK(again.certificate(server_spec()).key.reveal() == issued.key.reveal());
  CHECK(again.signing_key("service-account").first.reveal() == signing.first.reveal());
  CHECK(again.random_key("encryption").reveal() == random.reveal());
  auto reordered = server_spec();
  std::swap(reordered.sans[0], reordered.sans[3]);
  std::swap(reordered.organizations[0], reordered.organizations[1]);
  CHECK(again.certificate(reordered).certificate == issued.certificate);
}

TEST_CASE("pki: a change of name, group, address or purpose makes a certificate anew") {
  MemoryVault vault;
  Pki pki(vault, "c1");
  auto last = pki.certificate(server_spec()).certificate;
  auto changed = [&](void (*change)(CertificateSpec&)) {
    auto spec = server_spec();
    change(spec);
    auto now = pki.certificate(spec).certificate;
    bool differs = now != last;
    last = now;
    return differs;
  };
  CHECK(changed([](CertificateSpec& spec) { spec.common_name = "other"; }));
  CHECK(changed([](CertificateSpec& spec) { spec.organizations = {"System:Masters", "muster"}; }));
  CHECK(changed([](CertificateSpec& spec) { spec.sans.emplace_back("10.0.0.9"); }));
  CHECK(changed([](CertificateSpec& spec) { spec.sans.clear(); }));
  CHECK(changed([](CertificateSpec& spec) { spec.client = true; }));
  CHECK(changed([](CertificateSpec& spec) { spec.authority = "etcd"; }));
  CHECK(changed([](CertificateSpec&) {}));
}

TEST_CASE("pki: a certificate is made anew when less than a fifth of its life is left") {
  MemoryVault vault;
  Pki pki(vault, "c1");
  auto stored = [&] { return vault.values.at("pki/kube-apiserver/crt").reveal(); };

  plant(vault, pki, server_spec(), -700, 300);
  auto young = stored();
  CHECK(pki.certificate(server_spec()).certificate == young);

  plant(vault, pki, server_spec(), -900, 100);
  auto old = stored();
  CHECK(pki.certificate(server_spec()).certificate != old);
  CHECK(stored() != old);

  plant(vault, pki, server_spec(), -900, -100);
  CHECK(certificate_life_left(stored()).count() < 0);
  CHECK(certificate_life_left(pki.certificate(server_spec()).certificate) >
        std::chrono::hours(24 * 364));
}

TEST_CASE("pki: an authority near its end keeps name and key, so what it signed stays good") {
  MemoryVault vault;
  Pki pki(vault, "c1");
  auto issued = pki.certificate(server_spec());
  auto key = key_from_pem(vault.values.at("pki/cluster-ca/key").reveal());
  Profile profile{"kubernetes-ca", {"c1"}, {}, true, false, false};
  auto now = std::time(nullptr);
  auto old = certificate_to_pem(
      issue(profile, key.get(), {now - 1000, now + 100}, nullptr, nullptr).get());
  vault.put("pki/cluster-ca/crt", Secret(old));

  Pki later(vault, "c1");
  auto renewed = later.authority("cluster").certificate;
  CHECK(renewed != old);
  verify(renewed, issued.certificate, "sslserver");
  CHECK(later.certificate(server_spec()).certificate == issued.certificate);
}

TEST_CASE("pki: a certificate cut by a crash, or of another authority, is made anew") {
  MemoryVault vault;
  Pki pki(vault, "c1");
  auto first = pki.certificate(server_spec());
  vault.put("pki/kube-apiserver/key", key_to_pem(make_key().get()));
  auto second = pki.certificate(server_spec());
  CHECK(second.certificate != first.certificate);

  vault.values.erase("pki/cluster-ca/key");
  vault.values.erase("pki/cluster-ca/crt");
  Pki later(vault, "c1");
  auto third = later.certificate(server_spec());
  CHECK(third.certificate != second.certificate);
  verify(later.authority("cluster").certificate, third.certificate, "sslserver");
}

TEST_CASE("pki: a broken authority is refused, never replaced, and its text is not shown") {
  MemoryVault vault;
  Pki(vault, "c1").authority("cluster");
  vault.put("pki/cluster-ca/key", Secret("-----BEGIN EC PRIVATE KEY-----\nhush\n"));
  CHECK_THROWS_WITH_AS(
      Pki(vault, "c1").certificate(server_spec()),
      "the state's key 'cluster-ca' cannot be read\n"
      "  restore the state from a backup; making it anew would cut off every node that has it",
      Error);
  CHECK(vault.values.at("pki/cluster-ca/key").reveal().find("hush") != std::string::npos);
  vault.values.erase("pki/cluster-ca/key");
  CHECK_THROWS_AS(Pki(vault, "c1").authority("cluster"), Error);
  CHECK_FALSE(vault.get("pki/cluster-ca/key"));
}

TEST_CASE("pki: a common name of a long node name is not cut") {
  MemoryVault vault;
  auto spec = server_spec();
  spec.common_name = "system:node:" + std::string(63, 'n');
  auto issued = Pki(vault, "c1").certificate(spec);
  CHECK(described(issued.certificate).find(spec.common_name) != std::string::npos);
}

TEST_CASE("pki: a name with a comma stays one name") {
  MemoryVault vault;
  auto spec = server_spec();
  spec.sans = {"a,DNS:b"};
  auto issued = certificate_from_pem(Pki(vault, "c1").certificate(spec).certificate);
  NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(issued.get(), NID_subject_alt_name, nullptr, nullptr)));
  CHECK(sk_GENERAL_NAME_num(names.get()) == 1);
}

TEST_CASE("pki: a signing key signs what its public half verifies") {
  MemoryVault vault;
  auto [key, public_key] = Pki(vault, "c1").signing_key("service-account");
  CHECK(key.reveal().starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
  CHECK(public_key.starts_with("-----BEGIN PUBLIC KEY-----\n"));
  TestFolder folder;
  write_file(folder / "key", key.reveal(), 0600);
  write_file(folder / "pub", public_key);
  write_file(folder / "text", "token");
  run_or_throw({"openssl", "dgst", "-sha256", "-sign", folder / "key", "-out", folder / "sig",
                folder / "text"});
  run_or_throw({"openssl", "dgst", "-sha256", "-verify", folder / "pub", "-signature",
                folder / "sig", folder / "text"});
}

TEST_CASE("pki: a random key is 32 bytes in base64 and differs by name") {
  MemoryVault vault;
  Pki pki(vault, "c1");
  auto key = pki.random_key("encryption").reveal();
  CHECK(key.size() == 44);
  CHECK(openssl({"base64", "-d", "-A"}, key).size() == 32);
  CHECK(key != pki.random_key("other").reveal());
}

TEST_CASE("pki: a login key is what ssh-keygen reads, with the public half that it says") {
  TestFolder folder;
  for (std::string comment : {"", "muster", "a longer comment @ host"}) {
    auto pair = make_ssh_key(comment);
    write_file(folder / "key", pair.private_key.reveal(), 0600);
    CHECK(run_or_throw({"ssh-keygen", "-y", "-P", "", "-f", folder / "key"}) ==
          pair.public_key + "\n");
    write_file(folder / "pub", pair.public_key + "\n");
    CHECK(run_or_throw({"ssh-keygen", "-l", "-f", folder / "pub"}).find("(ED25519)") !=
          std::string::npos);
  }
}

TEST_CASE("pki: what is no certificate is an error that does not show it") {
  CHECK_THROWS_WITH_AS(certificate_life_left("hush"),
                       "cannot read a certificate: the text is not one in PEM", Error);
}

TEST_CASE("pki: random hex has two digits a byte and does not come twice") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    auto value = random_hex(8);
    CHECK(value.size() == 16);
    CHECK(value.find_first_not_of("0123456789abcdef") == std::string::npos);
    seen.insert(value);
  }
  CHECK(seen.size() == 100);
}
