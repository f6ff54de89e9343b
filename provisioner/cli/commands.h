#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "provisioner/cli/options.h"

namespace muster {

/// What a word stands for: what completion offers in its place.
enum class WordKind { text, file, directory, deployment, deployment_or_file, choice };

/// One option, of a command or of all of them.
struct OptionRule {
  std::string name;    ///< "--output"
  std::string letter;  ///< "-o", or empty
  std::string value;   ///< what the help calls its value: "FILE"; empty: it takes none
  std::string help;
  /// Takes the value into the options; says what is wrong with it ("must be ..."), or nothing.
  std::function<std::string(Options&, const std::string&)> set;
  WordKind kind = WordKind::text;
  std::vector<std::string> choices;
};

/// One word, or the last words, behind a command.
struct ArgumentRule {
  std::string name;  ///< "FILE"
  std::string help;
  WordKind kind = WordKind::text;
  bool required = true;
  bool many = false;  ///< any further words as well; only the last argument
  std::vector<std::string> choices;
};

/// One command: parsing, help and completion are made from this.
struct Command {
  std::string name;   ///< "plan", "artifacts list"
  std::string group;  ///< its heading in the help
  std::string help;
  std::vector<ArgumentRule> arguments;
  std::vector<OptionRule> options;
  std::vector<std::string> examples;  ///< without the leading "muster"
  /// Says what does not go together, or nothing.
  std::function<std::string(const Options&)> check;
};

/// In the order of the help.
std::span<const Command> commands();

/// The first words of all commands, or the second words of those whose first is `group`.
std::vector<std::string> command_words(const std::string& group);

/// Those that every command takes.
std::span<const OptionRule> common_options();

/// "FILE...", "[NODE]".
std::string usage_of(const ArgumentRule& argument);

/// "muster plan FILE... [options]".
std::string usage_of(const Command& command);

/// Of muster itself.
std::string help_text();
std::string help_text(const Command& command);

}  // namespace muster
