#include "provisioner/ssh/host_key.h"

#include "provisioner/base/text.h"

namespace muster {

std::string public_line(ssh_key key) {
  char* text = nullptr;
  if (ssh_pki_export_pubkey_base64(key, &text) != SSH_OK) return "";
  std::string line = std::string(ssh_key_type_to_char(ssh_key_type(key))) + " " + text;
  ssh_string_free_char(text);
  return line;
}

std::string fingerprint_of(ssh_key key) {
  unsigned char* hash = nullptr;
  std::size_t size = 0;
  if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != SSH_OK) return "";
  char* text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size);
  std::string fingerprint =
      std::string(ssh_key_type_to_char(ssh_key_type(key))) + " " + (text != nullptr ? text : "");
  ssh_string_free_char(text);
  ssh_clean_pubkey_hash(&hash);
  return fingerprint;
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

std::string algorithms_for(ssh_key key) {
  if (ssh_key_type(key) == SSH_KEYTYPE_RSA) return "rsa-sha2-512,rsa-sha2-256";
  return ssh_key_type_to_char(ssh_key_type(key));
}

Error host_key_changed(const std::string& node, ssh_key known, ssh_key found) {
  return Error("the host key of '" + node + "' changed: expected " + fingerprint_of(known) +
               ", found " + (found != nullptr ? fingerprint_of(found) : "none of that type"))
      .hint(
          "if the node was reinstalled, give its new host key in the inventory or create the node "
          "anew; if not, somebody may be between you and it");
}

}  // namespace muster
