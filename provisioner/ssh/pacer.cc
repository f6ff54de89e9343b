#include "provisioner/ssh/pacer.h"

#include <algorithm>

namespace muster {

namespace {

/// More would only fill queues.
constexpr int kMost = 512;
/// Below sshd's own first limit (MaxStartups 10:30:100), at which it turns nobody away.
constexpr int kFewest = 4;

/// A login takes five round trips, and the longest way around the world a third of a second.
constexpr std::chrono::seconds kSlow{4};
constexpr std::chrono::seconds kCrowdLasts{15};

}  // namespace

void Pacer::logged_in(std::chrono::milliseconds took) {
  if (took < kSlow) {
    turnstile_.set_limit(std::min(kMost, turnstile_.limit() + 1));
  } else {
    halve(took);  // those that it was begun with tell the same
  }
}

bool Pacer::crowded() {
  std::lock_guard lock(mutex_);
  return halved_ && std::chrono::steady_clock::now() - *halved_ < kCrowdLasts;
}

void Pacer::halve(std::chrono::milliseconds apart) {
  auto now = std::chrono::steady_clock::now();
  std::lock_guard lock(mutex_);
  if (halved_ && now - *halved_ < apart) return;
  halved_ = now;
  turnstile_.set_limit(std::max(kFewest, turnstile_.limit() / 2));
}

}  // namespace muster
