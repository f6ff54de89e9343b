#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "provisioner/operations/certificates.h"

namespace muster {

/// What `status -o json` says of a deployment's certificates.
nlohmann::ordered_json certificates_json(const std::vector<KnownCertificate>& certificates,
                                         const CertificateOrder& order, std::int64_t now_ms);

}  // namespace muster
