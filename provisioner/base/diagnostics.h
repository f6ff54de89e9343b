#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster {

/// A place in a text, both from 1; line 0 means "no place".
struct Position {
  int line = 0;
  int column = 0;
};

enum class Severity { error, warning };

/// One thing wrong with the user's input, with what to do about it.
struct Diagnostic {
  Severity severity = Severity::error;
  Position at;
  std::string message;
  std::string hint;  ///< a suggestion, empty when there is none
};

/// The mistakes found in one input text: collected, never first-fail.
class Diagnostics {
 public:
  /// `file` is the name to print; `text` is kept so that the line can be shown.
  Diagnostics(std::string file, std::string text);
  Diagnostics() = default;

  void error(Position at, std::string message, std::string hint = "");
  void warning(Position at, std::string message, std::string hint = "");

  /// Lines are shown as they are in `text` from now on: the same one with secrets crossed out.
  void show(std::string text) { text_ = std::move(text); }

  bool has_errors() const;
  bool empty() const { return items_.empty(); }
  const std::vector<Diagnostic>& items() const { return items_; }
  const std::string& file() const { return file_; }

  /// In order of position, each as "file:line:col: error: message", the line, a caret, the hint.
  std::string render() const;

 private:
  std::string source_line(int line) const;

  std::string file_;
  std::string text_;
  std::vector<Diagnostic> items_;
};

}  // namespace muster
