#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "provisioner/events/event.h"
#include "provisioner/report/estimator.h"

namespace muster {

/// Says in the events of one run how long it will still take (Event::eta_ms), and hands them on.
class EtaReporter : public Reporter {
 public:
  /// Without `expected_ms` (by step of `plan`) nothing is known, and nothing is said.
  EtaReporter(Reporter& next, const Plan& plan,
              std::optional<std::vector<std::int64_t>> expected_ms, int parallel);

  void on(const Event& event) noexcept override;

 private:
  /// What to say in `event`, if anything.
  std::optional<std::int64_t> estimate(const Event& event);

  Reporter& next_;
  std::optional<Estimator> estimator_;
  std::unordered_map<std::string, int> steps_;  // by title
  std::int64_t said_ms_ = 0;                    // when it last estimated
};

}  // namespace muster
