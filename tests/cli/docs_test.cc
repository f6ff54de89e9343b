// What the documentation shows is right: definitions are valid, command lines parse, and nothing
// that the command line has is left out of docs/cli.md.
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/command_line.h"
#include "provisioner/definition/definition.h"

using namespace muster;

namespace {

const std::filesystem::path kSource = MUSTER_SOURCE_DIR;

std::vector<std::filesystem::path> pages() {
  std::vector<std::filesystem::path> files{kSource / "README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(kSource / "docs")) {
    if (entry.path().extension() == ".md") files.push_back(entry.path());
  }
  return files;
}

/// One page, taken apart: what stands in ``` blocks, by their language, and in `spans`.
struct Page {
  std::multimap<std::string, std::string> blocks;
  std::vector<std::string> spans;
};

Page take_apart(const std::string& text) {
  Page page;
  bool inside = false;
  std::string language;
  std::string block;
  for (const auto& line : split(text, '\n')) {
    if (line.starts_with("```")) {
      if (inside) page.blocks.emplace(language, std::exchange(block, ""));
      inside = !inside;
      language = line.substr(3);
    } else if (inside) {
      block += line + "\n";
    } else {
      auto parts = split(line, '`');
      for (std::size_t i = 1; i + 1 < parts.size(); i += 2) page.spans.push_back(parts[i]);
    }
  }
  return page;
}

/// The words of a shell's command, up to what is no longer ours: a pipe, a redirection, a comment.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  std::string word;
  bool started = false;
  char quote = '\0';
  for (char c : command + " ") {
    if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      started = true;
    } else if (c == ' ' || c == '\n') {
      if (word == ">" || word == "|" || word == "2>&1" || word.starts_with("#")) return words;
      if (started) words.push_back(std::exchange(word, ""));
      started = false;
    } else {
      word += c;
      started = true;
    }
  }
  return words;
}

/// The complaint about a command line; empty when it is right.
std::string complaint(const std::string& command) {
  auto words = words_of(command);
  words.erase(words.begin());  // "muster"
  try {
    parse_command_line(all_commands(), words);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool is_usage_line(const std::string& text) {
  for (const auto& command : all_commands().commands) {
    if (usage_of(command) == text) return true;
  }
  return false;
}

/// The command lines of a block; of a console block those behind "$ ".
std::vector<std::string> command_lines(const std::string& block) {
  std::vector<std::string> found;
  bool goes_on = false;
  for (auto line : split(block, '\n')) {
    if (line.starts_with("$ ")) line = line.substr(2);
    bool again = !line.empty() && line.back() == '\\';
    if (again) line.pop_back();
    if (goes_on) {
      found.back() += " " + line;
    } else if (line.starts_with("muster ")) {
      found.push_back(line);
    } else {
      again = false;
    }
    goes_on = again;
  }
  return found;
}

}  // namespace

TEST_CASE("docs: every command line shown can be typed") {
  // Made wrong on purpose, and shown with what muster says.
  const std::set<std::string> wrong{"muster aply cluster.json", "muster plan cluster.json --jsno",
                                    "muster plan"};
  std::size_t count = 0;
  for (const auto& file : pages()) {
    CAPTURE(file.string());
    auto page = take_apart(read_file(file));
    for (const auto& [language, block] : page.blocks) {
      for (const auto& line : command_lines(block)) {
        CAPTURE(line);
        CHECK((wrong.contains(line) || complaint(line) == ""));
        ++count;
      }
    }
    for (const auto& span : page.spans) {
      if (!span.starts_with("muster ") || is_usage_line(span) || span == "muster COMMAND --help" ||
          span == "muster help COMMAND") {
        continue;
      }
      CAPTURE(span);
      auto text = complaint(span);
      // In a sentence a command may stand without what it needs.
      CHECK((text.empty() || text.find("' needs ") != std::string::npos));
      ++count;
    }
  }
  CHECK(count >= 30);
}

TEST_CASE("docs: every definition shown is right") {
  auto roles = load_roles({});
  for (const char* name : {"web", "queue"}) {  // as a user may have
    roles.emplace_back().name = name;
  }
  DefinitionRules rules{roles, {"local", "inventory"}};
  std::size_t count = 0;
  for (const auto& file : pages()) {
    CAPTURE(file.string());
    auto page = take_apart(read_file(file));
    for (const auto& [language, block] : page.blocks) {
      bool definition = (language == "json" || language == "yaml") &&
                        block.find("nodes") != std::string::npos &&
                        block.find("role:") == std::string::npos;
      if (!definition) continue;
      auto result = parse_definition("shown." + language, block, {}, rules);
      CHECK(result.diagnostics.render() == "");
      ++count;
    }
  }
  CHECK(count >= 2);
}

TEST_CASE("docs: the program shown as a provider is the one in examples/") {
  auto page = take_apart(read_file(kSource / "docs/providers.md"));
  REQUIRE(page.blocks.count("python") == 1);
  CHECK(page.blocks.find("python")->second == read_file(kSource / "examples/providers/toy.py"));
}

TEST_CASE("docs: cli.md has every command and every option") {
  auto text = read_file(kSource / "docs/cli.md");
  auto has = [&](const std::string& what) { return text.find(what) != std::string::npos; };
  const auto table = all_commands();
  for (const auto& command : table.commands) {
    CAPTURE(command.name);
    auto heading = "### `" + usage_of(command) + "`\n";
    CHECK(has(heading));
    for (const auto& option : command.options) {
      CAPTURE(option.name);
      CHECK((has("`" + option.name + "`") || has("`" + option.name + " ")));
    }
  }
  for (const auto& option : table.common) CHECK(has("`" + option.name));
  for (const char* variable : {"MUSTER_STATE", "MUSTER_CACHE", "MUSTER_LOCAL_DIR", "NO_COLOR"}) {
    CHECK(has(std::string("| `") + variable + "` |"));
  }
}
