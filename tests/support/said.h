#pragma once

#include <functional>
#include <string>

#include "provisioner/base/error.h"

namespace muster {

/// What `body` throws, as main would print it; "none" when it does not throw.
inline std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace muster
