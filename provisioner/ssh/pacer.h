#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "provisioner/base/fibers.h"

namespace muster {

/// Says when the next connection may be begun, so that a thousand of them do not drown this machine
/// or whoever answers them: sshd turns away some of those who have not logged in yet once there are
/// more than MaxStartups. It learns by being turned away, as TCP does: each refusal halves how many
/// are begun at once (once in a while, for refusals come in crowds), each login lets one more in. A
/// login that took seconds is no better: this machine, or what is between, has too many at hand,
/// and still more would end none of them in time.
class Pacer {
 public:
  /// `first`: connections at once to begin with. `pause`: between two halvings.
  explicit Pacer(int first = 256, std::chrono::milliseconds pause = std::chrono::milliseconds(200))
      : turnstile_(first), pause_(pause) {}

  /// Waits for one's turn; `key` is for fairness (see Turnstile).
  Turnstile::Pass enter(const std::string& key) { return turnstile_.enter(key); }
  void logged_in(std::chrono::milliseconds took = {});
  void turned_away() { halve(pause_); }
  /// It has been too much for somebody not long ago: a node that did not answer may be there.
  bool crowded();

  int limit() const { return turnstile_.limit(); }

 private:
  /// Not when that was done less than `apart` ago.
  void halve(std::chrono::milliseconds apart);

  Turnstile turnstile_;
  std::chrono::milliseconds pause_;
  std::mutex mutex_;  ///< guards halved_
  std::optional<std::chrono::steady_clock::time_point> halved_;
};

}  // namespace muster
