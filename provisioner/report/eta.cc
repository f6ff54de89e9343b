#include "provisioner/report/eta.h"

#include <utility>

namespace muster {

namespace {

/// A run of thousands of nodes has thousands of events a second; nobody reads so many estimates.
constexpr std::int64_t kEveryMs = 200;

}  // namespace

EtaReporter::EtaReporter(Reporter& next, const Plan& plan,
                         std::optional<std::vector<std::int64_t>> expected_ms, int parallel)
    : next_(next) {
  if (!expected_ms || plan.empty()) return;
  estimator_.emplace(plan, std::move(*expected_ms), parallel);
  for (const auto& step : plan.steps) steps_.emplace(step.title(), step.id);
}

void EtaReporter::on(const Event& event) noexcept {
  std::optional<std::int64_t> eta;
  try {
    eta = estimate(event);
  } catch (...) {  // out of memory: without it, then
  }
  if (!eta) {
    next_.on(event);
    return;
  }
  Event more = event;
  more.eta_ms = eta;
  next_.on(more);
}

std::optional<std::int64_t> EtaReporter::estimate(const Event& event) {
  if (!estimator_) return std::nullopt;
  bool begins = event.type == EventType::run_started;
  bool ended = event.type == EventType::step_finished;
  if (!begins && !ended && event.type != EventType::step_started) return std::nullopt;
  if (!begins) {
    auto step = steps_.find(event.step);
    if (step == steps_.end()) return std::nullopt;
    if (ended) {
      estimator_->finish(step->second);
    } else {
      estimator_->start(step->second, event.time_ms);
    }
  }
  if (!begins && (!ended || event.time_ms - said_ms_ < kEveryMs)) return std::nullopt;
  said_ms_ = event.time_ms;
  return estimator_->left_ms(event.time_ms);
}

}  // namespace muster
