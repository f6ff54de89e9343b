#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "provisioner/definition/role.h"
#include "provisioner/state/store.h"

namespace muster {

/// A certificate that muster made for a deployment and that is in use.
struct KnownCertificate {
  std::string node;       ///< empty: of no node
  std::string name;       ///< as the role calls it; "cluster CA" of an authority
  std::string authority;  ///< who signed it: "cluster", "etcd (new)"
  std::string subject;
  std::string serial;         ///< hex
  std::int64_t ends_ms = 0;   ///< by the wall clock
  std::string renewed_by;     ///< "muster certs renew", "the kubelet"
  bool ends_service = false;  ///< something stops when it ends: nobody renews it unasked
};

/// Authorities first, then those of nodes in the order of the record. Those that the kubelets have
/// made for themselves since are not known here.
std::vector<KnownCertificate> known_certificates(Store& store, const std::vector<Role>& roles,
                                                 const DeploymentRecord& record);

/// Of those whose end stops something; nothing when there are none.
std::optional<KnownCertificate> soonest_to_end(const std::vector<KnownCertificate>& certificates);

/// So many days before a certificate ends, people are told.
inline constexpr int kDaysToWarn = 30;

/// Whole days until `ends_ms`; negative when it is past.
std::int64_t days_until(std::int64_t ends_ms, std::int64_t now_ms);

/// To renew all certificates, or to go on with that when it is not done. Throws Error while
/// authorities are rotated.
CertificateOrder order_renewal(const CertificateOrder& now);

/// The next phase of a rotation of the authorities, or the one that is not done. Throws Error while
/// a renewal is not done.
CertificateOrder order_rotation(const CertificateOrder& now);

/// Records that all nodes have what `record` orders. That ends a rotation: its old authorities'
/// keys are forgotten.
void mark_certificates_done(Store& store, const DeploymentRecord& record);

/// "CA rotation: phase 2 of 3, not done", "renewal of the certificates is not done"; empty when
/// there is nothing to go on with.
std::string unfinished_words(const CertificateOrder& order);

}  // namespace muster
