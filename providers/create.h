#pragma once

#include <functional>
#include <stop_token>

#include "providers/provider.h"

namespace muster {

/// Calls `create`, which asks a provider for one machine, until that is whole, `boots_for` after
/// its first answer is over, or `stop`; returns the last answer. Waits between as fibers may.
ProvidedNode create_whole(const std::function<ProvidedNode()>& create, const std::stop_token& stop);

}  // namespace muster
