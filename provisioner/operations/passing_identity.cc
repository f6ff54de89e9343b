#include "provisioner/operations/passing_identity.h"

#include "provisioner/pki/pki.h"

namespace muster {

namespace {

/// Forgets all at its end.
class PassingVault : public Vault {
 public:
  SecretsSeen get(const std::vector<std::string>& keys) override {
    SecretsSeen seen;
    for (const auto& key : keys) {
      auto found = values_.find(key);
      seen[key] = found == values_.end() ? std::nullopt : std::optional(found->second);
    }
    return seen;
  }
  bool put(const Secrets& made, const SecretsSeen&) override {
    for (const auto& [key, value] : made) values_.insert_or_assign(key, value);
    return true;
  }

 private:
  Secrets values_;
};

}  // namespace

PassingIdentity make_passing_identity(const std::string& dns_name) {
  PassingVault vault;
  Pki pki(vault, "muster-test");
  CertificateSpec spec{"server", "cluster", dns_name, {}, {dns_name}, true, false};
  auto identity = pki.certificate(spec);
  return {pki.trusted("cluster"), Secret(identity.certificate + identity.key.reveal())};
}

}  // namespace muster
