#include "provisioner/run/access.h"

#include <utility>
#include <vector>

namespace muster {

namespace {

/// The store's secrets of one scope.
class StoreVault : public Vault {
 public:
  StoreVault(Store& store, std::string scope) : store_(store), scope_(std::move(scope)) {}
  SecretsSeen get(const std::vector<std::string>& keys) override {
    return store_.secrets(scope_, keys);
  }
  bool put(const Secrets& made, const SecretsSeen& seen) override {
    return store_.put_secrets(scope_, made, seen);
  }

 private:
  Store& store_;
  std::string scope_;
};

}  // namespace

std::string deployment_tag(Store& store, const std::string& deployment) {
  return store.id() + "/" + deployment;
}

std::unique_ptr<Vault> deployment_vault(Store& store, const std::string& deployment) {
  return std::make_unique<StoreVault>(store, deployment_scope(deployment));
}

SshKeyPair tenant_key(Store& store, const std::string& tenant) {
  const auto scope = tenant_scope(tenant);
  for (;;) {
    const auto seen = store.secrets(scope, {"ssh", "ssh.pub"});
    const auto& private_key = seen.at("ssh");
    const auto& public_key = seen.at("ssh.pub");
    if (private_key && public_key) return {*private_key, public_key->reveal()};
    // Another run for the tenant may be making one as well: nodes of both must know the same.
    auto made = make_ssh_key("muster-" + tenant);
    const Secrets both{{"ssh", made.private_key}, {"ssh.pub", Secret(made.public_key)}};
    if (store.put_secrets(scope, both, seen)) return made;
  }
}

Secret known_tenant_key(Store& store, const std::string& tenant) {
  return store.secret(tenant_scope(tenant), "ssh").value_or(Secret());
}

LinkOptions login_options(const World& world, const DeploymentRecord& record, std::stop_token stop,
                          int patience) {
  LinkOptions options;
  options.wait_longer(patience);
  options.ssh.private_key = tenant_key(*world.store, record.tenant).private_key;
  options.deployment = record.name;
  options.resources = world.resources;
  options.stop = std::move(stop);
  return options;
}

}  // namespace muster
