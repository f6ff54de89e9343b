#include "provisioner/import/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace muster {

namespace {

bool has(std::string_view text, std::string_view word) {
  auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

}  // namespace

bool sounds_secret(std::string_view name) {
  constexpr std::array<std::string_view, 8> kWords{"pass", "secret", "token", "key",
                                                   "auth", "cred",   "pwd",   "private"};
  return std::any_of(kWords.begin(), kWords.end(), [&](auto word) { return has(name, word); });
}

std::string showable(const std::string& text) {
  // Names of key files are no secrets.
  constexpr std::array<std::string_view, 6> kWords{"pass", "secret", "token",
                                                   "cred", "pwd",    "private key"};
  bool any = std::any_of(kWords.begin(), kWords.end(), [&](auto word) { return has(text, word); });
  return any ? "" : text;
}

}  // namespace muster
