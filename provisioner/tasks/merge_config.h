#pragma once

#include <string>

namespace muster {

/// The YAML object `config` with `more`, another one, put over it: objects field by field, all else
/// replaced. JSON text behind a comment, which readers of YAML take. Throws Error when one of them
/// is no object.
std::string merge_config(const std::string& config, const std::string& more);

}  // namespace muster
