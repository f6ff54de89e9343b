#include "provisioner/import/yaml.h"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/node/impl.h>
#include <yaml-cpp/node/iterator.h>
#include <yaml-cpp/node/node.h>
#include <yaml-cpp/node/parse.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace muster {

namespace {

constexpr std::size_t kMostValues = 1'000'000;  // an alias may stand for very much
constexpr int kDeepest = 64;
constexpr const char* kQuotes = "a value that begins with {{ must stand in quotes";

/// Thrown to stop reading; what is wrong has been reported.
struct Stop {};

Position position_of(const YAML::Mark& mark) {
  return mark.is_null() ? Position{} : Position{mark.line + 1, mark.column + 1};
}

bool one_of(std::string_view text, const auto& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// YAML 1.1's, which is what Ansible has. Fractions stay text: "1.20" is a release.
Value plain(const std::string& text) {
  static constexpr std::array<std::string_view, 9> kTrue{"true", "True", "TRUE", "yes", "Yes",
                                                         "YES",  "on",   "On",   "ON"};
  static constexpr std::array<std::string_view, 9> kFalse{"false", "False", "FALSE", "no", "No",
                                                          "NO",    "off",   "Off",   "OFF"};
  if (text.empty()) return Value::of(text);
  if (one_of(text, kTrue)) return Value::of(true);
  if (one_of(text, kFalse)) return Value::of(false);
  std::int64_t number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool whole = problem == std::errc{} && end == text.data() + text.size();
  // "010" is something else in each YAML.
  return whole && std::to_string(number) == text ? Value::of(number) : Value::of(text);
}

class Converter {
 public:
  explicit Converter(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  Value convert(const YAML::Node& node, int depth = 0) {
    auto at = position_of(node.Mark());
    if (++values_ > kMostValues) stop(at, "there are more than a million values in it");
    if (depth > kDeepest) stop(at, "it nests deeper than 64 levels");
    Value value;
    if (node.IsScalar()) {
      value = node.Tag() == "?" ? plain(node.Scalar()) : Value::of(node.Scalar());
    } else if (node.IsSequence()) {
      value.kind = Value::Kind::list;
      for (const auto& item : node) value.items.push_back(convert(item, depth + 1));
    } else if (node.IsMap()) {
      value.kind = Value::Kind::object;
      for (const auto& member : node) add_member(value, member.first, member.second, depth);
      for (const auto& member : node) {
        if (is_merge(member.first)) merge(value, member.second, depth);
      }
    }
    value.at = at;
    return value;
  }

 private:
  static bool is_merge(const YAML::Node& key) { return key.IsScalar() && key.Scalar() == "<<"; }

  void add_member(Value& object, const YAML::Node& key, const YAML::Node& node, int depth) {
    auto at = position_of(key.Mark());
    if (is_merge(key)) return;
    if (!key.IsScalar() && !key.IsNull()) stop(at, "a key must be a word", kQuotes);
    Value::Member member{key.IsScalar() ? key.Scalar() : "null", at, convert(node, depth + 1)};
    auto same = std::find_if(object.members.begin(), object.members.end(),
                             [&](const auto& other) { return other.key == member.key; });
    if (same == object.members.end()) {
      object.members.push_back(std::move(member));
    } else {
      diagnostics_.warning(at, "'" + member.key + "' comes twice: the last one counts");
      *same = std::move(member);
    }
  }

  void merge(Value& object, const YAML::Node& node, int depth) {
    auto from = convert(node, depth + 1);
    if (from.is_object()) from.items = {from};
    for (const auto& source : from.items) {
      for (const auto& member : source.members) {
        if (object.find(member.key) == nullptr) object.members.push_back(member);
      }
    }
  }

  [[noreturn]] void stop(Position at, const std::string& message, const std::string& hint = "") {
    diagnostics_.error(at, message, hint);
    throw Stop{};
  }

  Diagnostics& diagnostics_;
  std::size_t values_ = 0;
};

}  // namespace

Value read_ansible_yaml(std::string_view text, Diagnostics& diagnostics) {
  try {
    return Converter(diagnostics).convert(YAML::Load(std::string(text)));
  } catch (const Stop&) {
    return {};
  } catch (const YAML::Exception& problem) {
    diagnostics.error(position_of(problem.mark), "this is not YAML: " + problem.msg, kQuotes);
    return {};
  }
}

}  // namespace muster
