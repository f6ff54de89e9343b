#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "provisioner/cli/command.h"
#include "provisioner/definition/definition.h"
#include "provisioner/operations/given_up.h"
#include "provisioner/run/scheduler.h"

namespace muster {

// What options and arguments are made of. The text in front is what help shows: "-o, --output FORM"
// is an option with a letter and a value, "[NODE]" need not be given, "FILE..." are one or more.
// A FILE, a JSON and a DIR are completed as such.

OptionRule option(const std::string& shown, std::string help, Take take);
ArgumentRule argument(const std::string& shown, std::string help, WordKind kind, Take take);

/// Puts values into `target`, the last or, when it can hold many, all.
template <typename Target>
Take into(Target& target) {
  return [&target](const std::string& value) -> std::string {
    if constexpr (requires { target.emplace_back(value); }) {
      target.emplace_back(value);
    } else {
      target = value;
    }
    return value.empty() ? "must not be empty" : "";
  };
}

template <typename Target>
OptionRule option(const std::string& shown, std::string help, Target& target) {
  return option(shown, std::move(help), into(target));
}
template <typename Target>
ArgumentRule argument(const std::string& shown, std::string help, WordKind kind, Target& target) {
  return argument(shown, std::move(help), kind, into(target));
}

OptionRule flag(const std::string& shown, std::string help, bool& target);
OptionRule number(const std::string& shown, std::string help, std::pair<int, int> range,
                  std::function<void(int)> take);
OptionRule number(const std::string& shown, std::string help, std::pair<int, int> range,
                  int& target);
OptionRule choice(const std::string& shown, std::string help, std::vector<std::string> choices,
                  std::string& target);
ArgumentRule choice_argument(const std::string& shown, std::string help,
                             std::vector<std::string> choices, std::string& target);

// What several commands take.

ArgumentRule files_argument(std::vector<std::string>& files);
ArgumentRule name_argument(std::string& name, std::string help = "a deployment");
/// Of records.
ArgumentRule json_argument(std::string& json);
OptionRule output_option(std::vector<std::string> forms, std::string& form);
OptionRule yes_option(bool& yes);
OptionRule set_option(Overrides& overrides);
OptionRule provider_option(Overrides& overrides);
OptionRule name_suffix_option(Overrides& overrides);
/// The three of them.
std::vector<OptionRule> override_options(Overrides& overrides);
OptionRule revision_option(std::string help, std::optional<int>& revision);

/// What a command that changes clusters is told of its run.
struct RunArguments {
  bool yes = false;   ///< ask nothing
  bool json = false;  ///< events on stdout
  std::string trace_file = {};
  int parallel = kParallel;
  int max_failures = 0;  ///< 0: no limit
  bool atomic = false;
  bool skip_check = false;
  std::optional<std::int64_t> ttl_ms = {};  ///< 0: none
  int drain_seconds = 0;                    ///< 0: what Leaving has
  bool force_drain = false;
  std::vector<std::string> forgotten = {};  ///< as named: "node" or "deployment/node"
  GivenUp given_up = {};                    ///< --lost, --replace-lost
};

OptionRule parallel_option(RunArguments& run);
OptionRule max_failures_option(RunArguments& run);
OptionRule skip_check_option(RunArguments& run);
OptionRule ttl_option(RunArguments& run);
OptionRule forget_option(RunArguments& run);
/// --json and --trace.
std::vector<OptionRule> event_options(RunArguments& run);
/// --drain-timeout and --force-drain.
std::vector<OptionRule> drain_options(RunArguments& run);
/// --lost and --replace-lost.
std::vector<OptionRule> lost_options(GivenUp& given_up);

}  // namespace muster
