#pragma once

#include <linux/filter.h>

#include <vector>

namespace muster {

/// The seccomp program that a node runs under: it may do anything but what would change the whole
/// machine by accident, such as "swapoff -a", by whichever of the machine's entries (64-bit,
/// 32-bit, x32) a program comes. Throws Error. systemd-nspawn's own filter has hundreds of calls;
/// building it takes a fifth of a node's start, and each call in the node pays for it later.
std::vector<sock_filter> node_guard();

}  // namespace muster
