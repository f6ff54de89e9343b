#include "provisioner/cli/options.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/commands.h"
#include "provisioner/definition/attribs.h"

namespace muster {

namespace {

constexpr int kWrong = static_cast<int>(ExitCode::usage);
constexpr const char* kSeeAll = "see all commands: muster --help";

Usage wrong(const std::string& message, const std::string& hint) {
  return {"muster: " + message + "\n  " + hint + "\n", kWrong};
}

bool is_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

bool is_remote(const ArgumentRule& argument) { return argument.name.starts_with("--"); }

const Command* find_command(const std::string& name) {
  auto all = commands();
  auto found = std::find_if(all.begin(), all.end(),
                            [&](const Command& command) { return command.name == name; });
  return found == all.end() ? nullptr : &*found;
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

/// `word` as it can be recorded and typed again, without what must stay secret.
std::string recorded(std::string word) {
  for (const auto& rule : attrib_rules()) {
    auto at = rule.secret ? word.find(rule.name) : std::string::npos;
    auto equals = at == std::string::npos ? at : word.find('=', at);
    if (equals != std::string::npos) word.replace(equals + 1, std::string::npos, "...");
  }
  return typed(word);
}

/// Goes through the words of a command line once.
class Parser {
 public:
  Parser(std::vector<std::string> words, Options& options)
      : words_(std::move(words)), options_(options) {}

  std::optional<Usage> parse();

 private:
  std::optional<Usage> take_command(const std::string& word);
  std::optional<Usage> take_option(const std::string& word);
  std::optional<Usage> take_long(const std::string& word);
  std::optional<Usage> take_letters(const std::string& word);
  std::optional<Usage> take_value(const OptionRule& rule, const std::string& value);
  std::optional<Usage> missing_value(const OptionRule& rule);
  std::optional<Usage> unknown_option(const std::string& name);
  std::optional<Usage> check_arguments();
  std::optional<Usage> no_command();

  const OptionRule* find_option(const std::string& name) const;
  Usage help() const { return {command_ == nullptr ? help_text() : help_text(*command_), 0}; }
  std::string command_help() const {
    return command_ == nullptr ? kSeeAll : "see: muster " + command_->name + " --help";
  }
  std::string usage() const { return "usage: " + usage_of(*command_); }

  std::vector<std::string> words_;
  Options& options_;
  std::size_t at_ = 0;
  std::string group_;  ///< "artifacts", until its member is known
  const Command* command_ = nullptr;
};

std::optional<Usage> Parser::parse() {
  bool only_arguments = false;
  for (; at_ < words_.size(); ++at_) {
    const auto word = words_[at_];
    std::optional<Usage> problem;
    if (!only_arguments && word == "--") {
      if (command_ != nullptr && command_->name == "ssh") {
        options_.remote.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, words_.end());
        if (options_.remote.empty()) return wrong("nothing follows '--'", usage());
        break;
      }
      only_arguments = true;
    } else if (!only_arguments && is_option(word)) {
      problem = take_option(word);
    } else if (command_ == nullptr) {
      problem = take_command(word);
    } else {
      options_.arguments.push_back(word);
    }
    if (problem) return problem;
  }
  if (command_ == nullptr) return no_command();
  options_.command = command_->name;
  if (auto problem = check_arguments()) return problem;
  if (!command_->check) return std::nullopt;
  auto problem = command_->check(options_);
  return problem.empty() ? std::nullopt : std::optional(wrong(problem, command_help()));
}

std::optional<Usage> Parser::no_command() {
  if (!group_.empty()) {
    return wrong("'muster " + group_ + "' needs one of: " + join(command_words(group_), ", "),
                 kSeeAll);
  }
  return words_.empty() ? Usage{help_text(), kWrong} : wrong("there is no command", kSeeAll);
}

std::optional<Usage> Parser::take_command(const std::string& word) {
  if (group_.empty() && word == "help") {  // "help plan" is "plan --help"
    words_.emplace_back("--help");
    return std::nullopt;
  }
  auto name = group_.empty() ? word : group_ + " " + word;
  command_ = find_command(name);
  if (command_ != nullptr) return std::nullopt;
  if (group_.empty() && !command_words(word).empty()) {
    group_ = word;
    return std::nullopt;
  }
  auto candidates = command_words(group_);
  auto near = nearest(word, candidates);
  return wrong("there is no command '" + name + "'", near ? "did you mean '" + *near + "'?"
                                                     : !group_.empty()
                                                         ? "there are: " + join(candidates, ", ")
                                                         : kSeeAll);
}

const OptionRule* Parser::find_option(const std::string& name) const {
  auto search = [&](std::span<const OptionRule> rules) -> const OptionRule* {
    auto found = std::find_if(rules.begin(), rules.end(), [&](const OptionRule& rule) {
      return rule.name == name || rule.letter == name;
    });
    return found == rules.end() ? nullptr : &*found;
  };
  const auto* own = command_ == nullptr ? nullptr : search(command_->options);
  return own == nullptr ? search(common_options()) : own;
}

std::optional<Usage> Parser::take_option(const std::string& word) {
  if (word == "-h" || word == "--help") return help();
  if (word == "--version" && command_ == nullptr) {
    command_ = find_command("version");
    return std::nullopt;
  }
  return word[1] == '-' ? take_long(word) : take_letters(word);
}

std::optional<Usage> Parser::take_long(const std::string& word) {
  auto equals = word.find('=');
  auto name = word.substr(0, equals);
  const auto* rule = find_option(name);
  if (rule == nullptr) return unknown_option(name);
  if (rule->value.empty()) {
    if (equals != std::string::npos) {
      return wrong("'" + name + "' takes no value", command_help());
    }
    return take_value(*rule, "");
  }
  if (equals != std::string::npos) return take_value(*rule, word.substr(equals + 1));
  if (at_ + 1 == words_.size() || words_[at_ + 1].starts_with("--")) return missing_value(*rule);
  return take_value(*rule, words_[++at_]);
}

/// "-y", "-vy", "-o json", "-ojson".
std::optional<Usage> Parser::take_letters(const std::string& word) {
  for (std::size_t i = 1; i < word.size(); ++i) {
    const std::string letter{'-', word[i]};
    const auto* rule = find_option(letter);
    if (rule == nullptr) return unknown_option(i == 1 && word.size() > 2 ? word : letter);
    if (rule->value.empty()) {
      take_value(*rule, "");
      continue;
    }
    if (i + 1 < word.size()) return take_value(*rule, word.substr(i + 1));
    if (at_ + 1 == words_.size() || words_[at_ + 1].starts_with("-")) return missing_value(*rule);
    return take_value(*rule, words_[++at_]);
  }
  return std::nullopt;
}

std::optional<Usage> Parser::take_value(const OptionRule& rule, const std::string& value) {
  // Providers are checked with the definition: a user's own may have any name.
  bool listed = std::find(rule.choices.begin(), rule.choices.end(), value) != rule.choices.end();
  if (rule.kind == WordKind::choice && rule.name != "--provider" && !listed) {
    return wrong("'" + rule.name + "' must be " + one_of(rule.choices) + ", not '" + value + "'",
                 command_help());
  }
  auto problem = rule.set(options_, value);
  if (problem.empty()) return std::nullopt;
  return wrong("'" + rule.name + "' " + problem, command_help());
}

std::optional<Usage> Parser::missing_value(const OptionRule& rule) {
  return wrong("'" + rule.name + "' needs a value: " + rule.name + " " + rule.value,
               command_help());
}

std::optional<Usage> Parser::unknown_option(const std::string& name) {
  // Without the dashes, which would make all names alike.
  std::vector<std::string> names{"help"};
  for (const auto& rule : common_options()) names.push_back(rule.name.substr(2));
  if (command_ == nullptr) {
    for (const auto& command : commands()) {
      for (const auto& rule : command.options) {
        if (rule.name == name || rule.letter == name) {
          return wrong("'" + name + "' belongs behind a command", kSeeAll);
        }
      }
    }
  } else {
    for (const auto& rule : command_->options) names.push_back(rule.name.substr(2));
  }
  auto near = nearest(name.substr(std::min(name.find_first_not_of('-'), name.size())), names);
  return wrong("'muster" + (command_ == nullptr ? "" : " " + command_->name) + "' has no option '" +
                   name + "'",
               near ? "did you mean '--" + *near + "'?" : command_help());
}

std::optional<Usage> Parser::check_arguments() {
  std::vector<const ArgumentRule*> rules;
  for (const auto& rule : command_->arguments) {
    if (!is_remote(rule)) rules.push_back(&rule);
  }
  const auto& given = options_.arguments;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (i >= given.size()) {
      if (!rules[i]->required) break;
      return wrong("'muster " + command_->name + "' needs " + usage_of(*rules[i]), usage());
    }
    if (given[i].empty()) return wrong(rules[i]->name + " must not be empty", usage());
    const auto& choices = rules[i]->choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), given[i]) == choices.end()) {
      return wrong(rules[i]->name + " must be " + one_of(choices) + ", not '" + given[i] + "'",
                   usage());
    }
  }
  bool endless = !rules.empty() && rules.back()->many;
  if (endless || given.size() <= rules.size()) return std::nullopt;
  auto extra = given[rules.size()];
  return wrong("'muster " + command_->name + "' does not take '" + extra + "'",
               command_->name == "ssh"
                   ? "a command for the node follows \"--\": " + usage_of(*command_)
                   : usage());
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
  return Parser(std::move(words), options).parse();
}

}  // namespace muster
