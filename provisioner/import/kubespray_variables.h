#pragma once

#include <span>
#include <string>
#include <string_view>

namespace muster {

/// What an import does with a variable of Kubespray's.
enum class VariableUse {
  attrib,      ///< it becomes the attrib `target`
  special,     ///< it becomes something else of the definition, or needs a closer look
  host,        ///< it says how a host is reached, or what it is
  ignored,     ///< nothing is lost without it
  unavailable  ///< something is, unless the value is one of `harmless`
};

struct VariableRule {
  const char* name;  ///< a '*' in it stands for anything
  VariableUse use;
  const char* target;    ///< of attrib
  const char* harmless;  ///< "a|b": with these muster does what is wanted
  const char* text;      ///< what is instead
};

/// In the order of docs/kubespray.md.
std::span<const VariableRule> kubespray_variables();

/// The rule that fits `name` best, or nullptr.
const VariableRule* find_kubespray_variable(std::string_view name);

/// Whether `value` is one of the rule's harmless ones.
bool is_harmless(const VariableRule& rule, std::string_view value);

}  // namespace muster
