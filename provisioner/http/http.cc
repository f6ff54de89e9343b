#include "provisioner/http/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>

namespace muster {

namespace {

constexpr const char* kCrossedOut = "***";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::int64_t kMostSeconds = 24 * 3600;  // what is asked beyond is no number to count with

std::string lower_first(std::string text) {
  // "SSL ..." stays.
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

void cross_out(std::string& text, const std::string& secret) {
  if (secret.empty()) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), kCrossedOut);
    at += std::string::traits_type::length(kCrossedOut);
  }
}

/// "user:password" of a URL; empty where there is none.
std::string login_in(const std::string& url) {
  auto begin = url.find("://");
  if (begin == std::string::npos) return "";
  begin += 3;
  const auto host = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  const auto at = host.rfind('@');
  return at == std::string::npos ? "" : host.substr(0, at);
}

}  // namespace

bool HttpRequest::may_be_repeated() const {
  return repeatable.value_or(method != "POST" && method != "PATCH");
}

std::string HttpRequest::shown_url() const {
  auto shown = url;
  char separator = url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& secret : secret_query) {
    shown += separator + secret.first + "=" + kCrossedOut;
    separator = '&';
  }
  return without_secrets(shown);
}

std::string HttpRequest::without_secrets(std::string text) const {
  cross_out(text, login_in(url));
  for (const auto* secrets : {&secret_headers, &secret_query}) {
    for (const auto& secret : *secrets) {
      const auto& value = secret.second.reveal();
      cross_out(text, value);
      cross_out(text, percent_encoded(value));
      if (value.starts_with(kBearer)) cross_out(text, value.substr(kBearer.size()));
    }
  }
  return text;
}

std::string HttpResponse::header(const std::string& name) const {
  auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::string HttpResult::problem() const {
  if (answered()) {
    return response.good() ? "" : "the server answered " + std::to_string(response.status);
  }
  // The detail of a failed connection holds its milliseconds; the reason says enough.
  bool terse = failure == HttpFailure::unreachable || failure == HttpFailure::mistrusted;
  return lower_first(terse || detail.empty() ? reason : detail);
}

std::string host_of(const std::string& url) {
  auto start = url.find("://");
  if (start == std::string::npos) return url;
  return url.substr(0, url.find('/', start + 3));
}

std::string percent_encoded(const std::string& text) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x80 && (std::isalnum(byte) != 0 ||
                        std::string_view("-._~").find(letter) != std::string_view::npos)) {
      encoded += letter;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

std::optional<std::chrono::milliseconds> retry_after(const HttpResponse& response,
                                                     std::int64_t wall_ms) {
  const auto wanted = response.header("retry-after");
  if (wanted.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  if (std::isdigit(static_cast<unsigned char>(wanted.front())) != 0) {
    auto read = std::from_chars(wanted.data(), wanted.data() + wanted.size(), seconds);
    if (read.ec != std::errc()) seconds = kMostSeconds;
  } else {
    const auto until = curl_getdate(wanted.c_str(), nullptr);
    if (until < 0) return std::nullopt;
    const auto date = curl_getdate(response.header("date").c_str(), nullptr);
    seconds = until - (date < 0 ? wall_ms / 1000 : date);
  }
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kMostSeconds));
}

}  // namespace muster
