#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inventory/record.h"
#include "provisioner/base/secret.h"

namespace muster {

/// Where keys and certificates live between runs: a small key-value seam that the state fills.
/// Others may use it at the same time, so what was looked at counts only as long as nobody has
/// changed it: see put.
class Vault {
 public:
  virtual ~Vault() = default;
  /// All of `keys`, as they are at one moment.
  virtual SecretsSeen get(const std::vector<std::string>& keys) = 0;
  /// Puts all of `made` at once. Does nothing, and returns false, when something of `seen` is no
  /// longer so: another was faster, and what it has put is to be looked at.
  virtual bool put(const Secrets& made, const SecretsSeen& seen) = 0;

  std::optional<Secret> get(const std::string& key) { return get(std::vector{key}).at(key); }
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
/// and comes back the same; a certificate is made anew when its names differ from those asked for,
/// less than a fifth of its life is left, another authority issues now, or `order` wants those of
/// its generation renewed. Authorities are read from the vault once. Safe to use from one thread at
/// a time; of several that share a vault, in this process or others, all get the same.
class Pki {
 public:
  Pki(Vault& vault, std::string deployment, const CertificateOrder& order = {});

  /// The authority that issues now; made when missing (10 years).
  Identity authority(const std::string& name);
  /// The certificates of those to trust: two while one is rotated, the old one first.
  std::string trusted(const std::string& name);
  /// Issued by spec.authority (1 year; backdated by 5 minutes for skewed clocks).
  Identity certificate(const CertificateSpec& spec);
  /// An ECDSA key pair (PEM private and PKIX public key) for signing service-account tokens.
  std::pair<Secret, std::string> signing_key(const std::string& name);
  /// 32 random bytes, base64.
  Secret random_key(const std::string& name);

 private:
  struct Authority;

  using AuthorityPtr = std::shared_ptr<const Authority>;

  AuthorityPtr opened(const std::string& stored_as);
  Authority open(const std::string& stored_as);
  Authority make_authority(const std::string& stored_as, const SecretsSeen& seen) const;
  std::string issuing(const std::string& name) const;
  bool is_good(const CertificateSpec& spec, const SecretsSeen& seen, const Authority& issuer) const;

  Vault& vault_;
  std::string deployment_;
  CertificateOrder order_;
  /// Read once: OpenSSL takes a millisecond for a key, and every role of every node asks.
  std::map<std::string, AuthorityPtr> authorities_;
};

/// What each deployment has an authority for.
inline constexpr std::array kAuthorities{"cluster", "etcd", "front-proxy"};

/// The end of a rotation: the new authorities take the place of the old ones, whose keys are
/// forgotten. Fine when there are none.
void replace_authorities(Vault& vault);

/// The authorities in the vault, by what to call them: "cluster", and "cluster (new)" while it is
/// rotated. PEM.
std::vector<std::pair<std::string, std::string>> kept_authorities(Vault& vault);

/// What a person wants to know of a certificate.
struct CertificateFacts {
  std::string subject;  ///< "O=system:masters,CN=admin"
  std::string common_name;
  std::string serial;        ///< hex
  std::int64_t until_s = 0;  ///< its end, seconds since 1970
};

/// Nothing when the text is no certificate in PEM.
std::optional<CertificateFacts> certificate_facts(const std::string& pem);

/// Whether the text has certificates in PEM, and each of them can be read.
bool are_certificates(const std::string& pem);

/// Whether `authority` (PEM) has signed `certificate` (PEM).
bool is_signed_by(const std::string& certificate, const std::string& authority);

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
