#include <array>
#include <cstdint>

#include "provisioner/base/text.h"
#include "provisioner/pki/openssl.h"
#include "provisioner/pki/pki.h"

namespace muster {

namespace {

constexpr const char* kType = "ssh-ed25519";

std::string ssh_number(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255);
  return out;
}

std::string ssh_string(std::string_view text) {
  return ssh_number(static_cast<std::uint32_t>(text.size())) + std::string(text);
}

using RawKey = int (*)(const EVP_PKEY*, unsigned char*, std::size_t*);

std::string raw(const EVP_PKEY* key, RawKey get) {
  std::array<unsigned char, 32> bytes{};
  std::size_t size = bytes.size();
  require(get(key, bytes.data(), &size) == 1 && size == bytes.size(), "make an SSH key");
  return {reinterpret_cast<char*>(bytes.data()), size};
}

/// The unencrypted form of openssh-key-v1 (PROTOCOL.key in OpenSSH's source).
std::string private_blob(const std::string& seed, const std::string& point,
                         const std::string& public_blob, const std::string& comment) {
  std::uint32_t check = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&check), sizeof check) == 1,
          "get random numbers");
  std::string secret = ssh_number(check) + ssh_number(check) + ssh_string(kType) +
                       ssh_string(point) + ssh_string(seed + point) + ssh_string(comment);
  for (char padding = 1; secret.size() % 8 != 0; ++padding) secret += padding;
  return std::string("openssh-key-v1\0", 15) + ssh_string("none") + ssh_string("none") +
         ssh_string("") + ssh_number(1) + ssh_string(public_blob) + ssh_string(secret);
}

}  // namespace

SshKeyPair make_ssh_key(const std::string& comment) {
  KeyPtr key(required(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "make an SSH key"));
  auto point = raw(key.get(), EVP_PKEY_get_raw_public_key);
  auto seed = raw(key.get(), EVP_PKEY_get_raw_private_key);
  auto public_blob = ssh_string(kType) + ssh_string(point);

  auto body = base64_encode(private_blob(seed, point, public_blob, comment));
  std::string text = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  for (std::size_t at = 0; at < body.size(); at += 70) text += body.substr(at, 70) + "\n";
  text += "-----END OPENSSH PRIVATE KEY-----\n";
  return {Secret(text), std::string(kType) + " " + base64_encode(public_blob) +
                            (comment.empty() ? "" : " " + comment)};
}

}  // namespace muster
