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
std::string generation_name(const std::string& name) { return "pki/" + name + "/generation"; }

/// Where authorities are kept: those in use, and those that are to take their place.
std::string old_name(const std::string& authority) { return authority + "-ca"; }
std::string new_name(const std::string& authority) { return authority + "-ca.next"; }

/// A vault forgets nothing: what is empty is not there.
std::optional<Secret> kept(Vault& vault, const std::string& name) {
  auto stored = vault.get(name);
  return stored && !stored->reveal().empty() ? stored : std::nullopt;
}

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
  auto stored = kept(vault, key_name(name));
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

Pki::Pki(Vault& vault, std::string deployment, const CertificateOrder& order)
    : vault_(vault), deployment_(std::move(deployment)), order_(order) {}

struct Pki::Authority {
  Identity identity;
  KeyPtr key;
  CertificatePtr certificate;
};

std::string Pki::issuing(const std::string& name) const {
  return order_.phase >= RotationPhase::issue ? new_name(name) : old_name(name);
}

Identity Pki::authority(const std::string& name) { return opened(issuing(name)).identity; }

std::string Pki::trusted(const std::string& name) {
  bool both = order_.phase == RotationPhase::trust || order_.phase == RotationPhase::issue;
  if (!both) return authority(name).certificate;
  // The same text in both phases: that others issue now changes nothing of what is trusted.
  return opened(old_name(name)).identity.certificate + opened(new_name(name)).identity.certificate;
}

const Pki::Authority& Pki::opened(const std::string& stored_as) {
  auto& known = authorities_[stored_as];
  if (!known) known = std::make_shared<const Authority>(open(stored_as));
  return *known;
}

Pki::Authority Pki::open(const std::string& stored_as) {
  auto stored = kept(vault_, certificate_name(stored_as));
  if (stored && !kept(vault_, key_name(stored_as))) throw unreadable("key '" + stored_as + "'");
  auto key = kept_key(vault_, stored_as);
  Profile profile;
  profile.organizations = {deployment_};
  profile.authority = true;
  if (stored) {
    auto certificate = certificate_from_pem(stored->reveal());
    if (!certificate || X509_check_private_key(certificate.get(), key.get()) != 1) {
      throw unreadable("certificate '" + stored_as + "'");
    }
    if (has_life_left(certificate.get())) {
      auto identity = identity_of(certificate.get(), key.get());
      return {std::move(identity), std::move(key), std::move(certificate)};
    }
    // With the same name and key, what it signed stays good.
    profile.common_name = common_name_of(certificate.get());
  } else {
    profile.common_name = stored_as.starts_with("cluster-ca")
                              ? "kubernetes-ca"
                              : stored_as.substr(0, stored_as.find('.'));
    // Told apart from those before them also by who goes by names.
    if (stored_as.ends_with(".next")) {
      profile.common_name += "-" + std::to_string(order_.rotations + 1);
    }
  }
  auto certificate = issue(profile, key.get(), from_now(kAuthorityLife), nullptr, nullptr);
  auto made = identity_of(certificate.get(), key.get());
  vault_.put(certificate_name(stored_as), Secret(made.certificate));
  return {std::move(made), std::move(key), std::move(certificate)};
}

/// Not of a generation that is renewed.
bool Pki::is_of_now(const std::string& name) {
  if (order_.renewed == 0) return true;
  auto stored = vault_.get(generation_name(name));
  return stored && std::stoi("0" + stored->reveal()) >= order_.renewed;
}

Identity Pki::certificate(const CertificateSpec& spec) {
  const auto& [identity, authority_key, issuer] = opened(issuing(spec.authority));
  Profile profile{spec.common_name, spec.organizations, spec.sans, false, spec.server, spec.client};

  auto stored_key = vault_.get(key_name(spec.name));
  auto stored = vault_.get(certificate_name(spec.name));
  if (stored_key && stored && is_of_now(spec.name)) {
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
  // Last: should we be cut before it, what was made is made once more.
  if (order_.generation > 0) {
    vault_.put(generation_name(spec.name), Secret(std::to_string(order_.generation)));
  }
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

void replace_authorities(Vault& vault) {
  for (const char* name : kAuthorities) {
    for (auto part : {key_name, certificate_name}) {
      auto made = kept(vault, part(new_name(name)));
      if (!made) continue;
      vault.put(part(old_name(name)), *made);
      vault.put(part(new_name(name)), Secret(""));
    }
  }
}

std::vector<std::pair<std::string, std::string>> kept_authorities(Vault& vault) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const std::string name : kAuthorities) {
    if (auto known = kept(vault, certificate_name(old_name(name)))) {
      found.emplace_back(name, known->reveal());
    }
    if (auto known = kept(vault, certificate_name(new_name(name)))) {
      found.emplace_back(name + " (new)", known->reveal());
    }
  }
  return found;
}

std::optional<CertificateFacts> certificate_facts(const std::string& pem) {
  auto certificate = certificate_from_pem(pem);
  if (!certificate) return std::nullopt;
  CertificateFacts facts;
  facts.subject = subject_of(certificate.get());
  facts.common_name = common_name_of(certificate.get());
  facts.serial = serial_of(certificate.get());
  facts.until_s = end_of(certificate.get());
  return facts;
}

bool is_signed_by(const std::string& certificate, const std::string& authority) {
  auto signed_one = certificate_from_pem(certificate);
  auto signer = certificate_from_pem(authority);
  if (!signed_one || !signer) return false;
  bool good = X509_verify(signed_one.get(), X509_get0_pubkey(signer.get())) == 1;
  ERR_clear_error();
  return good;
}

std::string random_hex(int bytes) { return to_hex(random_bytes(bytes)); }

}  // namespace muster
