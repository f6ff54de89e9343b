#include "provisioner/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/json_argument.h"
#include "provisioner/definition/attribs.h"

namespace muster {

namespace {

constexpr const char* kSeeAll = "see all commands: muster --help";

Error wrong(const std::string& message, const std::string& hint) {
  return Error(message, ExitCode::usage).hint(hint);
}

/// As Digital Rebar has them: "tenants", and "destroy" for "delete".
std::string group_called(const std::string& word) {
  bool plural = word == "tenants" || word == "providers" || word == "deployments";
  return plural ? word.substr(0, word.size() - 1) : word;
}

/// Finds the command among the words, and has CLI11 take the others apart. CLI11 only knows its
/// errors as English text, so what is wrong is said here.
class Parser {
 public:
  Parser(const CommandTable& table, std::vector<std::string> words)
      : table_(table), words_(std::move(words)) {}
  /// The command whose options were filled; nullptr: help is wanted, of command() if there is one.
  const Command* parse();
  const Command* command() const { return command_; }

 private:
  void find_command();
  std::string next_word();
  CLI::Option* add(const std::string& names, std::function<void(const std::string&)> take);
  void take_value(const OptionRule& rule, const std::string& value) const;
  void take_rest(const ArgumentRule& rule);
  [[noreturn]] void explain(const CLI::ParseError& error) const;
  void check_extras() const;
  [[noreturn]] void missing_value(const std::string& name, const std::string& value) const {
    throw wrong("'" + name + "' needs a value: " + name + " " + value, see_command());
  }
  [[noreturn]] void unknown_option(const std::string& name) const;
  const OptionRule* common_option(const std::string& word) const;
  std::string see_command() const { return "see: muster " + command_->name + " --help"; }
  std::string usage() const { return "usage: " + usage_of(*command_); }
  bool has_rest() const {
    return !command_->arguments.empty() && command_->arguments.back().name.starts_with("--");
  }

  const CommandTable& table_;
  std::vector<std::string> words_;  ///< those that are not understood yet
  bool help_ = false;
  std::string group_;  ///< "artifacts"
  const Command* command_ = nullptr;
  CLI::App app_;
};

const OptionRule* Parser::common_option(const std::string& word) const {
  auto name = word.substr(0, word.find('='));
  auto found = std::ranges::find_if(table_.common, [&](const OptionRule& rule) {
    return rule.name == name || (!rule.letter.empty() && rule.letter == name);
  });
  return found == table_.common.end() ? nullptr : &*found;
}

/// Takes the next word of a command's name, behind options that all commands have; empty when there
/// is none.
std::string Parser::next_word() {
  for (auto at = words_.begin(); at != words_.end(); ++at) {
    if (!at->starts_with('-') || *at == "-") {
      auto word = *at;
      words_.erase(at);
      return word;
    }
    help_ = help_ || *at == "-h" || *at == "--help";
    if (help_) return "";
    if (*at == "--version" && group_.empty()) {
      words_.erase(at);
      return "version";
    }
    if (*at == "--") continue;
    const auto* rule = common_option(*at);
    if (rule == nullptr) unknown_option(at->substr(0, at->find('=')));
    bool next = !rule->value.empty() && at->find('=') == std::string::npos;
    if (next && ++at == words_.end()) {
      throw wrong("'" + rule->name + "' needs a value: " + rule->name + " " + rule->value, kSeeAll);
    }
  }
  return "";
}

void Parser::find_command() {
  auto word = next_word();
  auto members = command_words(table_, group_called(word));
  if (!word.empty() && !members.empty()) {
    group_ = group_called(word);
    word = next_word();
    if (word == "destroy" && !std::ranges::count(members, word)) word = "delete";
    if (word.empty() && !help_) {
      throw wrong("'muster " + group_ + "' needs one of: " + join(members, ", "), kSeeAll);
    }
  }
  if (help_) return;
  if (word.empty()) throw wrong("there is no command", kSeeAll);
  const auto name = group_.empty() ? word : group_ + " " + word;
  auto found = std::ranges::find(table_.commands, name, &Command::name);
  if (found != table_.commands.end()) {
    command_ = &*found;
    return;
  }
  members = command_words(table_, group_);
  auto near = nearest(word, members);
  throw wrong("there is no command '" + name + "'", near ? "did you mean '" + *near + "'?"
                                                    : !group_.empty()
                                                        ? "there are: " + join(members, ", ")
                                                        : kSeeAll);
}

CLI::Option* Parser::add(const std::string& names, std::function<void(const std::string&)> take) {
  CLI::callback_t take_each = [take = std::move(take)](const CLI::results_t& values) {
    std::ranges::for_each(values, take);
    return true;
  };
  return app_.add_option(names, take_each)->take_all();
}

void Parser::take_value(const OptionRule& rule, const std::string& value) const {
  if (rule.value.empty() && value != "true") {
    throw wrong("'" + rule.name + "' takes no value", see_command());
  }
  if (value.starts_with("--")) missing_value(rule.name, rule.value);
  auto problem = rule.take(value);
  if (!problem.empty()) throw wrong("'" + rule.name + "' " + problem, see_command());
}

/// Of what follows two minuses, nothing is ours.
void Parser::take_rest(const ArgumentRule& rule) {
  auto dashes = std::ranges::find(words_, "--");
  if (dashes == words_.end()) return;
  if (dashes + 1 == words_.end()) throw wrong("nothing follows '--'", usage());
  std::for_each(dashes + 1, words_.end(), rule.take);
  words_.erase(dashes, words_.end());
}

const Command* Parser::parse() {
  find_command();
  if (command_ == nullptr) return nullptr;
  for (const auto* rules : {&table_.common, &command_->options}) {
    for (const auto& rule : *rules) {
      add(rule.letter.empty() ? rule.name : rule.letter + "," + rule.name,
          [this, &rule](const std::string& value) { take_value(rule, value); })
          ->type_name(rule.value)
          ->expected(rule.value.empty() ? 0 : 1);
    }
  }
  for (const auto& rule : command_->arguments) {
    if (rule.name.starts_with("--")) {
      take_rest(rule);
      continue;
    }
    auto take = [this, &rule](const std::string& value) {
      check_extras();
      auto problem = value.empty() ? "must not be empty" : rule.take(value);
      if (!problem.empty()) throw wrong(rule.name + " " + problem, usage());
    };
    auto* words = add(usage_of(rule), take)->required(rule.required);
    // More than there can be: of one with enough words, CLI11 ends the arguments at "--".
    if (rule.many) words->expected(static_cast<int>(words_.size()) + 1);
  }
  std::vector<std::string> reversed;
  bool ours = true;
  for (const auto& word : words_) {
    ours = ours && word != "--";
    // CLI11 would take the next word for the value of "--out=".
    bool empty = ours && word.starts_with("--") && word.find('=') == word.size() - 1;
    reversed.push_back(empty ? word.substr(0, word.size() - 1) : word);
    if (empty) reversed.emplace_back("");
  }
  std::ranges::reverse(reversed);
  try {
    app_.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    check_extras();
    return nullptr;
  } catch (const CLI::ParseError& error) {
    explain(error);
  }
  auto problem = command_->check ? command_->check() : "";
  if (!problem.empty()) throw wrong(problem, see_command());
  return command_;
}

void Parser::explain(const CLI::ParseError& error) const {
  check_extras();
  const std::string text = error.what();  // "FILE... is required", "--out: 1 required FILE missing"
  auto word = text.substr(0, text.find_first_of(": "));
  if (error.get_name() == "RequiredError") {
    throw wrong("'muster " + command_->name + "' needs " + word, usage());
  }
  auto value = text.find(" required ") + 10;
  missing_value(word, text.substr(value, text.rfind(' ') - value));
}

/// What CLI11 could not place: an unknown option, or an argument too many.
void Parser::check_extras() const {
  auto extras = app_.remaining();
  std::erase(extras, "--");
  if (extras.empty()) return;
  const auto& word = extras.front();
  if (word.size() > 1 && word[0] == '-') unknown_option(word.substr(0, word.find('=')));
  throw wrong(
      "'muster " + command_->name + "' does not take '" + word + "'",
      has_rest() ? "a command for the node follows \"--\": " + usage_of(*command_) : usage());
}

void Parser::unknown_option(const std::string& name) const {
  // Without the dashes, which would make all names alike.
  std::vector<std::string> names{"help"};
  for (const auto& rule : table_.common) names.push_back(rule.name.substr(2));
  for (const auto& command : table_.commands) {
    for (const auto& rule : command.options) {
      if (command_ == nullptr && (rule.name == name || rule.letter == name)) {
        throw wrong("'" + name + "' belongs behind a command", kSeeAll);
      }
      if (command_ == &command) names.push_back(rule.name.substr(2));
    }
  }
  auto near = nearest(name.substr(std::min(name.find_first_not_of('-'), name.size())), names);
  throw wrong("'muster" + (command_ == nullptr ? "" : " " + command_->name) + "' has no option '" +
                  name + "'",
              near                  ? "did you mean '--" + *near + "'?"
              : command_ == nullptr ? kSeeAll
                                    : see_command());
}

}  // namespace

std::string typed(const std::string& word) {
  bool plain = !word.empty() && std::ranges::all_of(word, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_./:=,@%+").find(c) != std::string_view::npos;
  });
  return plain ? word : shell_quote(word);
}

std::string recorded(std::string word) {
  if (is_json_text(word)) return "'{...}'";
  auto names_secret = [](std::string_view path) {
    // What a provider makes of its hints nobody knows.
    return path.find("hints") != std::string_view::npos ||
           std::ranges::any_of(attrib_rules(), [&](const auto& rule) {
             return rule.secret && path.find(rule.name) != std::string_view::npos;
           });
  };
  // "PATH=VALUE", perhaps behind "--set=".
  for (auto at = word.find('='); at != std::string::npos; at = word.find('=', at + 1)) {
    if (!names_secret(std::string_view(word).substr(0, at)) && !is_json_text(word.substr(at + 1))) {
      continue;
    }
    word.replace(at + 1, std::string::npos, "...");
    break;
  }
  return typed(word);
}

Invocation parse_command_line(const CommandTable& table, std::vector<std::string> words) {
  Invocation invocation;
  invocation.command_line = "muster";
  for (const auto& word : words) invocation.command_line += " " + recorded(word);
  // "help plan" is "plan --help".
  if (words.size() > 1 && words.front() == "help" && !words[1].starts_with('-')) {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  Parser parser(table, std::move(words));
  if (const auto* command = parser.parse()) {
    invocation.name = command->name;
    invocation.run = command->run;
    invocation.stoppable = command->stoppable && command->stoppable();
    invocation.many_files = command->many_files || invocation.stoppable;
  } else {
    invocation.name = "help";
    invocation.run = [text = parser.command() == nullptr
                                 ? help_text(table)
                                 : help_text(table, *parser.command())](Context& context) {
      context.out() << text;
      return 0;
    };
  }
  invocation.common = *table.chosen;
  return invocation;
}

}  // namespace muster
