#pragma once

#include <string_view>

#include "provisioner/definition/value.h"

namespace muster {

/// Reads YAML as Ansible does, which is looser than a definition: yes and no are booleans, aliases
/// and "<<" are followed, tags are passed over, and the last of two equal keys counts. What cannot
/// be read goes to `diagnostics`.
Value read_ansible_yaml(std::string_view text, Diagnostics& diagnostics);

}  // namespace muster
