#include "provisioner/definition/json_mistake.h"

#include <cctype>
#include <charconv>
#include <string>

#include "provisioner/definition/reader.h"

namespace muster {

namespace {

using Last = JsonProgress::Last;

std::string show(Position at) { return std::to_string(at.line) + ":" + std::to_string(at.column); }

char closing(char bracket) { return bracket == '{' ? '}' : ']'; }

std::string quoted(char c) { return {'\'', c, '\''}; }

/// Looks at the first token that did not fit.
class Explainer {
 public:
  Explainer(std::string_view text, const JsonProgress& progress)
      : text_(text), progress_(progress), places_(text) {}

  Diagnostic explain();

 private:
  std::size_t skip_space(std::size_t at) const {
    at = text_.find_first_not_of(" \t\r\n", at);
    return at == std::string_view::npos ? text_.size() : at;
  }
  char at(std::size_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }
  bool in_object() const { return !progress_.open.empty() && progress_.open.back().bracket == '{'; }

  Diagnostic error(std::size_t offset, std::string message, std::string hint = "") {
    return {Severity::error, places_.of(offset), std::move(message), std::move(hint)};
  }
  Diagnostic never_closed();
  std::string word(std::size_t offset) const;
  /// Of the "\\uXXXX" at `offset`, negative when there is none.
  int code_unit(std::size_t offset) const;
  std::optional<Diagnostic> foreign_token(std::size_t offset);
  std::optional<Diagnostic> bad_string(std::size_t offset);
  std::optional<Diagnostic> bad_closing(std::size_t offset);
  Diagnostic unexpected(std::size_t offset);
  Diagnostic bad_value(std::size_t offset);

  std::string_view text_;
  const JsonProgress& progress_;
  Places places_;
  std::optional<std::size_t> comma_;  ///< right before the token
  bool colon_ = false;                ///< right before the token
};

Diagnostic Explainer::never_closed() {
  auto open = progress_.suspect.value_or(progress_.open.back());
  return {Severity::error, open.at, "the " + quoted(open.bracket) + " opened here is never closed",
          "add the missing " + quoted(closing(open.bracket))};
}

std::string Explainer::word(std::size_t offset) const {
  bool string = at(offset) == '"';
  auto end = string ? text_.find('"', offset + 1) : text_.find_first_of(" \t\r\n,:{}[]\"'", offset);
  if (end == offset || (string && end != std::string_view::npos)) ++end;
  auto found = text_.substr(offset, end == std::string_view::npos ? end : end - offset);
  return std::string(found.substr(0, 40));
}

int Explainer::code_unit(std::size_t offset) const {
  int unit = -1;
  if (at(offset) != '\\' || at(offset + 1) != 'u') return unit;
  auto hex = text_.substr(offset + 2, 4);
  auto end = std::from_chars(hex.data(), hex.data() + hex.size(), unit, 16).ptr;
  return end == hex.data() + 4 && hex[0] != '-' ? unit : -1;
}

/// What other languages write and JSON does not have.
std::optional<Diagnostic> Explainer::foreign_token(std::size_t offset) {
  char c = at(offset);
  if (c == '#' || (c == '/' && (at(offset + 1) == '/' || at(offset + 1) == '*'))) {
    return error(offset, "JSON has no comments",
                 "remove it, or write the definition as YAML, in a file named *.yaml");
  }
  if (c == '\'') return error(offset, "single quotes", "use double quotes: \"");
  return std::nullopt;
}

std::optional<Diagnostic> Explainer::bad_string(std::size_t offset) {
  constexpr std::string_view kEscapes = "\"\\/bfnrtu";
  for (auto i = offset + 1; i < text_.size(); ++i) {
    char c = text_[i];
    if (c == '"') return std::nullopt;
    if (c == '\n' || c == '\r') break;
    if (static_cast<unsigned char>(c) < 0x20) {
      return error(i, "a control character in a string",
                   c == '\t' ? "write \\t instead of the tab" : "write it as \\u00XX");
    }
    if (c != '\\') continue;
    if (kEscapes.find(at(i + 1)) == std::string_view::npos) {
      return error(i, "'" + std::string(text_.substr(i, 2)) + "' is no escape in JSON",
                   "remove the \\, or write \\\\ for a backslash");
    }
    if (at(i + 1) == 'u') {
      auto unit = code_unit(i);
      bool high = unit >= 0xD800 && unit < 0xDC00;
      auto next = high ? code_unit(i + 6) : 0;
      bool pair = next >= 0xDC00 && next < 0xE000;
      if (unit < 0 || (high && !pair) || (unit >= 0xDC00 && unit < 0xE000)) {
        return error(i, "'" + std::string(text_.substr(i, 6)) + "' is no character",
                     "write the character itself");
      }
      if (high) i += 6;
    }
    ++i;
  }
  return error(offset, "this string is never closed", "add the missing \"");
}

std::optional<Diagnostic> Explainer::bad_closing(std::size_t offset) {
  char c = at(offset);
  if (c != '}' && c != ']') return std::nullopt;
  if (progress_.open.empty()) return error(offset, quoted(c) + " closes nothing", "remove it");
  const auto& open = progress_.open.back();
  if (c != closing(open.bracket)) {
    return error(offset, "expected " + quoted(closing(open.bracket)) + " for the " +
                             quoted(open.bracket) + " opened at " + show(open.at) + ", got " +
                             quoted(c));
  }
  if (comma_) return error(*comma_, "a comma with nothing after it", "remove the ','");
  return std::nullopt;
}

Diagnostic Explainer::bad_value(std::size_t offset) {
  auto found = word(offset);
  constexpr std::string_view kNumber = "0123456789+-.";
  if (found == "True" || found == "TRUE" || found == "False" || found == "FALSE") {
    return error(offset, "'" + found + "' is no value in JSON",
                 found[0] == 'T' ? "write true" : "write false");
  }
  if (found == "None" || found == "NULL" || found == "Null" || found == "nil") {
    return error(offset, "'" + found + "' is no value in JSON", "write null");
  }
  if (kNumber.find(found[0]) != std::string_view::npos) {
    return error(offset, "'" + found + "' is no number in JSON",
                 "put it in double quotes if it is text");
  }
  if (progress_.last == Last::nothing) {
    return error(offset, "this is not JSON: a definition begins with '{'",
                 "a definition in YAML needs a file named *.yaml");
  }
  return error(offset, "expected a value, got '" + found + "'", "put text in double quotes");
}

Diagnostic Explainer::unexpected(std::size_t offset) {
  char c = at(offset);
  auto found = word(offset);
  if (progress_.last == Last::key && !colon_) {
    return error(offset, "expected ':' after the key, got '" + found + "'");
  }
  if (progress_.open.empty() && progress_.last == Last::value) {
    return error(offset, "unexpected '" + found + "' after the end of the definition");
  }
  if (progress_.last == Last::value && !comma_ && offset == progress_.end &&
      std::isdigit(static_cast<unsigned char>(at(offset - 1))) != 0) {
    return error(offset, "expected the end of the number, got '" + found + "'",
                 "put it in double quotes if it is text");
  }
  if (progress_.last == Last::value && !comma_) {
    return error(offset,
                 "expected ',' or " + quoted(closing(progress_.open.back().bracket)) + ", got '" +
                     found + "'",
                 "is a ',' missing before it?");
  }
  if (c == ',' || c == ':') {
    return error(offset,
                 std::string(in_object() && !colon_ ? "expected a key" : "expected a value") +
                     ", got " + quoted(c));
  }
  if (in_object() && !colon_) {
    return error(offset, "expected a key in double quotes, got '" + found + "'",
                 c == '{' && comma_ ? "is a '}' missing before it, for the '{' opened at " +
                                          show(progress_.open.back().at) + "?"
                                    : "");
  }
  if (c == '}' || c == ']') return error(offset, "expected a value, got " + quoted(c));
  return bad_value(offset);
}

Diagnostic Explainer::explain() {
  auto offset = skip_space(progress_.end);
  if (progress_.last == Last::key && at(offset) == ':') {
    colon_ = true;
    offset = skip_space(offset + 1);
  } else if (progress_.last == Last::value && !progress_.open.empty() && at(offset) == ',') {
    comma_ = offset;
    offset = skip_space(offset + 1);
  }
  if (offset >= text_.size()) {
    if (!progress_.open.empty()) return never_closed();
    return error(offset, "the text ends too early");
  }
  if (auto found = foreign_token(offset)) return *found;
  if (at(offset) == '"') {
    if (auto found = bad_string(offset)) return *found;
  }
  if (!colon_) {
    if (auto found = bad_closing(offset)) return *found;
  }
  return unexpected(offset);
}

}  // namespace

Diagnostic explain_json_mistake(std::string_view text, const JsonProgress& progress) {
  return Explainer(text, progress).explain();
}

}  // namespace muster
