#include "provisioner/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace muster {

void in_parallel(std::size_t count, std::size_t threads,
                 const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> crew;
  for (std::size_t i = 0; i < std::min(count, threads); ++i) {
    crew.emplace_back([&] {
      for (auto number = next++; number < count; number = next++) work(number);
    });
  }
}

}  // namespace muster
