#include <algorithm>

#include "provisioner/cli/commands.h"

namespace muster {

namespace {

constexpr const char* kHelpOption = "-h, --help";

/// A name and what it means.
struct Entry {
  std::string name;
  std::string help;
};

std::string section(const std::string& heading, const std::vector<Entry>& entries) {
  if (entries.empty()) return "";
  std::size_t width = 0;
  for (const auto& entry : entries) width = std::max(width, entry.name.size());
  std::string text = "\n" + heading + ":\n";
  for (const auto& entry : entries) {
    auto filler = std::string(width - entry.name.size() + 2, ' ');
    text += "  " + entry.name + filler + entry.help + "\n";
  }
  return text;
}

Entry entry_of(const OptionRule& option) {
  auto name = option.letter.empty() ? option.name : option.letter + ", " + option.name;
  return {option.value.empty() ? name : name + " " + option.value, option.help};
}

std::vector<Entry> entries_of(std::span<const OptionRule> options) {
  std::vector<Entry> entries;
  std::transform(options.begin(), options.end(), std::back_inserter(entries), entry_of);
  return entries;
}

}  // namespace

std::string usage_of(const ArgumentRule& argument) {
  auto text = argument.name + (argument.many ? "..." : "");
  return argument.required ? text : "[" + text + "]";
}

std::string usage_of(const Command& command) {
  std::string text = "muster " + command.name;
  for (const auto& argument : command.arguments) text += " " + usage_of(argument);
  return command.options.empty() ? text : text + " [options]";
}

std::string help_text() {
  std::string text =
      "muster makes Kubernetes clusters from JSON definitions, over SSH\n"
      "\n"
      "usage: muster COMMAND ...\n";
  std::vector<Entry> entries;
  for (const auto& command : commands()) {
    entries.push_back({command.name, command.help});
    bool last = &command == &commands().back();
    if (last || (&command)[1].group != command.group) {
      text += section(command.group, entries);
      entries.clear();
    }
  }
  entries = entries_of(common_options());
  entries.push_back({kHelpOption, "of a command: muster COMMAND --help"});
  return text + section("options of every command", entries) +
         "\n"
         "exit codes: 0 done, 1 a step failed, 2 wrong usage or definition (plan\n"
         "--detailed-exitcode: there are changes), 3 locked or no state, 130 interrupted\n";
}

std::string help_text(const Command& command) {
  std::string text = command.help + "\n\nusage: " + usage_of(command) + "\n";
  std::vector<Entry> arguments;
  for (const auto& argument : command.arguments)
    arguments.push_back({argument.name, argument.help});
  auto common = entries_of(common_options());
  common.push_back({kHelpOption, "this text"});
  text += section("arguments", arguments) + section("options", entries_of(command.options)) +
          section("options of every command", common);
  if (command.examples.empty()) return text;
  text += command.examples.size() == 1 ? "\nexample:\n" : "\nexamples:\n";
  for (const auto& example : command.examples) text += "  muster " + example + "\n";
  return text;
}

}  // namespace muster
