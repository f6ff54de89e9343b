#include "provisioner/base/backoff.h"

#include <algorithm>
#include <random>

#include "provisioner/base/fibers.h"

namespace muster {

std::chrono::milliseconds Backoff::next() {
  static thread_local std::minstd_rand random(std::random_device{}());
  const auto whole = next_;
  next_ = std::min(next_ * 2, most_);
  std::uniform_int_distribution<std::int64_t> part(whole.count() / 2, whole.count());
  return std::chrono::milliseconds(part(random));
}

void Backoff::wait(const std::stop_token& stop) { pause_for(next(), stop); }

}  // namespace muster
