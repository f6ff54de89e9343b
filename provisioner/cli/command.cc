#include "provisioner/cli/command.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "provisioner/base/files.h"
#include "provisioner/cli/options.h"

namespace muster {

namespace {

std::filesystem::path place_from(const char* variable, const std::filesystem::path& otherwise) {
  const char* value = std::getenv(variable);
  return value == nullptr || *value == '\0' ? otherwise : std::filesystem::path(value);
}

}  // namespace

std::vector<Command> Table::take() {
  std::vector<Command> all(std::make_move_iterator(commands_.begin()),
                           std::make_move_iterator(commands_.end()));
  std::ranges::stable_sort(all, {},
                           [](const Command& one) { return std::pair(one.group, one.place); });
  return all;
}

CommandTable make_table(Table commands) {
  CommandTable table{commands.take(), std::make_shared<CommonOptions>(), {}};
  auto& chosen = *table.chosen;
  chosen.state = place_from("MUSTER_STATE", default_state_directory());
  chosen.cache = place_from("MUSTER_CACHE", default_cache_directory());
  table.common = {
      option("--state DIR", "where deployments are recorded (MUSTER_STATE)", chosen.state),
      option("--cache DIR", "where artifacts are kept (MUSTER_CACHE)", chosen.cache),
      option("--roles DIR", "roles/ and templates/ of yours; again for more", chosen.roles),
      flag("-v, --verbose", "a line for each changed task as well", chosen.verbose),
      option("--log-file FILE", "a log for developers", chosen.log_file)};
  return table;
}

CommandTable all_commands() {
  Table table;
  add_all_commands(table);
  return make_table(std::move(table));
}

std::vector<std::string> command_words(const CommandTable& table, const std::string& group) {
  std::vector<std::string> words;
  for (const auto& command : table.commands) {
    auto space = command.name.find(' ');
    auto first = command.name.substr(0, space);
    if (group.empty() && (words.empty() || words.back() != first)) words.push_back(first);
    if (!group.empty() && first == group && space != std::string::npos) {
      words.push_back(command.name.substr(space + 1));
    }
  }
  return words;
}

}  // namespace muster
