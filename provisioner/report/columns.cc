#include "provisioner/report/columns.h"

#include <algorithm>

namespace muster {

namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

/// The byte where column `column` begins.
std::size_t byte_of_column(std::string_view text, std::size_t column) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && seen++ == column) return i;
  }
  return text.size();
}

}  // namespace

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string pad(std::string_view text, std::size_t width) {
  std::string out(text);
  auto taken = columns(text);
  if (taken < width) out.append(width - taken, ' ');
  return out;
}

std::string elide_middle(std::string_view text, std::size_t width) {
  constexpr std::size_t kDots = 3;
  auto taken = columns(text);
  if (taken <= width) return std::string(text);
  if (width <= kDots) return std::string(width, '.');
  auto tail = (width - kDots) / 2;
  auto head = width - kDots - tail;
  std::string out(text.substr(0, byte_of_column(text, head)));
  return out + "..." + std::string(text.substr(byte_of_column(text, taken - tail)));
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte == '\t' || byte == '\n') {
      out += text[i];
    } else if (byte < 0x20 || byte == 0x7F) {
      out += '^';
      out += static_cast<char>(byte ^ 0x40);
    } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
      // U+0080 to U+009F: some terminals take U+009B for an escape sequence.
      out += '^';
      out += static_cast<char>(next - 0x40);
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string one_line(std::string_view text) {
  auto out = printable(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '\t' || c == '\n'; }, ' ');
  return out;
}

}  // namespace muster
