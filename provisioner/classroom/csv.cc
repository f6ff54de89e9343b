#include "provisioner/classroom/csv.h"

#include <algorithm>
#include <array>

#include "provisioner/base/text.h"

namespace muster {

namespace {

bool ends_line(char c) { return c == '\n' || c == '\r'; }

std::string_view first_row(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && ends_line(text[i])) return text.substr(0, i);
  }
  return text;
}

char separator_of(std::string_view row) {
  constexpr std::array<char, 3> kSeparators = {',', ';', '\t'};
  std::array<std::size_t, kSeparators.size()> counts{};
  bool quoted = false;
  for (char c : row) {
    if (c == '"') quoted = !quoted;
    for (std::size_t i = 0; i < kSeparators.size() && !quoted; ++i)
      counts[i] += c == kSeparators[i];
  }
  return kSeparators[static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin())];
}

class CsvReader {
 public:
  CsvReader(std::string_view text, Diagnostics& diagnostics)
      : text_(text), diagnostics_(diagnostics) {}

  std::vector<CsvRow> read();

 private:
  bool ended() const { return at_ >= text_.size(); }
  Position here() const { return {line_, static_cast<int>(at_ - line_start_) + 1}; }
  bool at_end_of_field() const {
    return ended() || text_[at_] == separator_ || ends_line(text_[at_]);
  }
  char take();
  void skip_preamble();
  CsvRow read_row();
  CsvField read_field();
  void read_quoted(CsvField& field);

  std::string_view text_;
  Diagnostics& diagnostics_;
  char separator_ = ',';
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
};

/// The next character; an end of line, however it is written, is '\n'.
char CsvReader::take() {
  char c = text_[at_++];
  if (!ends_line(c)) return c;
  if (c == '\r' && !ended() && text_[at_] == '\n') ++at_;
  ++line_;
  line_start_ = at_;
  return '\n';
}

void CsvReader::skip_preamble() {
  while (!ended() && ends_line(text_[at_])) take();
  auto row = first_row(text_.substr(at_));
  std::string line = trim(row);
  std::erase(line, '"');
  if (line.starts_with("sep=") && line.size() <= 5) {
    separator_ = line.size() == 5 ? line.back() : '\t';
    at_ += row.size();
    if (!ended()) take();
  } else {
    separator_ = separator_of(row);
  }
}

void CsvReader::read_quoted(CsvField& field) {
  take();
  for (;;) {
    if (ended()) {
      diagnostics_.error(field.at, "the quote that opens here is never closed",
                         "close it, or write a quote inside of quotes twice: \"\"");
      return;
    }
    char c = take();
    if (c == '"' && (ended() || text_[at_] != '"')) break;
    if (c == '"') take();
    field.text += c;
  }
  while (!at_end_of_field() && text_[at_] == ' ') take();
  if (at_end_of_field()) return;
  diagnostics_.error(here(), "text follows the quote that closes here",
                     "quote the whole field, and write a quote inside of it twice: \"\"");
  while (!at_end_of_field()) take();
}

CsvField CsvReader::read_field() {
  while (!at_end_of_field() && text_[at_] == ' ') take();
  CsvField field;
  field.at = here();
  if (!ended() && text_[at_] == '"') {
    read_quoted(field);
  } else {
    while (!at_end_of_field()) field.text += take();
  }
  field.text = trim(field.text);
  return field;
}

CsvRow CsvReader::read_row() {
  CsvRow row;
  row.line = line_;
  row.fields.push_back(read_field());
  while (!ended() && text_[at_] == separator_) {
    take();
    row.fields.push_back(read_field());
  }
  if (!ended()) take();
  return row;
}

std::vector<CsvRow> CsvReader::read() {
  skip_preamble();
  std::vector<CsvRow> rows;
  while (!ended()) {
    auto row = read_row();
    bool empty =
        std::ranges::all_of(row.fields, [](const auto& field) { return field.text.empty(); });
    if (!empty) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::vector<CsvRow> read_csv(std::string_view text, Diagnostics& diagnostics) {
  return CsvReader(text, diagnostics).read();
}

}  // namespace muster
