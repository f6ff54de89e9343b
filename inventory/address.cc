#include "inventory/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "inventory/hosts.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

/// A claim of the host is a file with its address in the name.
constexpr std::size_t kLongestAddress = 230;
/// 32 bytes in base64, without the padding.
constexpr std::size_t kFingerprintDigits = 43;
constexpr std::string_view kFingerprintPrefix = "SHA256:";

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::optional<int> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  int port = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + (c - '0');
  }
  if (port < 1 || port > 65535) return std::nullopt;
  return port;
}

bool is_base64(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '/'; });
}

}  // namespace

bool is_ipv4_address(const std::string& text) {
  in_addr binary{};
  return ::inet_pton(AF_INET, text.c_str(), &binary) == 1;
}

std::string address_fault(const std::string& ip_address) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, ip_address.c_str(), &v4) == 1) {
    const auto number = ntohl(v4.s_addr);
    if (number == INADDR_BROADCAST) return "is the broadcast address";
    if (number == INADDR_ANY) return "is the unspecified address";
    if (number >> 24 == 127) return "is a loopback address";
    if (number >> 16 == 0xa9fe) return "is a link-local address";
    if (number >> 28 == 0xe) return "is a multicast address";
    if (number >> 28 == 0xf || number >> 24 == 0) return "is a reserved address";
  } else if (::inet_pton(AF_INET6, ip_address.c_str(), &v6) == 1) {
    if (IN6_IS_ADDR_UNSPECIFIED(&v6)) return "is the unspecified address";
    if (IN6_IS_ADDR_LOOPBACK(&v6)) return "is a loopback address";
    if (IN6_IS_ADDR_LINKLOCAL(&v6)) return "is a link-local address";
    if (IN6_IS_ADDR_MULTICAST(&v6)) return "is a multicast address";
    if (IN6_IS_ADDR_V4MAPPED(&v6)) return "is an IPv4 address written as IPv6";
  }
  return "";
}

bool is_ip_address(const std::string& text) {
  in6_addr binary{};
  return ::inet_pton(AF_INET, text.c_str(), &binary) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &binary) == 1;
}

bool is_address(const std::string& text) {
  return !text.empty() && text.size() <= kLongestAddress && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
         });
}

std::string short_address(const std::string& address) {
  auto scope = address.find('%');
  in6_addr binary{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_pton(AF_INET6, address.substr(0, scope).c_str(), &binary) != 1 ||
      ::inet_ntop(AF_INET6, &binary, text.data(), text.size()) == nullptr) {
    return lower(address);
  }
  return text.data() + (scope == std::string::npos ? "" : address.substr(scope));
}

std::string bracketed(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

std::optional<Endpoint> parse_bastion(const std::string& text) {
  Endpoint bastion;
  auto rest = text;
  if (auto at = rest.rfind('@'); at != std::string::npos) {
    bastion.user = rest.substr(0, at);
    rest.erase(0, at + 1);
  }
  auto end = rest.starts_with('[') ? rest.find(']') : std::string::npos;
  auto colon = rest.find(':', end == std::string::npos ? 0 : end);
  // Two colons and no brackets: an IPv6 address, without a port.
  if (end == std::string::npos && colon != rest.rfind(':')) colon = std::string::npos;
  if (colon != std::string::npos) {
    auto port = parse_port(rest.substr(colon + 1));
    if (!port) return std::nullopt;
    bastion.port = *port;
    rest.erase(colon);
  }
  if (end != std::string::npos) {
    if (rest.size() != end + 1) return std::nullopt;
    rest = rest.substr(1, end - 1);
  }
  bastion.address = rest;
  if (rest.empty() || bastion.user.empty()) return std::nullopt;
  return bastion;
}

std::optional<std::string> parse_fingerprint(const std::string& text) {
  std::string found;
  for (const auto& word : split(trim(text), ' ')) {
    if (!word.starts_with(kFingerprintPrefix)) continue;
    found = word;
    break;
  }
  while (found.ends_with('=')) found.pop_back();
  if (found.size() != kFingerprintPrefix.size() + kFingerprintDigits ||
      !is_base64(std::string_view(found).substr(kFingerprintPrefix.size()))) {
    return std::nullopt;
  }
  for (const char* type : {"(ED25519)", "(ECDSA)", "(RSA)"}) {
    if (trim(text).ends_with(type)) found += std::string(" ") + type;
  }
  return found;
}

std::string place_of(const Endpoint& endpoint) {
  return bracketed(short_address(endpoint.address)) + ":" + std::to_string(endpoint.port);
}

}  // namespace muster
