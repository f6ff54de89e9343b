#pragma once

#include <chrono>

#include "providers/provider.h"

namespace muster {

/// Makes another process of this one that asks for the node and is killed (SIGKILL) after `in`, or
/// has ended by then: what a muster that dies leaves. No other thread may be using the provider.
/// Throws Error when there can be no process.
void die_in_create(Provider& provider, const NodeSpec& spec, std::chrono::milliseconds in);

}  // namespace muster
