#include "provisioner/pki/fingerprint.h"

#include "provisioner/base/text.h"
#include "provisioner/pki/certificate.h"

namespace muster {

std::string public_key_fingerprint(const std::string& certificate) {
  auto parsed = certificate_from_pem(certificate);
  if (parsed == nullptr) return "";
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(parsed.get()), &der);
  require(size > 0, "read the key of a certificate");
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int length = 0;
  const int done =
      EVP_Digest(der, static_cast<std::size_t>(size),
                 reinterpret_cast<unsigned char*>(digest.data()), &length, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  require(done == 1, "hash");
  digest.resize(length);
  auto text = base64_encode(digest);
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

}  // namespace muster
