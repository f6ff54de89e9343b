#pragma once

#include <nlohmann/json_fwd.hpp>

#include "provisioner/run/context.h"

namespace muster {

/// Adds what templates see of a definition's settings of single programs: "registries", "proxy",
/// "audit", "authentication" and "extra". Without such settings they are there, and empty.
void add_programs(nlohmann::json& context, const ContextInput& input);

}  // namespace muster
