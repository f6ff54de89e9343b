#pragma once

#include <rapidcheck.h>

#include <cstddef>

namespace muster::testing {

/// Any number below `end`, in a property's turn.
inline std::size_t below(std::size_t end) { return *rc::gen::inRange<std::size_t>(0, end); }

}  // namespace muster::testing
