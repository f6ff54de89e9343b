#include "provisioner/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <system_error>
#include <thread>
#include <vector>

#include "provisioner/base/error.h"

namespace muster {

void in_parallel(std::size_t count, std::size_t threads,
                 const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::promise<bool> complete;
  const auto begin = complete.get_future().share();
  std::vector<std::jthread> crew;
  const auto wanted = std::min(count, threads);
  try {
    for (std::size_t i = 0; i < wanted; ++i) {
      crew.emplace_back([&, begin] {
        if (!begin.get()) return;
        for (auto number = next++; number < count; number = next++) work(number);
      });
    }
  } catch (const std::system_error& failure) {
    complete.set_value(false);
    throw Error("cannot start " + std::to_string(wanted) + " threads: " + failure.code().message())
        .hint("raise the limits of processes and memory, or do less at a time");
  }
  complete.set_value(true);
}

}  // namespace muster
