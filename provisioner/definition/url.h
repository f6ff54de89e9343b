#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// The parts of "scheme://user:password@host:port/path"; what is not there is empty.
struct Url {
  std::string scheme;
  std::string login;  ///< "user:password"
  std::string host;   ///< an IPv6 address without its brackets
  std::string port;
  std::string path;  ///< begins with "/"
};

/// Nothing when it is none, or has blanks, quotes, control characters, a query or a fragment.
std::optional<Url> parse_url(std::string_view text);

}  // namespace muster
