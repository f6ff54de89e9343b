#pragma once

#include <nlohmann/json.hpp>

namespace muster {

/// What the member `name` of an object is, or T{} when there is none. Throws nlohmann's type_error
/// when it is something else.
template <typename T>
T value_of(const nlohmann::json& json, const char* name) {
  auto found = json.find(name);
  return found == json.end() ? T{} : found->get<T>();
}

}  // namespace muster
