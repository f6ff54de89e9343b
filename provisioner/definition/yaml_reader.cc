#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cctype>
#include <charconv>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include "provisioner/definition/reader.h"

namespace muster {

namespace {

Position position_of(const YAML::Mark& mark) {
  return mark.is_null() ? Position{} : Position{mark.line + 1, mark.column + 1};
}

/// Thrown through yaml-cpp's parser to stop it; what is wrong has been reported.
struct Stop {};

bool digits(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

/// Integers of the YAML 1.2 core schema; those that do not fit stay text.
bool read_integer(std::string_view text, std::int64_t& out) {
  constexpr std::string_view kDecimal = "0123456789";
  int base = 10;
  if (text.starts_with("0o") && digits(text.substr(2), "01234567")) {
    base = 8;
    text.remove_prefix(2);
  } else if (text.starts_with("0x") && digits(text.substr(2), "0123456789abcdefABCDEF")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.starts_with("+") && digits(text.substr(1), kDecimal)) {
    text.remove_prefix(1);
  } else if (!digits(text.starts_with("-") ? text.substr(1) : text, kDecimal)) {
    return false;
  }
  return std::from_chars(text.data(), text.data() + text.size(), out, base).ec == std::errc{};
}

/// Floats of the core schema, without its infinities and NaN, which nothing here can mean.
bool read_float(std::string_view text, double& out) {
  auto rest = text.starts_with("+") || text.starts_with("-") ? text.substr(1) : text;
  auto mantissa = rest.substr(0, rest.find_first_of("eE"));
  auto point = mantissa.find('.');
  auto fraction = point == std::string_view::npos ? std::string_view{} : mantissa.substr(point + 1);
  constexpr std::string_view kDecimal = "0123456789";
  bool whole = digits(mantissa.substr(0, point), kDecimal);
  if (!whole && !(point == 0 && digits(fraction, kDecimal))) return false;
  if (!fraction.empty() && !digits(fraction, kDecimal)) return false;
  if (text.starts_with("+")) text.remove_prefix(1);
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  return problem == std::errc{} && end == text.data() + text.size();
}

Value plain_scalar(const std::string& text) {
  Value value = Value::of(text);
  if (text == "true" || text == "True" || text == "TRUE") {
    value = Value::of(true);
  } else if (text == "false" || text == "False" || text == "FALSE") {
    value = Value::of(false);
  } else if (read_integer(text, value.integer)) {
    value.kind = Value::Kind::integer;
    value.number = static_cast<double>(value.integer);
  } else if (read_float(text, value.number)) {
    value.kind = Value::Kind::number;
  }
  return value;
}

/// Builds the tree from yaml-cpp's events.
class YamlReader : public YAML::EventHandler {
 public:
  explicit YamlReader(Diagnostics& diagnostics)
      : diagnostics_(diagnostics), builder_(diagnostics) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Value value;
    value.at = position_of(mark);
    scalar(std::move(value));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    stop(position_of(mark), "aliases (\"*name\") are not supported", "write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    auto at = position_of(mark);
    bool plain = tag == "?";
    if (plain) check_quotes(at, text);
    if (expects_key()) {
      has_key_.back() = true;
      builder_.key(text, at);
      return;
    }
    auto value = plain ? plain_scalar(text) : Value::of(text);
    value.at = at;
    scalar(std::move(value));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    begin(Value::Kind::list, position_of(mark));
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    begin(Value::Kind::object, position_of(mark));
  }
  void OnMapEnd() override { end(); }

  Value take() { return builder_.take(); }

 private:
  bool expects_key() const {
    return builder_.depth() > 0 && builder_.innermost().is_object() && !has_key_.back();
  }
  [[noreturn]] void stop(Position at, const std::string& message, const std::string& hint = "") {
    diagnostics_.error(at, message, hint);
    throw Stop{};
  }
  void check_quotes(Position at, const std::string& text) {
    for (std::string_view quote :
         {"\xE2\x80\x9C", "\xE2\x80\x9D", "\xE2\x80\x98", "\xE2\x80\x99"}) {
      if (text.starts_with(quote)) {
        stop(at, "curly quotes, as pasted from a web page", "use straight \" quotes");
      }
    }
  }
  void require_place(Position at) {
    if (expects_key()) stop(at, "a key must be a string");
  }
  void value_done() {
    if (!has_key_.empty()) has_key_.back() = false;
  }
  void scalar(Value value) {
    require_place(value.at);
    if (!builder_.scalar(std::move(value))) throw Stop{};
    value_done();
  }
  void begin(Value::Kind kind, Position at) {
    require_place(at);
    if (!builder_.begin(kind, at)) throw Stop{};
    has_key_.push_back(false);
  }
  void end() {
    builder_.end();
    has_key_.pop_back();
    value_done();
  }

  Diagnostics& diagnostics_;
  ValueBuilder builder_;
  std::vector<bool> has_key_;  ///< per open container: a key waits for its value
};

std::string lower_first(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace

Value read_yaml(std::string_view text, Diagnostics& diagnostics) {
  YamlReader reader(diagnostics);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(reader)) return {};
    auto value = reader.take();
    YamlReader second(diagnostics);
    if (parser.HandleNextDocument(second)) {
      diagnostics.error(second.take().at, "a second document", "one file holds one document");
      return {};
    }
    return value;
  } catch (const Stop&) {
    return {};
  } catch (const YAML::Exception& problem) {
    diagnostics.error(position_of(problem.mark), "this is not YAML: " + lower_first(problem.msg),
                      "look at its indentation, and at the line before it");
    return {};
  }
}

}  // namespace muster
