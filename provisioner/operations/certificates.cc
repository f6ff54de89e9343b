#include "provisioner/operations/certificates.h"

#include <algorithm>
#include <map>

#include "inventory/index.h"
#include "provisioner/base/error.h"
#include "provisioner/pki/pki.h"
#include "provisioner/run/access.h"

namespace muster {

namespace {

constexpr const char* kPrefix = "pki/";
constexpr const char* kSuffix = "/crt";

/// "etcd/c-1" of "pki/etcd/c-1/crt"; empty when the key is of no certificate.
std::string certificate_in(const std::string& key) {
  std::string prefix = kPrefix;
  std::string suffix = kSuffix;
  if (!key.starts_with(prefix) || !key.ends_with(suffix)) return "";
  return key.substr(prefix.size(), key.size() - prefix.size() - suffix.size());
}

/// Finds certificates of one deployment in its vault.
class Finder {
 public:
  Finder(Store& store, const std::vector<Role>& roles, const DeploymentRecord& record)
      : record_(record), vault_(deployment_vault(store, record.name)) {
    authorities_ = kept_authorities(*vault_);
    for (const auto& role : roles) {
      for (const auto& request : role.certificates)
        requests_[request.name].push_back({&role, &request});
    }
    for (std::size_t i = 0; i < record.nodes.size(); ++i) places_[record.nodes[i].name] = i;
    for (const auto& [name, pem] : authorities_) {
      if (add("", name + " CA", pem)) found_.back().renewed_by = "muster certs rotate-ca";
    }
    for (const auto& key : store.secret_keys(deployment_scope(record.name))) find(key);
  }

  std::vector<KnownCertificate> take() {
    std::ranges::stable_sort(found_, {}, [&](const KnownCertificate& one) {
      return one.node.empty() ? 0 : places_.at(one.node) + 1;
    });
    return std::move(found_);
  }

 private:
  struct Request {
    const Role* role;
    const CertificateRequest* request;
  };

  void find(const std::string& key) {
    auto name = certificate_in(key);
    if (name.empty()) return;
    auto slash = name.rfind('/');
    if (slash == std::string::npos) {
      if (name == "admin") add_kept(key, "", "administrator's kubeconfig", "muster kubeconfig");
      return;
    }
    auto node = name.substr(slash + 1);
    auto place = places_.find(node);
    if (place == places_.end()) return;
    for (const auto& [role, request] : requests_[name.substr(0, slash)]) {
      if (record_.nodes[place->second].find_role(role->name) == nullptr) continue;
      add_kept(key, node, request->name, request->renewed_by);
      return;
    }
  }

  void add_kept(const std::string& key, const std::string& node, const std::string& name,
                const std::string& renewed_by) {
    auto pem = vault_->get(key);
    if (!pem || !add(node, name, pem->reveal())) return;
    auto& added = found_.back();
    added.renewed_by = renewed_by.empty() ? "muster certs renew" : renewed_by;
    added.ends_service = renewed_by.empty();
  }

  bool add(const std::string& node, const std::string& name, const std::string& pem) {
    auto facts = certificate_facts(pem);
    if (!facts) return false;
    KnownCertificate one;
    one.node = node;
    one.name = name;
    one.subject = facts->subject;
    one.serial = facts->serial;
    one.ends_ms = facts->until_s * 1000;
    one.ends_service = true;
    for (const auto& [known, authority] : authorities_) {
      if (is_signed_by(pem, authority)) one.authority = known;
    }
    found_.push_back(std::move(one));
    return true;
  }

  const DeploymentRecord& record_;
  std::unique_ptr<Vault> vault_;
  std::vector<std::pair<std::string, std::string>> authorities_;
  std::map<std::string, std::vector<Request>> requests_;  ///< by the certificate's name
  std::map<std::string, std::size_t> places_;             ///< of nodes in the record
  std::vector<KnownCertificate> found_;
};

CertificateOrder one_further(CertificateOrder order) {
  ++order.generation;
  return order;
}

}  // namespace

std::vector<KnownCertificate> known_certificates(Store& store, const std::vector<Role>& roles,
                                                 const DeploymentRecord& record) {
  return Finder(store, roles, record).take();
}

std::optional<KnownCertificate> soonest_to_end(const std::vector<KnownCertificate>& certificates) {
  const KnownCertificate* soonest = nullptr;
  for (const auto& one : certificates) {
    if (one.ends_service && (soonest == nullptr || one.ends_ms < soonest->ends_ms)) soonest = &one;
  }
  return soonest == nullptr ? std::nullopt : std::optional(*soonest);
}

std::int64_t days_until(std::int64_t ends_ms, std::int64_t now_ms) {
  constexpr std::int64_t kDay = 24LL * 60 * 60 * 1000;
  auto left = ends_ms - now_ms;
  return left >= 0 ? left / kDay : -((-left + kDay - 1) / kDay);
}

CertificateOrder order_renewal(const CertificateOrder& now) {
  if (now.phase != RotationPhase::none) {
    throw Error("the CAs are being rotated, which makes new certificates as well", ExitCode::usage)
        .hint("go on with that: muster certs rotate-ca NAME");
  }
  if (!now.is_done()) return now;
  auto next = one_further(now);
  next.renewed = next.generation;
  return next;
}

CertificateOrder order_rotation(const CertificateOrder& now) {
  if (now.phase == RotationPhase::none && !now.is_done()) {
    throw Error("a renewal of the certificates is not done", ExitCode::usage)
        .hint("end it first: muster certs renew NAME");
  }
  if (!now.is_done()) return now;
  auto next = one_further(now);
  if (now.phase == RotationPhase::none) ++next.rotations;
  next.phase = static_cast<RotationPhase>(static_cast<int>(now.phase) + 1);
  return next;
}

void mark_certificates_done(Store& store, const DeploymentRecord& record) {
  auto order = record.certificates;
  if (order.is_done()) return;
  order.done = order.generation;
  store.together([&] {
    if (order.phase == RotationPhase::distrust) {
      replace_authorities(*deployment_vault(store, record.name));
      order.phase = RotationPhase::none;
    }
    store.mark_certificates(record.name, order);
  });
}

std::string unfinished_words(const CertificateOrder& order) {
  if (order.phase != RotationPhase::none) {
    return "CA rotation: phase " + std::to_string(static_cast<int>(order.phase)) + " of 3" +
           (order.is_done() ? ", done" : ", not done");
  }
  return order.is_done() ? "" : "the renewal of the certificates is not done";
}

}  // namespace muster
