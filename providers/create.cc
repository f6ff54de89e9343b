#include "providers/create.h"

#include <optional>

#include "provisioner/base/backoff.h"
#include "provisioner/base/clock.h"

namespace muster {

ProvidedNode create_whole(const std::function<ProvidedNode()>& create,
                          const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kPause{1'000};
  constexpr std::chrono::milliseconds kMostPause{10'000};
  std::optional<Deadline> deadline;
  for (Backoff backoff(kPause, kMostPause);; backoff.wait(stop)) {
    auto made = create();
    if (!deadline) deadline.emplace(made.boots_for);
    if (made.complete || stop.stop_requested() || deadline->passed()) return made;
  }
}

}  // namespace muster
