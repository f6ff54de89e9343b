#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "provisioner/base/secret.h"

namespace muster {

/// Where keys and certificates live between runs: a small key-value seam that the state fills.
class Vault {
 public:
  virtual ~Vault() = default;
  virtual std::optional<Secret> get(const std::string& key) = 0;
  virtual void put(const std::string& key, const Secret& value) = 0;
};

/// A key pair and its certificate, PEM.
struct Identity {
  std::string certificate;
  Secret key;
};

struct CertificateSpec {
  std::string name;       ///< unique in the deployment, e.g. "kubelet-server/w-001"
  std::string authority;  ///< "cluster", "etcd", "front-proxy"
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> sans;  ///< DNS names and IP addresses, told apart by their form
  bool server = false;
  bool client = false;
};

/// The keys of one deployment: one certificate authority for each purpose, certificates issued by
/// it, service-account and encryption keys. ECDSA P-256. What was made once is kept in the vault
/// and comes back the same; a certificate is made anew when its names differ from those asked for
/// or less than a fifth of its life is left. Safe to use from one thread at a time.
class Pki {
 public:
  Pki(Vault& vault, std::string deployment);

  /// The authority itself; made when missing (10 years).
  Identity authority(const std::string& name);
  /// Issued by spec.authority (1 year; backdated by 5 minutes for skewed clocks).
  Identity certificate(const CertificateSpec& spec);
  /// An ECDSA key pair (PEM private and PKIX public key) for signing service-account tokens.
  std::pair<Secret, std::string> signing_key(const std::string& name);
  /// 32 random bytes, base64.
  Secret random_key(const std::string& name);

 private:
  Vault& vault_;
  std::string deployment_;
};

/// A login key: OpenSSH private key text and "ssh-ed25519 AAAA..." public line.
struct SshKeyPair {
  Secret private_key;
  std::string public_key;
};
SshKeyPair make_ssh_key(const std::string& comment);

/// Seconds until the certificate's end (negative when past). Throws Error when not a certificate.
std::chrono::seconds certificate_life_left(const std::string& pem);

/// Unguessable, 2 hex digits a byte.
std::string random_hex(int bytes);

}  // namespace muster
