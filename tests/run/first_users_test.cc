// Several first users of one deployment's secrets: an apply, beside it kubeconfig or a handout.
#include <doctest/doctest.h>

#include <barrier>
#include <set>
#include <thread>

#include "provisioner/pki/certificate.h"
#include "provisioner/run/access.h"
#include "tests/state/support.h"

using namespace muster;

namespace {

constexpr int kTries = 100;
constexpr int kUsers = 2;

/// What one user got.
struct Seen {
  std::string authority;
  Identity certificate;
  std::string signing_key;
  std::string random_key;
  std::string tenant_key;
  std::string refusal;  ///< why it got nothing
};

CertificateSpec admin() {
  CertificateSpec spec;
  spec.name = "admin";
  spec.authority = "cluster";
  spec.common_name = "admin";
  spec.client = true;
  return spec;
}

Seen use(Store& store, const std::string& name) {
  auto vault = deployment_vault(store, name);
  Pki pki(*vault, name);
  Seen seen;
  seen.certificate = pki.certificate(admin());
  seen.authority = pki.authority("cluster").certificate;
  seen.signing_key = pki.signing_key("service-account").second;
  seen.random_key = pki.random_key("encryption").reveal();
  seen.tenant_key = tenant_key(store, name).public_key;
  return seen;
}

bool fits_its_key(const Identity& identity) {
  auto certificate = certificate_from_pem(identity.certificate);
  auto key = key_from_pem(identity.key.reveal());
  return certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
}

/// What is on record in the end.
Identity kept_pair(Store& store, const std::string& deployment, const std::string& name) {
  auto part = [&](const std::string& what) {
    return store.secret(deployment_scope(deployment), "pki/" + name + what).value_or(Secret());
  };
  return {part("/crt").reveal(), part("/key")};
}

template <typename Part>
std::size_t different(const std::vector<Seen>& all, Part part) {
  std::set<std::string> values;
  for (const auto& seen : all) values.insert(part(seen));
  return values.size();
}

}  // namespace

TEST_CASE("secrets: all who are the first users of a deployment's get the same") {
  TemporaryDirectory folder;
  {
    auto store = open_store(folder.state());
    store->together([&] {
      for (int i = 0; i < kTries; ++i) {
        DeploymentRecord record;
        record.name = "d" + std::to_string(i);
        record.tenant = record.name;
        store->begin_revision(record, "muster apply");
      }
    });
  }
  std::vector<std::vector<Seen>> seen(kTries, std::vector<Seen>(kUsers));
  std::barrier start(kUsers);
  {
    std::vector<std::jthread> users;
    for (int user = 0; user < kUsers; ++user) {
      users.emplace_back([&, user] {
        auto store = open_store(folder.state());  // as a process of its own has it
        for (int i = 0; i < kTries; ++i) {
          start.arrive_and_wait();
          try {
            seen[i][user] = use(*store, "d" + std::to_string(i));
          } catch (const Error& error) {
            seen[i][user].refusal = error.what();
          }
        }
      });
    }
  }
  int authorities = 0;
  int certificates = 0;
  int keys = 0;
  int strangers = 0;
  int refused = 0;
  auto store = open_store(folder.state());
  for (int i = 0; i < kTries; ++i) {
    const auto& all = seen[i];
    authorities += different(all, [](auto& one) { return one.authority; }) > 1;
    certificates += different(all, [](auto& one) { return one.certificate.certificate; }) > 1;
    keys += different(all, [](auto& one) { return one.signing_key; }) > 1;
    keys += different(all, [](auto& one) { return one.random_key; }) > 1;
    keys += different(all, [](auto& one) { return one.tenant_key; }) > 1;
    refused += different(all, [](auto& one) { return one.refusal; }) > 1;
    const auto name = "d" + std::to_string(i);
    auto stored = kept_pair(*store, name, "admin");
    auto authority = kept_pair(*store, name, "cluster-ca");
    bool good = fits_its_key(stored) && fits_its_key(authority) &&
                is_signed_by(stored.certificate, authority.certificate);
    for (const auto& one : all) good = good && fits_its_key(one.certificate);
    strangers += !good;
  }
  CHECK_MESSAGE(refused == 0, "tries in which a user could not read what another was writing");
  CHECK_MESSAGE(authorities == 0, "tries in which two users got two authorities");
  CHECK_MESSAGE(certificates == 0, "tries in which two users got two certificates");
  CHECK_MESSAGE(keys == 0, "keys of which two users got two");
  CHECK_MESSAGE(strangers == 0, "tries with a certificate that fits no key, or no authority");
}
