#pragma once

#include <functional>
#include <string>
#include <vector>

#include "provisioner/cli/command.h"

namespace muster {

/// A command line, understood.
struct Invocation {
  std::string name;  ///< "artifacts list"; with --help: "help"
  std::function<int(Context&)> run;
  bool stoppable = false;
  bool many_files = false;
  CommonOptions common;
  std::string command_line;  ///< as typed but for secrets, for the lease and the history
};

/// Fills the options of one of the table's commands. `words` are what follows "muster". Throws
/// Error (usage) with what is wrong.
Invocation parse_command_line(const CommandTable& table, std::vector<std::string> words);

/// `word` as one types it in a shell, in quotes where it needs them.
std::string typed(const std::string& word);

/// The same, as it can be recorded and shown: without what must stay secret.
std::string recorded(std::string word);

}  // namespace muster
