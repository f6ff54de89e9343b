// Completion scripts, made from the same table as help and parsing.
#include <algorithm>

#include "provisioner/base/text.h"
#include "provisioner/cli/command.h"

namespace muster {

namespace {

std::vector<OptionRule> options_of(const CommandTable& table, const Command& command) {
  auto all = command.options;
  all.insert(all.end(), table.common.begin(), table.common.end());
  return all;
}

void add_names(std::vector<std::string>& names, const OptionRule& rule) {
  names.push_back(rule.name);
  if (!rule.letter.empty()) names.push_back(rule.letter);
}

/// "--set|--out|-o": the options whose next word is their value.
std::string options_with_value(const CommandTable& table) {
  std::vector<std::string> names;
  for (const auto& command : table.commands) {
    for (const auto& rule : options_of(table, command)) {
      if (!rule.value.empty()) add_names(names, rule);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return join(names, "|");
}

/// Where `kind` sends bash: the variables of its script.
std::string bash_kind(WordKind kind, const std::vector<std::string>& choices) {
  switch (kind) {
    case WordKind::file:
      return "files=-f";
    case WordKind::directory:
      return "files=-d";
    case WordKind::deployment:
      return "words=$(_muster_deployments)";
    case WordKind::deployment_or_file:
      return "words=$(_muster_deployments) files=-f";
    case WordKind::choice:
      return "words=" + shell_quote(join(choices, " "));
    case WordKind::text:
      return ":";
  }
  return ":";
}

/// The cases of values ("plan --out") and then of arguments ("ssh 0"; "plan "* when many).
std::string bash_cases(const CommandTable& table, const Command& command) {
  std::string cases;
  auto add = [&](const std::string& pattern, const std::string& what) {
    cases += "    " + pattern + ") " + what + " ;;\n";
  };
  for (const auto& rule : options_of(table, command)) {
    if (rule.value.empty()) continue;
    std::vector<std::string> names;
    add_names(names, rule);
    for (const auto& name : names) {
      add("'" + command.name + " " + name + "'", bash_kind(rule.kind, rule.choices));
    }
  }
  for (std::size_t i = 0; i < command.arguments.size(); ++i) {
    const auto& rule = command.arguments[i];
    auto place = rule.many ? " '*" : " " + std::to_string(i) + "'";
    add("'" + command.name + place, bash_kind(rule.kind, rule.choices));
  }
  return cases;
}

/// Finds the command among the words, how many arguments it has so far, and what stands here.
constexpr const char* kBashFunction = R"bash(_muster_deployments() {
  command muster list 2>/dev/null | awk 'NR > 1 { print $1 }'
}
_muster() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command= words= files= given=0 place word i=1
  [ "$previous" != = ] || previous=${COMP_WORDS[COMP_CWORD - 2]}
  [ "$current" != = ] || current=
  while [ "$i" -lt "$COMP_CWORD" ]; do
    word=${COMP_WORDS[i]}
    case $word in
      @VALUES@)
        [ "${COMP_WORDS[i + 1]}" != = ] || i=$((i + 1))
        i=$((i + 1)) ;;
      -*) ;;
      *)
        case $command in
          '') command=$word ;;
          @GROUPS@) command="$command $word" ;;
          *) given=$((given + 1)) ;;
        esac ;;
    esac
    i=$((i + 1))
  done
  place=$given
  case $previous in
    @VALUES@) place=$previous ;;
    *) case $current in -*) place=options ;; esac ;;
  esac
  case "$command $place" in
@CASES@  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ -z "$files" ] || COMPREPLY+=($(compgen "$files" -- "$current"))
}
complete -o filenames -F _muster muster
)bash";

std::string replaced(std::string text, const std::string& name, const std::string& by) {
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + by.size())) {
    text.replace(at, name.size(), by);
  }
  return text;
}

std::string bash_script(const CommandTable& table) {
  auto words_case = [](const std::string& pattern, const std::vector<std::string>& words) {
    return "    '" + pattern + "') words=" + shell_quote(join(words, " ")) + " ;;\n";
  };
  auto cases = words_case(" 0", command_words(table, ""));
  std::vector<std::string> groups;
  std::vector<std::string> common{"--help"};
  for (const auto& rule : table.common) common.push_back(rule.name);
  cases += words_case(" options", common);
  for (const auto& word : command_words(table, "")) {
    if (auto members = command_words(table, word); !members.empty()) {
      groups.push_back(word);
      cases += words_case(word + " 0", members) + words_case(word + " options", common);
    }
  }
  for (const auto& command : table.commands) {
    auto names = common;
    for (const auto& rule : command.options) names.push_back(rule.name);
    cases += words_case(command.name + " options", names) + bash_cases(table, command);
  }
  auto script = replaced(kBashFunction, "@VALUES@", options_with_value(table));
  return replaced(replaced(script, "@GROUPS@", join(groups, "|")), "@CASES@", cases);
}

/// Where `kind` sends fish: arguments of its "complete".
std::string fish_kind(WordKind kind, const std::vector<std::string>& choices) {
  switch (kind) {
    case WordKind::file:
    case WordKind::directory:
      return " -F";
    case WordKind::deployment:
      return " -f -a '(__muster_deployments)'";
    case WordKind::deployment_or_file:
      return " -F -a '(__muster_deployments)'";
    case WordKind::choice:
      return " -f -a '" + join(choices, " ") + "'";
    case WordKind::text:
      return " -f";
  }
  return "";
}

std::string fish_option(const OptionRule& rule, const std::string& condition) {
  auto line = "complete -c muster" + condition + " -l " + rule.name.substr(2);
  if (!rule.letter.empty()) line += " -s " + rule.letter.substr(1);
  if (!rule.value.empty()) line += " -r" + fish_kind(rule.kind, rule.choices);
  return line + " -d " + shell_quote(rule.help) + "\n";
}

std::string fish_command(const CommandTable& table, const Command& command) {
  auto space = command.name.find(' ');
  auto word = command.name.substr(space == std::string::npos ? 0 : space + 1);
  std::string before = "__fish_use_subcommand";
  std::string chosen = "__fish_seen_subcommand_from " + command.name;
  if (space != std::string::npos) {
    const auto group = command.name.substr(0, space);
    before = "__fish_seen_subcommand_from " + group + "; and not __fish_seen_subcommand_from " +
             join(command_words(table, group), " ");
    chosen = "__fish_seen_subcommand_from " + group + "; and __fish_seen_subcommand_from " + word;
  }
  auto out = "complete -c muster -n " + shell_quote(before) + " -f -a " + word + " -d " +
             shell_quote(command.help) + "\n";
  for (const auto& rule : command.options) out += fish_option(rule, " -n " + shell_quote(chosen));
  // fish does not count: what any argument of the command may be.
  for (const auto& rule : command.arguments) {
    if (rule.kind == WordKind::text) continue;
    out +=
        "complete -c muster -n " + shell_quote(chosen) + fish_kind(rule.kind, rule.choices) + "\n";
  }
  return out;
}

std::string fish_script(const CommandTable& table) {
  std::string out =
      "function __muster_deployments\n"
      "  command muster list 2>/dev/null | awk 'NR > 1 { print $1 }'\n"
      "end\n"
      "complete -c muster -f\n"
      "complete -c muster -l help -s h -d 'how to use it'\n";
  for (const auto& rule : table.common) out += fish_option(rule, "");
  for (const auto& word : command_words(table, "")) {
    if (command_words(table, word).empty()) continue;
    out += "complete -c muster -n __fish_use_subcommand -f -a " + word + "\n";
  }
  for (const auto& command : table.commands) out += fish_command(table, command);
  return out;
}

}  // namespace

std::string completion_script(const CommandTable& table, const std::string& shell) {
  if (shell == "fish") return fish_script(table);
  if (shell == "bash") return bash_script(table);
  return "autoload -Uz +X compinit bashcompinit && compinit && bashcompinit\n" + bash_script(table);
}

}  // namespace muster
