#include "provisioner/definition/definition.h"

#include <algorithm>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/utf8.h"
#include "provisioner/definition/check.h"
#include "provisioner/definition/masking.h"

namespace muster {

namespace {

constexpr std::uintmax_t kMaxBytes = 8u << 20;

bool is_yaml(const std::string& file, std::string_view text) {
  if (file.ends_with(".yaml") || file.ends_with(".yml")) return true;
  // stdin has no name; JSON definitions are objects.
  auto first = text.find_first_not_of(" \t\r\n");
  return file == "-" && first != std::string_view::npos && text[first] != '{';
}

/// What to do about a file that cannot be read.
std::string unreadable_hint(const std::filesystem::path& file) {
  std::error_code failure;
  auto status = std::filesystem::status(file, failure);
  if (std::filesystem::is_directory(status)) return "name a file in it";
  if (status.type() == std::filesystem::file_type::not_found) return "is its path right?";
  if (std::filesystem::file_size(file, failure) > kMaxBytes && !failure) {
    return "is it a definition? Even 20000 nodes fit, in blocks with a \"count\"";
  }
  return "see who owns it and who may read it: ls -l " + file.string();
}

/// The definition that overrides and files make, for the record.
std::string completed_text(const Value& root) {
  auto text = to_json(root);
  Diagnostics none;
  auto placed = parse_value(text, false, none);
  return mask_secrets(std::move(text), placed) + "\n";
}

}  // namespace

DefinitionResult parse_definition(const std::string& file, std::string text,
                                  const Overrides& overrides, const DefinitionRules& rules) {
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  Diagnostics mistakes;
  auto root = parse_value(text, is_yaml(file, text), mistakes);
  DefinitionResult result;
  result.text = mask_secrets(std::move(text), root);
  result.diagnostics = Diagnostics(file == "-" ? "stdin" : file, result.text);
  for (const auto& item : mistakes.items()) {
    result.diagnostics.error(item.at, item.message, item.hint);
  }
  if (root.kind == Value::Kind::null && mistakes.has_errors()) return result;
  Checker checker(overrides, rules, result.diagnostics);
  if (checker.complete(root)) result.text = completed_text(root);
  result.definition = checker.check(root);
  if (!rules.recorded) checker.warn_of_readers(file);
  result.plannable = checker.plannable() && !mistakes.has_errors();
  return result;
}

DefinitionResult parse_recorded_definition(const std::string& file, std::string text,
                                           AttribDefaults defaults, DefinitionRules rules) {
  rules.recorded = true;
  rules.defaults = std::move(defaults);
  return parse_definition(file, std::move(text), {}, rules);
}

bool same_definition(const std::string& text, const AttribDefaults& defaults,
                     const std::string& other_text, const AttribDefaults& other_defaults) {
  return text == other_text && std::ranges::all_of(defaults, [&](const auto& known) {
           auto other = other_defaults.find(known.first);
           return other == other_defaults.end() || other->second == known.second;
         });
}

DefinitionResult read_definition(const std::filesystem::path& file, const Overrides& overrides,
                                 const DefinitionRules& rules) {
  try {
    auto text = file == "-" ? read_stdin(kMaxBytes) : read_file(file, kMaxBytes);
    return parse_definition(file.string(), std::move(text), overrides, rules);
  } catch (const Error& problem) {
    DefinitionResult result;
    result.diagnostics = Diagnostics(file == "-" ? "stdin" : file.string(), "");
    result.diagnostics.error({}, problem.what(), unreadable_hint(file));
    return result;
  }
}

}  // namespace muster
