#include "provisioner/definition/url.h"

#include <algorithm>
#include <cctype>

#include "provisioner/definition/names.h"

namespace muster {

namespace {

bool is_url_character(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7f &&
         std::string_view("\"'\\<>^`{|}?#").find(c) == std::string_view::npos;
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         text.find_first_not_of("0123456789") == std::string_view::npos && text[0] != '0' &&
         std::stoi(std::string(text)) <= 65535;
}

bool is_ipv6(std::string_view text) {
  return text.find(':') != std::string_view::npos &&
         text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

/// "host", "host:port" or "[address]:port".
bool read_host(std::string_view text, Url& url) {
  std::string_view rest;
  if (text.starts_with('[')) {
    auto end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return false;
    url.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    url.host = text.substr(0, text.find(':'));
    rest = text.substr(url.host.size());
    std::string lower = url.host;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (check_domain(lower)) return false;
  }
  if (rest.empty()) return true;
  url.port = rest.substr(1);
  return rest[0] == ':' && is_port(url.port);
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), is_url_character)) return std::nullopt;
  Url url;
  url.scheme = text.substr(0, colon);
  auto rest = text.substr(colon + 3);
  auto slash = rest.find('/');
  if (slash != std::string_view::npos) url.path = rest.substr(slash);
  rest = rest.substr(0, slash);
  if (auto at = rest.rfind('@'); at != std::string_view::npos) {
    url.login = rest.substr(0, at);
    if (url.login.empty()) return std::nullopt;
    rest = rest.substr(at + 1);
  }
  if (!read_host(rest, url)) return std::nullopt;
  return url;
}

}  // namespace muster
