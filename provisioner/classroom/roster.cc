#include "provisioner/classroom/roster.h"

#include <algorithm>
#include <map>
#include <optional>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/base/utf8.h"
#include "provisioner/classroom/columns.h"
#include "provisioner/classroom/csv.h"
#include "provisioner/classroom/encoding.h"
#include "provisioner/classroom/student_name.h"
#include "provisioner/definition/names.h"
#include "provisioner/definition/value.h"

namespace muster {

namespace {

constexpr std::uintmax_t kMaxBytes = 8u << 20;
/// A roster of garbage has one mistake per row; nobody reads more than this.
constexpr std::size_t kMostReports = 1000;

/// A row by its columns; what it does not have is not there.
struct Entry {
  Position at;
  std::map<Column, CsvField> fields;
};

bool is_email(std::string_view text) {
  auto at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos &&
         text.find_first_of(" \t,;<>\"") == std::string_view::npos;
}

/// Words with one blank between: names may come with line breaks.
std::string one_line(std::string text) {
  std::string out;
  for (char c : text) {
    bool blank = c == ' ' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (!blank) out += c;
    if (blank && !out.ends_with(' ')) out += ' ';
  }
  return trim(out);
}

class RosterReader {
 public:
  explicit RosterReader(Roster& roster) : roster_(roster) {}

  void read_table(std::string_view text);
  void read_list(std::string_view text);

 private:
  void error(Position at, std::string message, std::string hint = "");
  std::vector<std::optional<Column>> read_header(const CsvRow& header);
  void report_missing_columns(const CsvRow& header,
                              const std::vector<std::optional<Column>>& columns);
  void read_row(const CsvRow& row, const std::vector<std::optional<Column>>& columns);
  void read_object(const Value& object);
  void add(const Entry& entry);
  /// The field's text; what is wrong with it is reported.
  std::string name_of(const Entry& entry, std::string& id);
  std::string email_of(const Entry& entry);
  std::string key_of(const Entry& entry);

  Roster& roster_;
  std::map<std::string, Student> by_id_;   ///< also those with other mistakes
  std::map<std::string, Student> by_key_;  ///< by the key without its comment
  std::size_t reported_ = 0;
};

void RosterReader::error(Position at, std::string message, std::string hint) {
  if (++reported_ <= kMostReports) {
    roster_.diagnostics.error(at, std::move(message), std::move(hint));
  } else if (reported_ == kMostReports + 1) {
    roster_.diagnostics.error(
        {}, "more than " + std::to_string(kMostReports) + " mistakes: the others are not shown");
  }
}

std::vector<std::optional<Column>> RosterReader::read_header(const CsvRow& header) {
  std::vector<std::optional<Column>> columns;
  for (const auto& field : header.fields) {
    const auto* rule = find_column(field.text);
    columns.push_back(rule == nullptr ? std::nullopt : std::optional(rule->column));
    if (rule == nullptr && !field.text.empty()) {
      roster_.diagnostics.warning(field.at, "the column " + shown(field.text) + " is not used");
    }
    if (rule != nullptr && std::count(columns.begin(), columns.end(), rule->column) > 1) {
      error(field.at, "a second column '" + rule->name + "'", "remove one of them");
    }
  }
  report_missing_columns(header, columns);
  return columns;
}

void RosterReader::report_missing_columns(const CsvRow& header,
                                          const std::vector<std::optional<Column>>& columns) {
  std::vector<std::string> others;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i]) others.push_back(header.fields[i].text);
  }
  for (const auto& rule : column_rules()) {
    bool there = std::ranges::find(columns, std::optional(rule.column)) != columns.end();
    if (there || rule.column == Column::email) continue;
    auto near = nearest(rule.name, others);
    error({header.line, 1}, "there is no column '" + rule.name + "'",
          near ? "is it the one called " + shown(*near) + "? Call it '" + rule.name + "'"
               : "the first row names the columns: name, email, ssh key");
  }
}

void RosterReader::read_row(const CsvRow& row, const std::vector<std::optional<Column>>& columns) {
  Entry entry;
  entry.at = {row.line, 1};
  for (std::size_t i = 0; i < row.fields.size(); ++i) {
    const auto& field = row.fields[i];
    if (i >= columns.size() && !field.text.empty()) {
      error(field.at,
            "the row has " + std::to_string(row.fields.size()) + " fields, the header has " +
                std::to_string(columns.size()),
            "put a field that has the separator in it in double quotes");
      return;
    }
    if (i < columns.size() && columns[i]) entry.fields.try_emplace(*columns[i], field);
  }
  add(entry);
}

void RosterReader::read_table(std::string_view text) {
  auto rows = read_csv(text, roster_.diagnostics);
  auto columns = read_header(rows.empty() ? CsvRow{1, {}} : rows.front());
  // Without its columns, every row would only be wrong for want of them.
  if (reported_ > 0) return;
  for (std::size_t i = 1; i < rows.size(); ++i) read_row(rows[i], columns);
  if (rows.size() == 1) {
    error({rows.front().line, 1}, "the roster has no students", "write a row for each of them");
  }
}

void RosterReader::read_object(const Value& object) {
  if (!object.is_object()) {
    error(object.at, "a student must be an object, not " + describe(object.kind),
          R"(write {"name": "...", "email": "...", "ssh_key": "ssh-ed25519 ..."})");
    return;
  }
  Entry entry;
  entry.at = object.at;
  for (const auto& [key, at, value] : object.members) {
    const auto* rule = find_column(key);
    if (rule == nullptr) {
      roster_.diagnostics.warning(at, "the key " + shown(key) + " is not used");
    } else if (!value.is_string()) {
      error(value.at, "'" + key + "' must be a string, not " + describe(value.kind));
      return;
    } else if (!entry.fields.try_emplace(rule->column, CsvField{trim(value.text), value.at})
                    .second) {
      error(at, "'" + key + "' is a second '" + rule->name + "'", "remove one of them");
    }
  }
  add(entry);
}

void RosterReader::read_list(std::string_view text) {
  auto list = parse_value(text, false, roster_.diagnostics);
  if (roster_.diagnostics.has_errors()) return;
  if (!list.is_list()) {
    error(list.at, "a roster must be a list of students, not " + describe(list.kind),
          "put it in brackets: [{...}, {...}]");
    return;
  }
  for (const auto& object : list.items) read_object(object);
  if (list.items.empty()) error(list.at, "the roster has no students");
}

std::string RosterReader::name_of(const Entry& entry, std::string& id) {
  auto field = entry.fields.find(Column::name);
  if (field == entry.fields.end() || field->second.text.empty()) {
    error(entry.at, "the 'name' is empty", "write the student's name, or remove the row");
    return "";
  }
  const auto at = field->second.at;
  auto name = one_line(field->second.text);
  auto folded = fold_name(name);
  if (!folded.stranger.empty()) {
    error(at,
          "the 'name' " + shown(name) + " has the letter '" + folded.stranger +
              "', which no cluster's name can have",
          "write the name in Latin letters");
    return "";
  }
  if (folded.label.empty()) {
    error(at, "the 'name' " + shown(name) + " has neither letters nor digits",
          "write the student's name");
    return "";
  }
  auto [first, added] = by_id_.try_emplace(folded.label);
  if (!added) {
    const auto& other = first->second;
    error(at,
          "the 'name' " + shown(name) + " stands in row " + std::to_string(other.at.line) +
              " already" +
              (other.name == name
                   ? ""
                   : " as " + shown(other.name) + ": both would be '" + folded.label + "'"),
          "tell them apart, e.g. " + shown(name + " 2"));
    return "";
  }
  first->second = {folded.label, name, "", "", at};
  id = folded.label;
  return name;
}

std::string RosterReader::email_of(const Entry& entry) {
  auto field = entry.fields.find(Column::email);
  if (field == entry.fields.end() || field->second.text.empty()) return "";
  const auto& [text, at] = field->second;
  if (!is_email(text)) {
    roster_.diagnostics.warning(at, "the 'email' " + shown(text) + " is no e-mail address");
  }
  return text;
}

std::string RosterReader::key_of(const Entry& entry) {
  auto field = entry.fields.find(Column::ssh_key);
  if (field == entry.fields.end() || field->second.text.empty()) {
    error(entry.at, "the 'ssh key' is empty",
          "ask the student for the line in ~/.ssh/id_ed25519.pub (ssh-keygen -t ed25519 makes it)");
    return "";
  }
  const auto& [text, at] = field->second;
  if (auto problem = check_public_key(text)) {
    error(at, "the 'ssh key' " + problem.message, problem.hint);
    return "";
  }
  return text;
}

void RosterReader::add(const Entry& entry) {
  Student student;
  student.name = name_of(entry, student.id);
  student.email = email_of(entry);
  student.ssh_key = key_of(entry);
  if (student.name.empty() || student.ssh_key.empty()) return;
  student.at = by_id_.at(student.id).at;
  auto words = split(student.ssh_key, ' ');
  auto [first, added] = by_key_.try_emplace(words[0] + " " + words[1], student);
  if (!added) {
    roster_.diagnostics.warning(entry.fields.at(Column::ssh_key).at,
                                shown(student.name) + " has the key of " +
                                    shown(first->second.name) + " in row " +
                                    std::to_string(first->second.at.line),
                                "each of them can log in to the other's nodes");
  }
  roster_.students.push_back(std::move(student));
}

}  // namespace

Roster parse_roster(const std::string& file, std::string text) {
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  Roster roster;
  roster.diagnostics = Diagnostics(file, "");
  if (!check_encoding(text, roster.diagnostics)) return roster;
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) {
    roster.diagnostics.error({}, "the file is empty", "examples/classroom/roster.csv is a roster");
    return roster;
  }
  // Lines are not shown where one may hold a private key.
  bool shown = text.find("PRIVATE KEY") == std::string::npos;
  roster.diagnostics = Diagnostics(file, shown ? text : "");
  RosterReader reader(roster);
  bool json = file.ends_with(".json") || text[first] == '[' || text[first] == '{';
  json ? reader.read_list(text) : reader.read_table(text);
  return roster;
}

Roster read_roster(const std::filesystem::path& file) {
  try {
    return parse_roster(file.string(), read_file(file, kMaxBytes));
  } catch (const Error& problem) {
    Roster roster;
    roster.diagnostics = Diagnostics(file.string(), "");
    roster.diagnostics.error({}, problem.what(), "name a CSV or JSON file: --roster FILE");
    return roster;
  }
}

}  // namespace muster
