#include "provisioner/import/words.h"

#include <charconv>

#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr std::size_t kMostNames = 20'000;  // as a deployment has

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// One range: what its names have in its place.
struct Range {
  std::vector<std::string> parts;
  std::string problem;
};

std::optional<long> number_in(const std::string& text) {
  long number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool whole = !text.empty() && text[0] != '-' && problem == std::errc{};
  return whole && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

Range numbers(const std::string& first, const std::string& last, long step) {
  auto from = number_in(first);
  auto to = number_in(last);
  if (!from || !to) return {{}, "its bounds are neither numbers nor letters"};
  bool padded = first.size() > 1 && first[0] == '0';
  if (padded && first.size() != last.size()) {
    return {{}, "'" + first + "' and '" + last + "' must be equally long"};
  }
  if (*to < *from) return {{}, "it ends before it begins"};
  if (static_cast<std::size_t>((*to - *from) / step) >= kMostNames) return {{}, "it is too long"};
  Range range;
  for (long n = *from; n <= *to; n += step) {
    auto text = std::to_string(n);
    if (padded && text.size() < first.size()) text.insert(0, first.size() - text.size(), '0');
    range.parts.push_back(text);
  }
  return range;
}

Range letters(char first, char last, long step) {
  Range range;
  if (last < first) return {{}, "it ends before it begins"};
  for (long c = first; c <= last; c += step) range.parts.emplace_back(1, static_cast<char>(c));
  return range;
}

bool is_letter(const std::string& text) {
  return text.size() == 1 &&
         ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));
}

/// "01:10", "a:c", "1:9:2".
Range read_range(const std::string& text) {
  auto bounds = split(text, ':');
  if (bounds.size() != 2 && bounds.size() != 3) return {{}, "it is written [first:last]"};
  if (bounds[0].empty()) bounds[0] = "0";
  auto step = bounds.size() == 3 ? number_in(bounds[2]) : std::optional(1L);
  if (!step || *step < 1) return {{}, "its step must be 1 or more"};
  if (is_letter(bounds[0]) && is_letter(bounds[1])) {
    return letters(bounds[0][0], bounds[1][0], *step);
  }
  return numbers(bounds[0], bounds[1], *step);
}

}  // namespace

std::optional<std::vector<std::string>> split_words(std::string_view line, bool comments) {
  std::vector<std::string> words;
  std::string word;
  bool started = false;
  char quote = '\0';
  for (std::size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    bool escapes = c == '\\' && quote != '\'' && i + 1 < line.size() &&
                   (quote == '\0' || line[i + 1] == '"' || line[i + 1] == '\\');
    if (escapes) {
      word += line[++i];
      started = true;
    } else if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      started = true;
    } else if (is_space(c)) {
      if (started) words.push_back(word);
      word.clear();
      started = false;
    } else if (c == '#' && comments && !started) {
      break;
    } else {
      word += c;
      started = true;
    }
  }
  if (quote != '\0') return std::nullopt;
  if (started) words.push_back(word);
  return words;
}

ExpandedNames expand_names(const std::string& pattern) {
  ExpandedNames expanded{{""}, ""};
  std::size_t start = 0;
  for (;;) {
    auto open = pattern.find('[', start);
    auto plain = pattern.substr(start, open == std::string::npos ? open : open - start);
    for (auto& name : expanded.names) name += plain;
    if (open == std::string::npos) return expanded;
    auto close = pattern.find(']', open);
    if (close == std::string::npos) return {{}, "a range is not closed"};
    auto range = read_range(pattern.substr(open + 1, close - open - 1));
    if (!range.problem.empty()) return {{}, range.problem};
    if (range.parts.size() * expanded.names.size() > kMostNames) {
      return {{}, "it stands for more than 20000 names"};
    }
    std::vector<std::string> longer;
    for (const auto& name : expanded.names) {
      for (const auto& part : range.parts) longer.push_back(name + part);
    }
    expanded.names = std::move(longer);
    start = close + 1;
  }
}

}  // namespace muster
