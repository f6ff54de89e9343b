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

OptionRule set_option();
OptionRule provider_option();
OptionRule yes_option();
OptionRule to_option(std::string help);
OptionRule parallel_option();
OptionRule max_failures_option();
OptionRule events_option();
OptionRule output_option(std::vector<std::string> forms);
OptionRule kubernetes_option();
OptionRule roles_option();

}  // namespace muster
