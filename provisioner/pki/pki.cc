#include "provisioner/pki/pki.h"

#include <array>
#include <utility>

#include "provisioner/base/hex.h"
#include "provisioner/base/text.h"
#include "provisioner/pki/certificate.h"

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
std::optional<Secret> kept(const SecretsSeen& seen, const std::string& name) {
  const auto& stored = seen.at(name);
  return stored && !stored->empty() ? stored : std::nullopt;
}

std::optional<Secret> kept(Vault& vault, const std::string& name) {
  return kept(vault.get(std::vector{name}), name);
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

/// The key under `name`. One that is there and broken is never replaced.
KeyPtr kept_key(const SecretsSeen& seen, const std::string& name) {
  auto stored = kept(seen, key_name(name));
  if (!stored) return nullptr;
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
  std::string stored;  ///< the certificate's text in the vault
};

std::string Pki::issuing(const std::string& name) const {
  return order_.phase >= RotationPhase::issue ? new_name(name) : old_name(name);
}

Identity Pki::authority(const std::string& name) { return opened(issuing(name))->identity; }

std::string Pki::trusted(const std::string& name) {
  bool both = order_.phase == RotationPhase::trust || order_.phase == RotationPhase::issue;
  if (!both) return authority(name).certificate;
  // The same text in both phases: that others issue now changes nothing of what is trusted.
  return opened(old_name(name))->identity.certificate +
         opened(new_name(name))->identity.certificate;
}

Pki::AuthorityPtr Pki::opened(const std::string& stored_as) {
  auto& known = authorities_[stored_as];
  if (!known) known = std::make_shared<const Authority>(open(stored_as));
  return known;
}

Pki::Authority Pki::open(const std::string& stored_as) {
  for (;;) {
    const auto seen = vault_.get({key_name(stored_as), certificate_name(stored_as)});
    if (auto stored = kept(seen, certificate_name(stored_as))) {
      auto key = kept_key(seen, stored_as);
      if (!key) throw unreadable("key '" + stored_as + "'");
      auto certificate = certificate_from_pem(stored->reveal());
      if (!certificate || X509_check_private_key(certificate.get(), key.get()) != 1) {
        throw unreadable("certificate '" + stored_as + "'");
      }
      if (has_life_left(certificate.get())) {
        auto identity = identity_of(certificate.get(), key.get());
        return {std::move(identity), std::move(key), std::move(certificate), stored->reveal()};
      }
    }
    auto made = make_authority(stored_as, seen);
    if (vault_.put({{key_name(stored_as), made.identity.key},
                    {certificate_name(stored_as), Secret(made.stored)}},
                   seen)) {
      return made;
    }
  }
}

/// With the name and the key that it had, if any: what it signed stays good then.
Pki::Authority Pki::make_authority(const std::string& stored_as, const SecretsSeen& seen) const {
  auto key = kept_key(seen, stored_as);
  if (!key) key = make_key();
  Profile profile;
  profile.organizations = {deployment_};
  profile.authority = true;
  if (auto before = kept(seen, certificate_name(stored_as))) {
    profile.common_name = common_name_of(certificate_from_pem(before->reveal()).get());
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
  auto text = made.certificate;
  return {std::move(made), std::move(key), std::move(certificate), std::move(text)};
}

/// Whether what is kept of `spec` can be handed out, as its generation is not to be renewed.
bool Pki::is_good(const CertificateSpec& spec, const SecretsSeen& seen,
                  const Authority& issuer) const {
  const auto& key_text = seen.at(key_name(spec.name));
  const auto& text = seen.at(certificate_name(spec.name));
  if (!key_text || !text) return false;
  if (order_.renewed > 0) {
    const auto& generation = seen.at(generation_name(spec.name));
    if (!generation || std::stoi("0" + generation->reveal()) < order_.renewed) return false;
  }
  auto key = key_from_pem(key_text->reveal());
  auto certificate = certificate_from_pem(text->reveal());
  const Profile profile{spec.common_name, spec.organizations, spec.sans, false,
                        spec.server,      spec.client};
  return key && certificate && has_life_left(certificate.get()) &&
         says_the_same(certificate.get(), profile, key.get(), issuer.certificate.get(),
                       issuer.key.get());
}

Identity Pki::certificate(const CertificateSpec& spec) {
  const auto authority = issuing(spec.authority);
  for (;;) {
    const auto issuer = opened(authority);
    auto seen =
        vault_.get({key_name(spec.name), certificate_name(spec.name), generation_name(spec.name)});
    if (is_good(spec, seen, *issuer)) {
      return {seen[certificate_name(spec.name)]->reveal(), *seen[key_name(spec.name)]};
    }
    auto key = make_key();
    const Profile profile{spec.common_name, spec.organizations, spec.sans, false,
                          spec.server,      spec.client};
    auto certificate = issue(profile, key.get(), from_now(kCertificateLife),
                             issuer->certificate.get(), issuer->key.get());
    auto made = identity_of(certificate.get(), key.get());
    Secrets entries{{key_name(spec.name), made.key},
                    {certificate_name(spec.name), Secret(made.certificate)}};
    if (order_.generation > 0) {
      entries[generation_name(spec.name)] = Secret(std::to_string(order_.generation));
    }
    // Nor is anything issued by an authority that is no longer there.
    seen[certificate_name(authority)] = Secret(issuer->stored);
    if (vault_.put(entries, seen)) return made;
    authorities_.erase(authority);
  }
}

std::pair<Secret, std::string> Pki::signing_key(const std::string& name) {
  for (;;) {
    const auto seen = vault_.get(std::vector{key_name(name)});
    auto key = kept_key(seen, name);
    bool known = key != nullptr;
    if (!known) key = make_key();
    auto text = key_to_pem(key.get());
    if (known || vault_.put({{key_name(name), text}}, seen)) {
      return {text, public_key_to_pem(key.get())};
    }
  }
}

Secret Pki::random_key(const std::string& name) {
  const auto stored_as = "pki/" + name + "/random";
  for (;;) {
    const auto seen = vault_.get(std::vector{stored_as});
    if (auto stored = seen.at(stored_as)) return *stored;
    Secret made(base64_encode(random_bytes(32)));
    if (vault_.put({{stored_as, made}}, seen)) return made;
  }
}

std::chrono::seconds certificate_life_left(const std::string& pem) {
  auto certificate = certificate_from_pem(pem);
  if (!certificate) throw Error("cannot read a certificate: the text is not one in PEM");
  return life_left(certificate.get());
}

void replace_authorities(Vault& vault) {
  std::vector<std::string> names;
  for (const char* name : kAuthorities) {
    for (auto part : {key_name, certificate_name}) {
      names.push_back(part(old_name(name)));
      names.push_back(part(new_name(name)));
    }
  }
  for (;;) {
    const auto seen = vault.get(names);
    Secrets made;
    for (std::size_t i = 0; i < names.size(); i += 2) {
      auto next = kept(seen, names[i + 1]);
      if (!next) continue;
      made[names[i]] = *next;
      made[names[i + 1]] = Secret("");
    }
    if (made.empty() || vault.put(made, seen)) return;
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

bool are_certificates(const std::string& pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  auto at = pem.find(kBegin);
  if (at == std::string::npos) return false;
  for (; at != std::string::npos; at = pem.find(kBegin, at + kBegin.size())) {
    if (!certificate_from_pem(pem.substr(at))) return false;
  }
  return true;
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
