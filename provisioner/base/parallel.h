#pragma once

#include <cstddef>
#include <functional>

namespace muster {

/// Calls `work` with each number below `count`, on up to `threads` threads that may block, and
/// returns when all are done. `work` must not throw.
void in_parallel(std::size_t count, std::size_t threads,
                 const std::function<void(std::size_t)>& work);

}  // namespace muster
