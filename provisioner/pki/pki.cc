#include "provisioner/pki/pki.h"

#include <array>
#include <utility>

#include "provisioner/base/text.h"
#include "provisioner/pki/certificate.h"
#include "provisioner/pki/hex.h"

namespace muster {

namespace {

constexpr std::time_t kDay = 24 * 60 * 60;
constexpr std::time_t kAuthorityLife = 3650 * kDay;
constexpr std::time_t kCertificateLife = 365 * kDay;
constexpr std::time_t kSkew = 5 * 60;

Validity from_now(std::time_t life) {
  auto now = std::time(nullptr);
  return {now - kSkew, now + life};
}

std::string key_name(const std::string& name) { return "pki/" + name + "/key"; }
std::string certificate_name(const std::string& name) { return "pki/" + name + "/crt"; }

std::string random_bytes(int count) {
  std::string bytes(static_cast<std::size_t>(count), '\0');
  require(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), count) == 1,
          "get random numbers");
  return bytes;
}

Error unreadable(const std::string& what) {
  return Error("the state's " + what + " cannot be read")
      .hint("restore the state from a backup; making it anew would cut off every node that has it");
}

/// The key under `name`, made when missing. One that is there and broken is never replaced.
KeyPtr kept_key(Vault& vault, const std::string& name) {
  auto stored = vault.get(key_name(name));
  if (!stored) {
    auto key = make_key();
    vault.put(key_name(name), key_to_pem(key.get()));
    return key;
  }
  auto key = key_from_pem(stored->reveal());
  if (!key) throw unreadable("key '" + name + "'");
  return key;
}

Identity identity_of(X509* certificate, EVP_PKEY* key) {
  return {certificate_to_pem(certificate), key_to_pem(key)};
}

}  // namespace

Pki::Pki(Vault& vault, std::string deployment)
    : vault_(vault), deployment_(std::move(deployment)) {}

Identity Pki::authority(const std::string& name) {
  auto stored_as = name + "-ca";
  auto stored = vault_.get(certificate_name(stored_as));
  if (stored && !vault_.get(key_name(stored_as))) throw unreadable("key '" + stored_as + "'");
  auto key = kept_key(vault_, stored_as);
  if (stored) {
    auto certificate = certificate_from_pem(stored->reveal());
    if (!certificate || X509_check_private_key(certificate.get(), key.get()) != 1) {
      throw unreadable("certificate '" + stored_as + "'");
    }
    if (has_life_left(certificate.get())) return identity_of(certificate.get(), key.get());
  }
  Profile profile;
  profile.common_name = name == "cluster" ? "kubernetes-ca" : name + "-ca";
  profile.organizations = {deployment_};
  profile.authority = true;
  // Also when the old one ends: with the same name and key, what it signed stays good.
  auto certificate = issue(profile, key.get(), from_now(kAuthorityLife), nullptr, nullptr);
  auto made = identity_of(certificate.get(), key.get());
  vault_.put(certificate_name(stored_as), Secret(made.certificate));
  return made;
}

Identity Pki::certificate(const CertificateSpec& spec) {
  auto authority_identity = authority(spec.authority);
  auto authority_key = key_from_pem(authority_identity.key.reveal());
  auto issuer = certificate_from_pem(authority_identity.certificate);
  Profile profile{spec.common_name, spec.organizations, spec.sans, false, spec.server, spec.client};

  auto stored_key = vault_.get(key_name(spec.name));
  auto stored = vault_.get(certificate_name(spec.name));
  if (stored_key && stored) {
    auto key = key_from_pem(stored_key->reveal());
    auto certificate = certificate_from_pem(stored->reveal());
    if (key && certificate && has_life_left(certificate.get()) &&
        says_the_same(certificate.get(), profile, key.get(), issuer.get(), authority_key.get())) {
      return {stored->reveal(), *stored_key};
    }
  }
  auto key = make_key();
  auto certificate =
      issue(profile, key.get(), from_now(kCertificateLife), issuer.get(), authority_key.get());
  auto made = identity_of(certificate.get(), key.get());
  vault_.put(key_name(spec.name), made.key);
  vault_.put(certificate_name(spec.name), Secret(made.certificate));
  return made;
}

std::pair<Secret, std::string> Pki::signing_key(const std::string& name) {
  auto key = kept_key(vault_, name);
  return {key_to_pem(key.get()), public_key_to_pem(key.get())};
}

Secret Pki::random_key(const std::string& name) {
  auto stored_as = "pki/" + name + "/random";
  if (auto stored = vault_.get(stored_as)) return *stored;
  Secret made(base64_encode(random_bytes(32)));
  vault_.put(stored_as, made);
  return made;
}

std::chrono::seconds certificate_life_left(const std::string& pem) {
  auto certificate = certificate_from_pem(pem);
  if (!certificate) throw Error("cannot read a certificate: the text is not one in PEM");
  return life_left(certificate.get());
}

std::string random_hex(int bytes) { return to_hex(random_bytes(bytes)); }

}  // namespace muster
