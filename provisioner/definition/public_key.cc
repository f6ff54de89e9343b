#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "provisioner/base/text.h"
#include "provisioner/definition/names.h"

namespace muster {

namespace {

/// How many fields follow the type in the key's blob (RFC 4253 6.6, 5656 3.1, 8709 4, and
/// OpenSSH's PROTOCOL.u2f).
struct KeyType {
  std::string_view name;
  std::size_t fields;
};
constexpr std::array<KeyType, 7> kTypes = {{{"ssh-ed25519", 1},
                                            {"ssh-rsa", 2},
                                            {"ecdsa-sha2-nistp256", 2},
                                            {"ecdsa-sha2-nistp384", 2},
                                            {"ecdsa-sha2-nistp521", 2},
                                            {"sk-ssh-ed25519@openssh.com", 2},
                                            {"sk-ecdsa-sha2-nistp256@openssh.com", 3}}};

const KeyType* find_type(std::string_view name) {
  auto type = std::find_if(kTypes.begin(), kTypes.end(),
                           [&](const KeyType& candidate) { return candidate.name == name; });
  return type == kTypes.end() ? nullptr : &*type;
}

std::optional<std::string> base64_decode(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  auto padding = text.size() - 1 - text.find_last_not_of('=');
  if (padding > 2) return std::nullopt;
  std::string out;
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool pad = i + padding >= text.size();
    auto digit = pad ? 0 : kAlphabet.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(digit);
    if (i % 4 != 3) continue;
    for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(group >> shift & 255U);
    group = 0;
  }
  out.resize(out.size() - padding);
  return out;
}

/// The length-prefixed strings of a blob; empty when they do not fill it exactly.
std::vector<std::string_view> fields_of(std::string_view blob) {
  std::vector<std::string_view> fields;
  while (blob.size() >= 4) {
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i) {
      length = length << 8 | static_cast<unsigned char>(blob[static_cast<std::size_t>(i)]);
    }
    blob.remove_prefix(4);
    if (length > blob.size()) return {};
    fields.push_back(blob.substr(0, length));
    blob.remove_prefix(length);
  }
  return blob.empty() ? fields : std::vector<std::string_view>{};
}

bool matches(const KeyType& type, const std::vector<std::string_view>& fields) {
  constexpr std::size_t kEd25519Bytes = 32;
  if (fields.size() != type.fields + 1 || fields[0] != type.name) return false;
  if (std::any_of(fields.begin(), fields.end(), [](auto field) { return field.empty(); })) {
    return false;
  }
  bool ed25519 = type.name.find("ed25519") != std::string_view::npos;
  return !ed25519 || fields[1].size() == kEd25519Bytes;
}

}  // namespace

NameProblem check_public_key(std::string_view text) {
  constexpr const char* kPaste = "paste the whole line of a .pub file, e.g. ~/.ssh/id_ed25519.pub";
  if (text.find("PRIVATE KEY") != std::string_view::npos) {
    return {"is a private key", std::string("keep it to yourself; ") + kPaste};
  }
  bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (control) return {"must be one line without control characters", kPaste};
  auto words = split(text, ' ');
  if (words.size() < 2) return {"is no SSH public key", kPaste};
  const auto* type = find_type(words[0]);
  if (type == nullptr) {
    std::string names;
    for (const auto& known : kTypes) names += (names.empty() ? "" : ", ") + std::string(known.name);
    return {"has the type " + shown(words[0]) + ", which is none of " + names, kPaste};
  }
  if (words[1].find("...") != std::string::npos) {
    return {"is a placeholder: its second word is not valid base64", kPaste};
  }
  auto blob = base64_decode(words[1]);
  if (!blob) return {"is damaged: its second word is not valid base64", kPaste};
  if (!matches(*type, fields_of(*blob))) {
    return {"is damaged: its second word does not hold a key of the type " + words[0], kPaste};
  }
  return {};
}

}  // namespace muster
