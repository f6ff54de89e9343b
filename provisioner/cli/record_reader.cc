#include "provisioner/cli/record_reader.h"

#include <algorithm>
#include <utility>

#include "provisioner/base/text.h"
#include "provisioner/definition/names.h"

namespace muster {

namespace {
constexpr int kMostOfAnything = 1'000'000;
}

RecordReader::RecordReader(const JsonArgument& argument, Holds holds)
    : diagnostics_(argument.name, holds == Holds::secrets ? "" : argument.text) {
  Diagnostics found(argument.name, "");
  root_ = parse_value(argument.text, false, found);
  for (const auto& item : found.items()) {
    if (holds == Holds::secrets) {
      diagnostics_.error(item.at, "this is not right in JSON, or comes twice",
                         "what stands there is not shown, since secrets may be near");
    } else {
      diagnostics_.error(item.at, item.message, item.hint);
    }
  }
  if (found.has_errors()) {
    root_ = {};
  } else if (!root_.is_object()) {
    diagnostics_.error(root_.at,
                       "it must be an object, e.g. {\"name\": \"a\"}, not " + describe(root_.kind));
  }
}

void RecordReader::allow(const Value& object, const std::vector<std::string>& keys) {
  for (const auto& member : object.members) {
    if (std::find(keys.begin(), keys.end(), member.key) != keys.end()) continue;
    auto near = nearest(member.key, keys);
    error(member.at, "unknown key " + shown(member.key),
          near ? "did you mean '" + *near + "'?" : "the keys here are " + join(keys, ", "));
  }
}

void RecordReader::ignore(const std::string& key, const std::string& why) {
  const auto* value = root_.find(key);
  if (value != nullptr) diagnostics_.warning(value->at, "'" + key + "' has no effect: " + why);
}

const Value* RecordReader::member(const Value& object, const std::string& key, Value::Kind kind) {
  const auto* value = object.find(key);
  if (value == nullptr || value->kind == kind) return value;
  error(value->at, "'" + key + "' must be " + describe(kind) + ", not " + describe(value->kind));
  return nullptr;
}

std::optional<std::string> RecordReader::text(const std::string& key) {
  const auto* value = member(root_, key, Value::Kind::string);
  return value == nullptr ? std::nullopt : std::optional(value->text);
}

std::string RecordReader::name(bool required) {
  const auto* value = member(root_, "name", Value::Kind::string);
  if (value == nullptr) {
    if (required && root_.find("name") == nullptr) {
      error(root_.at, "there is no \"name\"", "add one, e.g. \"name\": \"a\"");
    }
    return "";
  }
  if (auto problem = check_label(value->text)) {
    error(value->at, "the name " + shown(value->text) + " " + problem.message, problem.hint);
  }
  return value->text;
}

std::optional<int> RecordReader::limit(const Value& object, const std::string& key) {
  const auto* value = member(object, key, Value::Kind::integer);
  if (value == nullptr) return std::nullopt;
  if (value->integer < 0 || value->integer > kMostOfAnything) {
    error(value->at, "'" + key + "' must be 0 (no limit) to " + std::to_string(kMostOfAnything) +
                         ", not " + value->text);
    return std::nullopt;
  }
  return static_cast<int>(value->integer);
}

void RecordReader::error(Position at, std::string message, std::string hint) {
  diagnostics_.error(at, std::move(message), std::move(hint));
}

}  // namespace muster
