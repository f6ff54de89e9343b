#pragma once

#include <span>

namespace muster {

/// The SQL that leads from each version of the schema to the next: the first one from nothing to
/// version 1. Those that were released never change.
std::span<const char* const> migrations();

}  // namespace muster
