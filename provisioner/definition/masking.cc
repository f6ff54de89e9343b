#include "provisioner/definition/masking.h"

#include <algorithm>
#include <sstream>

#include "provisioner/definition/attribs.h"

namespace muster {

namespace {

std::size_t offset_of(const std::string& text, Position at) {
  std::size_t offset = 0;
  for (int line = 1; line < at.line; ++line) {
    auto end = text.find('\n', offset);
    if (end == std::string::npos) return text.size();
    offset = end + 1;
  }
  return std::min(offset + static_cast<std::size_t>(at.column - 1), text.size());
}

void cross_out(std::string& text, std::size_t from, std::size_t to) {
  for (auto i = from; i < to && i < text.size(); ++i) {
    if (text[i] != '\n' && text[i] != '\r') text[i] = 'x';
  }
}

void mask_quoted(std::string& text, std::size_t at) {
  char quote = text[at];
  auto end = at + 1;
  while (end < text.size() && text[end] != quote) {
    end += quote == '"' && text[end] == '\\' ? 2U : 1U;
  }
  cross_out(text, at + 1, end);
}

/// Plain YAML text may be folded over lines: its words are there, one after the other.
void mask_words(std::string& text, std::size_t at, const std::string& words) {
  std::istringstream stream(words);
  for (std::string word; stream >> word;) {
    at = text.find(word, at);
    if (at == std::string::npos) return;
    cross_out(text, at, at + word.size());
    at += word.size();
  }
}

void mask(std::string& text, const Value& value) {
  for (const auto& item : value.items) mask(text, item);
  for (const auto& member : value.members) mask(text, member.value);
  bool scalar =
      value.is_string() || value.kind == Value::Kind::integer || value.kind == Value::Kind::number;
  if (!scalar || value.at.line == 0) return;
  auto at = offset_of(text, value.at);
  if (at >= text.size()) return;
  if (text[at] == '"' || text[at] == '\'') {
    mask_quoted(text, at);
  } else {
    mask_words(text, at, value.text);
  }
}

void mask_attribs(std::string& text, const Value* attribs) {
  if (attribs == nullptr) return;
  for (const auto& member : attribs->members) {
    const auto* rule = find_attrib(member.key);
    if (rule != nullptr && rule->secret) mask(text, member.value);
  }
}

/// A login in a URL and a private key, wherever they stand.
void mask_logins(std::string& text, const Value& value) {
  for (const auto& item : value.items) mask_logins(text, item);
  for (const auto& member : value.members) mask_logins(text, member.value);
  auto scheme = value.text.find("://");
  bool login = scheme != std::string::npos && value.text.find('@', scheme) != std::string::npos;
  if (login || value.text.find("PRIVATE KEY") != std::string::npos) mask(text, value);
}

/// All but these: what stands there under a mistaken name may be the secret.
void mask_all_but(std::string& text, const Value* object, std::span<const std::string_view> known) {
  if (object == nullptr) return;
  for (const auto& member : object->members) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) mask(text, member.value);
  }
}

void mask_programs(std::string& text, const Value& root) {
  constexpr std::string_view kShownOfAuth[] = {"username", "password_file", "password_env"};
  constexpr std::string_view kShownOfWebhook[] = {"url", "ca", "mode", "token_file", "token_env"};
  static const std::vector<std::string> kNames{"password", "token"};
  for (const char* key : {"registries", "proxy", "audit", "authentication"}) {
    const auto* settings = root.find(key);
    if (settings == nullptr) continue;
    text = mask_members(std::move(text), *settings, kNames);
    mask_logins(text, *settings);
    for (const auto& member : settings->members) {
      mask_all_but(text, member.value.find("auth"), kShownOfAuth);
      if (member.key == "webhook") mask_all_but(text, &member.value, kShownOfWebhook);
    }
  }
}

}  // namespace

bool is_crossed_out(std::string_view value) {
  return value.find('x') != value.npos && value.find_first_not_of("x \t\r\n") == value.npos;
}

std::string mask_secrets(std::string text, const Value& root) {
  mask_programs(text, root);
  mask_attribs(text, root.find("attribs"));
  if (const auto* nodes = root.find("nodes")) {
    for (const auto& block : nodes->items) mask_attribs(text, block.find("attribs"));
  }
  return text;
}

std::string mask_members(std::string text, const Value& root, std::span<const std::string> names) {
  for (const auto& item : root.items) text = mask_members(std::move(text), item, names);
  for (const auto& member : root.members) {
    if (std::find(names.begin(), names.end(), member.key) != names.end()) mask(text, member.value);
    text = mask_members(std::move(text), member.value, names);
  }
  return text;
}

}  // namespace muster
