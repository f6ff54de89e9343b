#pragma once

#include <string>

namespace muster::testing {

inline const std::string kNonce = "0123456789abcdef";

}  // namespace muster::testing
