#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "provisioner/classroom/roster.h"
#include "provisioner/definition/value.h"

namespace muster {

/// The names that may stand in {{...}}.
std::vector<std::string> placeholder_names();

/// What stands in each {{...}} of `text`, without blanks around.
std::vector<std::string> placeholders_in(std::string_view text);

/// Those in all strings and keys of `value`; where each was found, too.
void each_placeholder(const Value& value,
                      const std::function<void(const std::string& name, Position at)>& visit);
bool uses_placeholder(const Value& value, std::string_view name);

/// `text` with what each placeholder stands for; unknown ones stay.
std::string filled(std::string_view text, const Student& student);
/// The same in all strings and keys.
void fill(Value& value, const Student& student);

/// `text` without its placeholders, and without what joined them to the rest: "lab" of
/// "lab-{{student}}".
std::string without_placeholders(std::string_view text);

}  // namespace muster
