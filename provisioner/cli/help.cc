// What people read of the table: help, and the page for man(1).
#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <map>

#include "provisioner/cli/command.h"

namespace muster {

namespace {

constexpr const char* kHelpOption = "-h, --help";
constexpr const char* kWhatItIs =
    "muster makes Kubernetes clusters from JSON definitions, over SSH";
constexpr const char* kExitCodes =
    "exit codes: 0 done, 1 a step failed, 2 wrong usage or definition (plan\n"
    "--detailed-exitcode: there are changes), 3 locked or no state, 130 interrupted\n";

/// In the order of Group.
constexpr std::array kHeadings{"definitions",
                               "clusters",
                               "artifacts: the files that roles install",
                               "other",
                               "tenants, providers and deployments, as Digital Rebar has them",
                               "pipelines",
                               "what became of it",
                               "classrooms: a cluster for each student of a roster",
                               "machines that exist already (provider inventory)",
                               "etcd: what Kubernetes knows",
                               "certificates",
                               "beside Kubespray and Ansible",
                               "bundles: for machines without a network",
                               "power of machines that exist already, through their BMCs"};
static_assert(kHeadings.size() == static_cast<std::size_t>(Group::bmc) + 1);

std::string heading_of(Group group) { return kHeadings[static_cast<std::size_t>(group)]; }

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

std::vector<Entry> entries_of(const std::vector<OptionRule>& options) {
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

std::string help_text(const CommandTable& table) {
  auto text = std::string(kWhatItIs) + "\n\nusage: muster COMMAND ...\n";
  std::vector<Entry> entries;
  for (const auto& command : table.commands) {
    entries.push_back({command.name, command.help});
    bool last = &command == &table.commands.back() || (&command)[1].group != command.group;
    if (!last) continue;
    text += section(heading_of(command.group), entries);
    entries.clear();
  }
  entries = entries_of(table.common);
  entries.push_back({kHelpOption, "of a command: muster COMMAND --help"});
  return text + section("options of every command", entries) + "\n" + kExitCodes;
}

std::string help_text(const CommandTable& table, const Command& command) {
  std::string text = command.help + "\n\nusage: " + usage_of(command) + "\n";
  std::vector<Entry> arguments;
  for (const auto& argument : command.arguments)
    arguments.push_back({argument.name, argument.help});
  auto common = entries_of(table.common);
  common.push_back({kHelpOption, "this text"});
  text += section("arguments", arguments) + section("options", entries_of(command.options)) +
          section("options of every command", common);
  if (command.examples.empty()) return text;
  text += command.examples.size() == 1 ? "\nexample:\n" : "\nexamples:\n";
  for (const auto& example : command.examples) text += "  muster " + example + "\n";
  return text;
}

namespace {

/// As roff shows it, letter by letter: a dash is a dash, and no line begins a request.
std::string roff(const std::string& text) {
  const std::map<char, std::string> written{
      {'\\', "\\e"}, {'-', "\\-"}, {'\'', "\\(aq"}, {'"', "\\(dq"}};
  std::string out = text.starts_with('.') ? "\\&" : "";
  for (char c : text) {
    auto found = written.find(c);
    out += found == written.end() ? std::string(1, c) : found->second;
  }
  return out;
}

/// A paragraph whose tag is bold.
std::string tagged(const Entry& entry) {
  return ".TP\n\\fB" + roff(entry.name) + "\\fR\n" + roff(entry.help) + "\n";
}

std::string command_page(const Command& command) {
  auto text = ".SS \"" + roff(usage_of(command)) + "\"\n" + roff(command.help) + "\n";
  for (const auto& rule : command.arguments) text += tagged({rule.name, rule.help});
  for (const auto& entry : entries_of(command.options)) text += tagged(entry);
  if (command.examples.empty()) return text;
  text += ".PP\n.nf\n";
  for (const auto& example : command.examples) text += roff("muster " + example) + "\n";
  return text + ".fi\n";
}

}  // namespace

std::string man_page(const CommandTable& table) {
  auto text = std::string(".TH MUSTER 1 \"\" \"muster ") + MUSTER_VERSION +
              "\"\n.SH NAME\nmuster \\- " + roff(std::string(kWhatItIs).substr(7)) +
              "\n.SH SYNOPSIS\n\\fBmuster\\fR \\fICOMMAND\\fR ...\n.SH \"OPTIONS OF EVERY "
              "COMMAND\"\n";
  for (const auto& entry : entries_of(table.common)) text += tagged(entry);
  text += tagged({kHelpOption, "how to use it"});
  const Command* before = nullptr;
  for (const auto& command : table.commands) {
    if (before == nullptr || before->group != command.group) {
      auto heading = heading_of(command.group);
      std::ranges::transform(heading, heading.begin(),
                             [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      text += ".SH \"" + roff(heading) + "\"\n";
    }
    text += command_page(command);
    before = &command;
  }
  return text + ".SH \"EXIT STATUS\"\n" + roff(kExitCodes);
}

}  // namespace muster
