#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace muster {

/// What is wrong with a template, and where in it.
struct TemplateMistake {
  int line = 1;
  std::string message;
};

/// Renders strictly; throws TemplateMistake. {{x|yaml}} is the value as YAML: a text in quotes,
/// whatever it looks like, numbers and booleans as they are.
std::string render(const std::string& text, const nlohmann::json& context);

/// The value at "a.b.c", or nullptr.
const nlohmann::json* find_path(const nlohmann::json& root, std::string_view path);

/// False, null, "", [] and {} are not; everything else is.
bool is_true(const nlohmann::json& value);

}  // namespace muster
