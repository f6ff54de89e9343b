#pragma once

#include <string>

namespace muster {

/// Names of machines, IPv4 and IPv6 addresses (also with a scope); a resolver has the last word.
bool is_address(const std::string& text);
/// An IPv4 or IPv6 address, without a scope.
bool is_ip_address(const std::string& text);
/// An IPv4 address alone.
bool is_ipv4_address(const std::string& text);
/// What keeps the nodes of a cluster from finding one of them at this IP address ("is a loopback
/// address"); empty when nothing does.
std::string address_fault(const std::string& ip_address);
/// The address as it stands before a port: an IPv6 one in brackets.
std::string bracketed(const std::string& address);
/// An IPv6 address can be written in many ways: the same text for all of them, its scope as it is;
/// of anything else in lower case.
std::string short_address(const std::string& address);

}  // namespace muster
