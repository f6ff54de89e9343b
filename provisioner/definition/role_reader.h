#pragma once

#include <string>

#include "provisioner/definition/role.h"

namespace muster {

/// Reads a role's file; its fingerprint is left empty. Throws Error (exit code 2) with every
/// mistake and its place. Whether a task's kind exists and takes its arguments is not looked at:
/// see check_role of the tasks layer.
Role parse_role(const std::string& file, const std::string& text);

}  // namespace muster
