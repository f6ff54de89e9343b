#include "provisioner/report/escape.h"

#include <cstddef>

#include "provisioner/base/utf8.h"

namespace muster {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

unsigned byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

/// Well formed, and in neither language.
bool is_forbidden(std::string_view sequence) {
  const auto first = byte_at(sequence, 0);
  if (sequence.size() == 1) {
    return first == 0x7F || (first < 0x20 && first != '\t' && first != '\n' && first != '\r');
  }
  bool c1_control = first == 0xC2 && byte_at(sequence, 1) < 0xA0;
  bool noncharacter = first == 0xEF && byte_at(sequence, 1) == 0xBF && byte_at(sequence, 2) >= 0xBE;
  return c1_control || noncharacter;
}

std::string_view escaped(std::string_view sequence) {
  switch (sequence.front()) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return sequence;
  }
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto length = utf8_length(text, at);
    const auto sequence = text.substr(at, length);
    out += length == 0 || is_forbidden(sequence) ? kReplacement : escaped(sequence);
    at += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace muster
