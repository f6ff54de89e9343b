#pragma once

namespace muster {

/// What the member `name` of an nlohmann::json is, or T{} when there is none. Throws its type_error
/// when it is something else.
template <typename T>
T value_of(const auto& json, const char* name) {
  auto found = json.find(name);
  return found == json.end() ? T{} : found->template get<T>();
}

}  // namespace muster
