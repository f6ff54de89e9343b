#include "provisioner/ssh/host_key.h"

#include "inventory/record.h"
#include "provisioner/base/text.h"

namespace muster {

std::string public_line(ssh_key key) {
  char* text = nullptr;
  if (ssh_pki_export_pubkey_base64(key, &text) != SSH_OK) return "";
  std::string line = std::string(ssh_key_type_to_char(ssh_key_type(key))) + " " + text;
  ssh_string_free_char(text);
  return line;
}

std::string sha256_of(ssh_key key) {
  unsigned char* hash = nullptr;
  std::size_t size = 0;
  if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != SSH_OK) return "";
  char* text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size);
  std::string fingerprint = text != nullptr ? text : "";
  ssh_string_free_char(text);
  ssh_clean_pubkey_hash(&hash);
  return fingerprint;
}

std::string fingerprint_of(ssh_key key) {
  return std::string(ssh_key_type_to_char(ssh_key_type(key))) + " " + sha256_of(key);
}

SshKeyPtr parse_public_line(const std::string& line) {
  auto words = split(trim(line), ' ');
  ssh_key key = nullptr;
  if (words.size() < 2 ||
      ssh_pki_import_pubkey_base64(words[1].c_str(), ssh_key_type_from_name(words[0].c_str()),
                                   &key) != SSH_OK) {
    throw Error("'" + line + "' is not a public key")
        .hint("write it as ssh-keyscan does, without the host: ssh-ed25519 AAAA...");
  }
  return SshKeyPtr(key);
}

std::string algorithms_for(const std::string& wanted) {
  constexpr const char* kRsa = "rsa-sha2-512,rsa-sha2-256";
  if (is_fingerprint(wanted)) {
    if (wanted.ends_with("(ED25519)")) return "ssh-ed25519";
    if (wanted.ends_with("(RSA)")) return kRsa;
    if (wanted.ends_with("(ECDSA)")) {
      return "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521";
    }
    return "";
  }
  auto key = parse_public_line(wanted);
  if (ssh_key_type(key.get()) == SSH_KEYTYPE_RSA) return kRsa;
  return ssh_key_type_to_char(ssh_key_type(key.get()));
}

HostKeyChanged wrong_bastion_key(const std::string& bastion, const std::string& wanted,
                                 ssh_key found) {
  HostKeyChanged error("the host key of the bastion '" + bastion + "' changed: expected " +
                       fingerprint_of(parse_public_line(wanted).get()) + ", found " +
                       (found != nullptr ? fingerprint_of(found) : "none of that type"));
  error.hint(
      "if it was reinstalled, log in to it once with ssh, so that your ~/.ssh/known_hosts have its "
      "new key, which muster then takes; if not, somebody may be between you and it");
  return error;
}

HostKeyChanged wrong_host_key(const std::string& node, const std::string& wanted, ssh_key found) {
  const auto shown = found != nullptr ? fingerprint_of(found) : "none of that type";
  if (!is_fingerprint(wanted)) {
    HostKeyChanged error("the host key of '" + node + "' changed: expected " +
                         fingerprint_of(parse_public_line(wanted).get()) + ", found " + shown);
    error.hint(
        "if the node was reinstalled, write its new host key into the hosts file or create the "
        "node anew; if not, somebody may be between you and it");
    return error;
  }
  HostKeyChanged error("the host key of '" + node + "' is another one: expected " + wanted +
                       ", found " + shown);
  if (algorithms_for(wanted).empty()) {
    error.hint(
        "a host has a key of each type: with the whole line of 'ssh-keygen -lf' muster asks for "
        "the one that it names");
  }
  error.hint(
      "if the host was reinstalled, write its new fingerprint into the hosts file (see it on the "
      "host itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub); if not, somebody may be "
      "between you and it");
  return error;
}

}  // namespace muster
