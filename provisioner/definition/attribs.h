#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "provisioner/definition/value.h"

namespace muster {

/// What the text of a string attrib must look like.
enum class AttribFormat { any, version, path, cidr, domain, login };

/// One "attribs" key that a definition may set: the 47 k8s-* of Digital Rebar and ours.
struct AttribRule {
  std::string name{};
  Value::Kind kind = Value::Kind::string;
  std::string fallback{};              ///< as text
  std::vector<std::string> choices{};  ///< empty: any
  /// Not empty: accepted without effect; a value other than `fallback` gets a warning with this.
  std::string replaced_by{};
  std::string description{};
  AttribFormat format = AttribFormat::any;
  std::int64_t least = 0;  ///< of a whole number
  std::int64_t most = 0;
  bool secret = false;     ///< never shown, recorded, or given to templates
  std::string alias_of{};  ///< the definition then holds it under that name
  /// What of a node has the value in its name ("programs"), and how roles write it
  /// ("cluster.bin_dir"): what is there under a former value leaves. Empty: nothing of muster's
  /// roles.
  std::string names{};
  std::string written_as{};
};

std::span<const AttribRule> attrib_rules();
const AttribRule* find_attrib(std::string_view name);

/// The value as templates see it.
std::string attrib_text(const Value& value);
/// The value that is shown as `text`: of a whole number, yes or no, or a string.
Value attrib_value(const AttribRule& rule, const std::string& text);

}  // namespace muster
