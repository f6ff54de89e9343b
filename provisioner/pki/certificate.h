#pragma once

#include <chrono>
#include <ctime>
#include <string>
#include <vector>

#include "provisioner/base/secret.h"
#include "provisioner/pki/openssl.h"

namespace muster {

/// What a certificate says, whoever signs it.
struct Profile {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> sans;  ///< DNS names and IP addresses, told apart by their form
  bool authority = false;
  bool server = false;
  bool client = false;
};

struct Validity {
  std::time_t from = 0;
  std::time_t until = 0;
};

/// A new ECDSA P-256 key.
KeyPtr make_key();
/// "EC PRIVATE KEY": also what the API server's --service-account-key-file reads, which knows no
/// PKCS #8 form of an EC key (client-go util/keyutil, ParsePublicKeysPEM).
Secret key_to_pem(EVP_PKEY* key);
std::string public_key_to_pem(EVP_PKEY* key);
std::string certificate_to_pem(X509* certificate);
/// Null when the text is not one.
KeyPtr key_from_pem(const std::string& pem);
CertificatePtr certificate_from_pem(const std::string& pem);

/// Signs `profile` for `key`. Without an issuer the certificate is self-signed by `key`.
CertificatePtr issue(const Profile& profile, EVP_PKEY* key, Validity validity, X509* issuer,
                     EVP_PKEY* issuer_key);

/// True when issuing `profile` again would give a certificate that says the same.
bool says_the_same(X509* certificate, const Profile& profile, EVP_PKEY* key, X509* issuer,
                   EVP_PKEY* issuer_key);

/// At least a fifth of the certificate's life is left.
bool has_life_left(X509* certificate);

std::chrono::seconds life_left(X509* certificate);
/// Its end.
std::time_t end_of(X509* certificate);

std::string common_name_of(X509* certificate);
/// "O=system:masters,CN=admin".
std::string subject_of(X509* certificate);
/// Hex, in capitals.
std::string serial_of(X509* certificate);

}  // namespace muster
