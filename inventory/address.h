#pragma once

#include <string>

namespace muster {

/// Names of machines, IPv4 and IPv6 addresses (also with a scope); a resolver has the last word.
bool is_address(const std::string& text);
/// An IPv4 or IPv6 address, without a scope.
bool is_ip_address(const std::string& text);
/// The address as it stands before a port: an IPv6 one in brackets.
std::string bracketed(const std::string& address);

}  // namespace muster
