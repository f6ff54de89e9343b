#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "provisioner/definition/json_mistake.h"
#include "provisioner/definition/reader.h"

namespace muster {

namespace {

constexpr std::string_view kCurlyDouble[] = {"\xE2\x80\x9C", "\xE2\x80\x9D"};
constexpr std::string_view kCurlySingle[] = {"\xE2\x80\x98", "\xE2\x80\x99"};

bool is_curly(std::string_view text) {
  auto begins = [&](std::string_view quote) { return text.starts_with(quote); };
  return std::any_of(std::begin(kCurlyDouble), std::end(kCurlyDouble), begins) ||
         std::any_of(std::begin(kCurlySingle), std::end(kCurlySingle), begins);
}

/// Reports curly quotes outside strings, once, and straightens them in a copy of the same length,
/// so that the rest of the text can still be checked.
std::string straighten_quotes(std::string_view text, Diagnostics& diagnostics) {
  std::string out(text);
  Places places(text);
  bool reported = false;
  bool in_string = false;  // in straight quotes
  bool in_curly = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      in_string = in_curly = false;
    } else if (in_string && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      // “name" closes a string that a curly quote opened.
      in_string = !in_curly && !in_string;
      in_curly = false;
    } else if (!in_string && is_curly(text.substr(i))) {
      if (!reported) {
        diagnostics.error(places.of(i), "curly quotes, as pasted from a web page",
                          "use straight \" quotes");
        reported = true;
      }
      out.replace(i, 3, in_curly ? "\"  " : "  \"");
      in_curly = !in_curly;
      i += 2;
    }
  }
  return out;
}

/// Receives nlohmann's events and finds each token again in the text, which knows no positions.
class JsonReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonReader(std::string_view text, Diagnostics& diagnostics)
      : text_(text), places_(text), diagnostics_(diagnostics), builder_(diagnostics) {}

  bool null() override { return literal(4, {}); }
  bool boolean(bool value) override { return literal(value ? 4 : 5, Value::of(value)); }
  bool number_integer(number_integer_t value) override { return number(Value::of(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(std::numeric_limits<number_integer_t>::max())) {
      return number(Value::of(static_cast<std::int64_t>(value)));
    }
    return number_float(static_cast<double>(value), "");
  }
  bool number_float(number_float_t value, const string_t&) override {
    Value result;
    result.kind = Value::Kind::number;
    result.number = value;
    return number(std::move(result));
  }
  bool string(string_t& value) override {
    auto result = Value::of(std::move(value));
    result.at = start();
    skip_string();
    return scalar(std::move(result));
  }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(Value::Kind::object, '{'); }
  bool start_array(std::size_t) override { return open(Value::Kind::list, '['); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    auto at = start();
    skip_string();
    progress_.last = JsonProgress::Last::key;
    builder_.key(std::move(name), at);
    return true;
  }

  bool parse_error(std::size_t, const std::string& token,
                   const nlohmann::detail::exception& problem) override {
    constexpr int kOutOfRange = 406;  // nlohmann: "number overflow"
    if (problem.id == kOutOfRange) {
      diagnostics_.error(start(), "the number '" + token + "' is too large");
      return false;
    }
    auto mistake = explain_json_mistake(text_, progress_);
    diagnostics_.error(mistake.at, mistake.message, mistake.hint);
    return false;
  }

  Value take() { return builder_.take(); }

 private:
  /// Goes to the start of the next token.
  Position start() {
    progress_.end = std::min(text_.find_first_not_of(" \t\r\n,:", progress_.end), text_.size());
    return places_.of(progress_.end);
  }
  void skip_string() {
    auto& at = progress_.end;
    for (++at; at < text_.size() && text_[at] != '"'; ++at) {
      if (text_[at] == '\\') ++at;
    }
    ++at;
  }
  bool scalar(Value value) {
    progress_.last = JsonProgress::Last::value;
    return builder_.scalar(std::move(value));
  }
  bool literal(std::size_t length, Value value) {
    value.at = start();
    progress_.end += length;
    return scalar(std::move(value));
  }
  bool number(Value value) {
    value.at = start();
    auto end = number_end(progress_.end);
    value.text = text_.substr(progress_.end, end - progress_.end);
    progress_.end = end;
    return scalar(std::move(value));
  }
  /// JSON's grammar of numbers: of "01" only the 0 is one.
  std::size_t number_end(std::size_t at) const {
    auto skip = [&](std::string_view set) {
      if (at < text_.size() && set.find(text_[at]) != std::string_view::npos) ++at;
    };
    auto skip_digits = [&] {
      at = std::min(text_.find_first_not_of("0123456789", at), text_.size());
    };
    skip("-");
    if (at < text_.size() && text_[at] == '0') {
      ++at;
    } else {
      skip_digits();
    }
    if (at < text_.size() && text_[at] == '.') {
      ++at;
      skip_digits();
    }
    if (at < text_.size() && (text_[at] == 'e' || text_[at] == 'E')) {
      ++at;
      skip("+-");
      skip_digits();
    }
    return at;
  }
  bool open(Value::Kind kind, char bracket) {
    auto at = start();
    progress_.open.push_back({bracket, at});
    indents_.push_back(indent());
    ++progress_.end;
    progress_.last = JsonProgress::Last::opening;
    return builder_.begin(kind, at);
  }
  bool close() {
    auto at = start();
    if (!progress_.suspect && at.line > progress_.open.back().at.line && indent() == at.column &&
        indents_.back() != at.column) {
      progress_.suspect = progress_.open.back();
    }
    ++progress_.end;
    progress_.last = JsonProgress::Last::value;
    progress_.open.pop_back();
    indents_.pop_back();
    builder_.end();
    return true;
  }
  /// The column of the first character on the current line that is not a space.
  int indent() const {
    auto line = text_.rfind('\n', progress_.end);
    line = line == std::string_view::npos ? 0 : line + 1;
    return static_cast<int>(text_.find_first_not_of(" \t", line) - line) + 1;
  }

  std::string_view text_;
  Places places_;
  Diagnostics& diagnostics_;
  ValueBuilder builder_;
  JsonProgress progress_;
  std::vector<int> indents_;  ///< of the lines of progress_.open
};

}  // namespace

Value read_json(std::string_view text, Diagnostics& diagnostics) {
  auto straight = straighten_quotes(text, diagnostics);
  bool guessed = straight != text;
  Diagnostics found;
  JsonReader reader(straight, found);
  bool whole = nlohmann::json::sax_parse(straight, &reader);
  // Straightening guesses: a mistake in the syntax of what it made need not be the user's.
  if (whole || !guessed) {
    for (const auto& item : found.items()) diagnostics.error(item.at, item.message, item.hint);
  }
  return whole ? reader.take() : Value{};
}

}  // namespace muster
