#include "provisioner/base/diagnostics.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace muster {

namespace {

constexpr std::size_t kShownWidth = 96;

/// Bytes of UTF-8 to columns on a terminal: continuation bytes take none.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// `text` with control characters (C1 too, U+0080 to U+009F) as '?': a file must not drive the
/// terminal of those who look at what is wrong with it.
std::string harmless(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    bool second =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte == '\t') {
      out += ' ';
    } else {
      out += (byte < 0x20 && byte != '\n') || byte == 0x7F || second ? '?' : text[i];
    }
    if (second) ++i;
  }
  return out;
}

}  // namespace

Diagnostics::Diagnostics(std::string file, std::string text)
    : file_(std::move(file)), text_(std::move(text)) {}

void Diagnostics::error(Position at, std::string message, std::string hint) {
  items_.push_back({Severity::error, at, std::move(message), std::move(hint)});
}

void Diagnostics::warning(Position at, std::string message, std::string hint) {
  items_.push_back({Severity::warning, at, std::move(message), std::move(hint)});
}

bool Diagnostics::has_errors() const {
  return std::any_of(items_.begin(), items_.end(),
                     [](const Diagnostic& item) { return item.severity == Severity::error; });
}

std::string Diagnostics::source_line(int line) const {
  std::size_t start = 0;
  for (int at = 1; at < line; ++at) {
    start = text_.find('\n', start);
    if (start == std::string::npos) return "";
    ++start;
  }
  auto end = text_.find_first_of("\r\n", start);
  return text_.substr(start, end == std::string::npos ? end : end - start);
}

std::string Diagnostics::render() const {
  auto sorted = items_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
  });
  std::string out;
  for (const auto& item : sorted) {
    out += file_;
    if (item.at.line > 0) {
      out += ":" + std::to_string(item.at.line) + ":" + std::to_string(item.at.column);
    }
    out += item.severity == Severity::error ? ": error: " : ": warning: ";
    out += harmless(item.message) + "\n";
    if (auto line = source_line(item.at.line); item.at.line > 0 && !line.empty()) {
      auto column =
          std::min(static_cast<std::size_t>(std::max(item.at.column, 1)) - 1, line.size());
      // A minified file is one endless line: show the part around the mistake.
      std::size_t from = 0;
      if (column > kShownWidth * 3 / 4) from = column - kShownWidth / 2;
      while (from > 0 && (static_cast<unsigned char>(line[from]) & 0xC0) == 0x80) --from;
      std::string before = line.substr(from, column - from);
      std::string shown = line.substr(from, kShownWidth);
      while (from + shown.size() < line.size() &&
             (static_cast<unsigned char>(line[from + shown.size()]) & 0xC0) == 0x80) {
        shown += line[from + shown.size()];
      }
      out += "  " + harmless(shown) + "\n  " + std::string(columns(before), ' ') + "^\n";
    }
    if (!item.hint.empty()) out += "  " + harmless(item.hint) + "\n";
  }
  return out;
}

}  // namespace muster
