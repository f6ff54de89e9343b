#pragma once

#include <functional>
#include <string>

#include "provisioner/definition/definition.h"
#include "provisioner/definition/value.h"

namespace muster {

/// Values that came from overrides stand at line 0; the column tells which override it was.
Position override_position(std::size_t index);
/// "--set attribs.k8s-version" for such a position, empty for one in the text.
std::string override_name(Position at, const Overrides& overrides);

/// Applies `overrides` to the tree of a definition; mistakes go to `report`.
void apply_overrides(Value& root, const Overrides& overrides,
                     const std::function<void(Position, std::string)>& report);

/// The kind of a provider: "google" of "google-provider".
std::string provider_kind(const std::string& name);

}  // namespace muster
