#pragma once

#include <string>
#include <string_view>

namespace muster {

/// What is wrong with a name; `message` is empty when nothing is.
struct NameProblem {
  std::string message;
  std::string hint;
  explicit operator bool() const { return !message.empty(); }
};

/// Text of the user for a message: control characters replaced, cut when long, in quotes.
std::string shown(std::string_view text);

/// RFC 1123: lower case letters, digits and '-', at most 63.
NameProblem check_label(std::string_view text);
/// What can stand behind a name and a '-': lower case, one '-' for each run of other characters.
/// "feature-x-1" of "Feature/X_1"; empty when there is no letter and no digit.
std::string as_name_part(std::string_view text);
/// Labels joined by dots, at most 200 in all, which leaves room for a node's name before it.
NameProblem check_domain(std::string_view text);
/// An absolute path of plain names.
NameProblem check_path(std::string_view text);
/// A POSIX account name.
NameProblem check_login(std::string_view text);
/// host or host:port.
NameProblem check_endpoint(std::string_view text);

/// Kubernetes' label rules, and the kubelet's: it refuses to start with labels of Kubernetes' own
/// namespaces that are not on its list.
NameProblem check_node_label(std::string_view key, std::string_view value);
/// "key=value:Effect" or "key:Effect".
NameProblem check_taint(std::string_view text);
/// "key:Effect" of a taint that is one: Kubernetes takes one of each on a node, whatever its value.
std::string taint_slot(std::string_view taint);

/// A line of authorized_keys without options: type, base64, comment. Never quotes the key.
NameProblem check_public_key(std::string_view text);

}  // namespace muster
