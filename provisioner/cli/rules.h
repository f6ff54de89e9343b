#pragma once

#include <string>
#include <vector>

#include "provisioner/cli/commands.h"

namespace muster {

// Arguments and options that several commands have, and the makers of the others.

ArgumentRule file_arguments();
ArgumentRule name_argument(bool required, std::string help);
ArgumentRule node_argument(bool required, std::string help);

OptionRule flag(std::string name, std::string letter, std::string help, bool Options::*member);
/// Its value is a file, or a directory.
OptionRule path_option(std::string name, std::string help, std::filesystem::path Options::*member);
OptionRule file_option(std::string name, std::string help, std::string Options::*member);
/// Its value is a whole number.
OptionRule number_option(std::string name, std::string help, int least, int most,
                         int Options::*member);

OptionRule set_option();
OptionRule provider_option();
OptionRule yes_option();
OptionRule to_option(std::string help);
OptionRule parallel_option();
OptionRule max_failures_option();
OptionRule events_option();
OptionRule trace_option();
OptionRule output_option(std::vector<std::string> forms);
OptionRule kubernetes_option();
OptionRule arch_option();
OptionRule roles_option();
OptionRule ttl_option();
OptionRule name_suffix_option();
OptionRule interval_option();
OptionRule run_option();
OptionRule skip_check_option();  // command_table_check.cc
OptionRule bundle_option();      // command_table_bundle.cc
OptionRule drain_timeout_option();
OptionRule force_drain_option();
OptionRule forget_option();
OptionRule lost_option();
OptionRule replace_lost_option();

}  // namespace muster
