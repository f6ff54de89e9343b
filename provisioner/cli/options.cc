#include "provisioner/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json_argument.h"
#include "provisioner/definition/attribs.h"

namespace muster {

namespace {

constexpr int kWrong = static_cast<int>(ExitCode::usage);
constexpr const char* kSeeAll = "see all commands: muster --help";

Usage wrong(const std::string& message, const std::string& hint) {
  return {"muster: " + message + "\n  " + hint + "\n", kWrong};
}

/// "bash, zsh or fish".
std::string one_of(std::vector<std::string> choices) {
  auto last = choices.back();
  choices.pop_back();
  return choices.empty() ? last : join(choices, ", ") + " or " + last;
}

std::string environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

}  // namespace

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

namespace {

/// Of the groups that have create, list, show and delete.
bool is_record_noun(const std::string& group) {
  return group == "tenant" || group == "provider" || group == "deployment";
}

CLI::Option* add(CLI::App& app, const std::string& names, auto take) {
  CLI::callback_t take_each = [take](const CLI::results_t& values) {
    std::for_each(values.begin(), values.end(), take);
    return true;
  };
  return app.add_option(names, take_each)->take_all();
}

void check_choice(const std::string& name, const std::vector<std::string>& choices,
                  const std::string& value, const std::string& hint) {
  if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) return;
  throw wrong(name + " must be " + one_of(choices) + ", not '" + value + "'", hint);
}

/// CLI11, told what the table of commands says. It only knows its errors as English text, so what
/// is wrong is said here: each problem is a thrown Usage.
class Parser {
 public:
  Parser(std::vector<std::string> words, Options& options);
  void parse();

 private:
  void add_command(const Command& command);
  void add_option(CLI::App& app, const OptionRule& rule);
  void take_value(const OptionRule& rule, const std::string& value);
  void take_argument(const ArgumentRule& rule, const std::string& value);
  void check_extras() const;
  [[noreturn]] void explain(const CLI::ParseError& error) const;
  [[noreturn]] void missing_value(const std::string& name, const std::string& value) const {
    throw wrong("'" + name + "' needs a value: " + name + " " + value, command_help());
  }
  [[noreturn]] void unknown_option(const std::string& name) const;

  std::string command_help() const {
    return command_ == nullptr ? kSeeAll : "see: muster " + command_->name + " --help";
  }
  std::string usage() const { return "usage: " + usage_of(*command_); }

  CLI::App app_{"", "muster"};
  std::vector<std::string> words_;  ///< the last first; CLI11 takes them away
  Options& options_;
  std::string group_;  ///< "artifacts"
  const Command* command_ = nullptr;
};

Parser::Parser(std::vector<std::string> words, Options& options) : options_(options) {
  if (!words.empty() && words.front() == "help") {  // "help plan" is "plan --help"
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  bool ours = true;
  for (const auto& word : words) {
    ours = ours && word != "--";
    // CLI11 would take the next word for the value of "--out=".
    bool empty = ours && word.starts_with("--") && word.find('=') == word.size() - 1;
    words_.push_back(empty ? word.substr(0, word.size() - 1) : word);
    if (empty) words_.emplace_back("");
  }
  std::reverse(words_.begin(), words_.end());
  app_.fallthrough()->require_subcommand(0, 1);
  for (const auto& rule : common_options()) add_option(app_, rule);
  for (const auto& command : commands()) add_command(command);
  app_.get_subcommand("version")->alias("--version");
}

void Parser::add_command(const Command& command) {
  auto* parent = &app_;
  auto space = command.name.find(' ');
  auto name = command.name.substr(space + 1);
  if (space != std::string::npos) {
    auto group = command.name.substr(0, space);
    if (command_words(group).front() == name) {
      auto* words = app_.add_subcommand(group);
      if (is_record_noun(group)) words->alias(group + "s");  // as Digital Rebar has them
      words->preparse_callback([this, group](std::size_t) {
        check_extras();
        group_ = group;
      });
    }
    parent = app_.get_subcommand(group);
  }
  auto* own = parent->add_subcommand(name);
  if (parent != &app_ && name == "delete") own->alias("destroy");
  own->preparse_callback([this, &command](std::size_t) {
    check_extras();
    command_ = &command;
    auto dashes = std::find(words_.rbegin(), words_.rend(), "--");
    if (command.name != "ssh" || dashes == words_.rend()) return;
    options_.remote.assign(dashes + 1, words_.rend());
    if (options_.remote.empty()) throw wrong("nothing follows '--'", usage());
    words_.erase(words_.begin(), dashes.base());
  });
  for (const auto& rule : command.options) add_option(*own, rule);
  for (const auto& rule : command.arguments) {
    if (rule.name.starts_with("--")) continue;  // taken above
    auto* option =
        add(*own, usage_of(rule), [this, &rule](auto& value) { take_argument(rule, value); });
    option->required(rule.required);
    // More than there can be: of one with enough words, CLI11 ends the command at "--".
    if (rule.many) option->expected(static_cast<int>(words_.size()) + 1);
  }
}

void Parser::add_option(CLI::App& app, const OptionRule& rule) {
  auto names = rule.letter.empty() ? rule.name : rule.letter + "," + rule.name;
  add(app, names, [this, &rule](auto& value) { take_value(rule, value); })
      ->type_name(rule.value)
      ->expected(rule.value.empty() ? 0 : 1);
}

void Parser::take_value(const OptionRule& rule, const std::string& value) {
  if (rule.value.empty() && value != "true") {
    throw wrong("'" + rule.name + "' takes no value", command_help());
  }
  if (value.starts_with("--")) missing_value(rule.name, rule.value);
  // Providers are checked with the definition: a user's own may have any name.
  if (rule.name != "--provider") {
    check_choice("'" + rule.name + "'", rule.choices, value, command_help());
  }
  auto problem = rule.set(options_, value);
  if (!problem.empty()) throw wrong("'" + rule.name + "' " + problem, command_help());
}

void Parser::take_argument(const ArgumentRule& rule, const std::string& value) {
  check_extras();
  if (value.empty()) throw wrong(rule.name + " must not be empty", usage());
  check_choice(rule.name, rule.choices, value, usage());
  options_.arguments.push_back(value);
}

void Parser::parse() {
  if (words_.empty()) throw Usage{help_text(), kWrong};
  try {
    app_.parse(words_);
  } catch (const CLI::ParseError& error) {
    explain(error);
  }
  if (command_ == nullptr && !group_.empty()) {
    throw wrong("'muster " + group_ + "' needs one of: " + join(command_words(group_), ", "),
                kSeeAll);
  }
  if (command_ == nullptr) throw wrong("there is no command", kSeeAll);
  options_.command = command_->name;
  auto problem = command_->check ? command_->check(options_) : "";
  if (!problem.empty()) throw wrong(problem, command_help());
}

void Parser::explain(const CLI::ParseError& error) const {
  check_extras();
  if (error.get_name() == "CallForHelp") {
    bool all = command_ == nullptr || app_.get_help_ptr()->count() > 0;
    throw Usage{all ? help_text() : help_text(*command_), 0};
  }
  const std::string text = error.what();  // "FILE... is required", "--out: 1 required FILE missing"
  auto word = text.substr(0, text.find_first_of(": "));
  if (error.get_name() == "RequiredError") {
    throw wrong("'muster " + command_->name + "' needs " + word, usage());
  }
  auto value = text.find(" required ") + 10;
  missing_value(word, text.substr(value, text.rfind(' ') - value));
}

/// What CLI11 could not place: an unknown command or option, or an argument too many.
void Parser::check_extras() const {
  auto extras = app_.remaining();
  std::erase(extras, "--");
  if (extras.empty()) return;
  const auto& word = extras.front();
  if (word.size() > 1 && word[0] == '-') unknown_option(word.substr(0, word.find('=')));
  if (command_ != nullptr) {
    throw wrong("'muster " + command_->name + "' does not take '" + word + "'",
                command_->name == "ssh"
                    ? "a command for the node follows \"--\": " + usage_of(*command_)
                    : usage());
  }
  auto near = nearest(word, command_words(group_));
  throw wrong("there is no command '" + (group_.empty() ? "" : group_ + " ") + word + "'",
              near              ? "did you mean '" + *near + "'?"
              : !group_.empty() ? "there are: " + join(command_words(group_), ", ")
                                : kSeeAll);
}

void Parser::unknown_option(const std::string& name) const {
  // Without the dashes, which would make all names alike.
  std::vector<std::string> names{"help"};
  for (const auto& rule : common_options()) names.push_back(rule.name.substr(2));
  for (const auto& command : commands()) {
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
              near ? "did you mean '--" + *near + "'?" : command_help());
}

}  // namespace

std::string typed(const std::string& word) {
  bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_./:=,@%+").find(c) != std::string_view::npos;
  });
  return plain ? word : shell_quote(word);
}

std::optional<Usage> parse_options(int argc, const char* const* argv, Options& options) {
  auto state = environment("MUSTER_STATE");
  auto cache = environment("MUSTER_CACHE");
  options.state = state.empty() ? default_state_directory() : std::filesystem::path(state);
  options.cache = cache.empty() ? default_cache_directory() : std::filesystem::path(cache);
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  options.command_line = "muster";
  for (const auto& word : words) options.command_line += " " + recorded(word);
  try {
    Parser(std::move(words), options).parse();
  } catch (const Usage& usage) {
    return usage;
  }
  return std::nullopt;
}

}  // namespace muster
