#include "provisioner/run/durations.h"

#include <algorithm>
#include <exception>

#include "provisioner/base/log.h"

namespace muster {

namespace {

constexpr std::int64_t kMostMs = 24 * 60 * 60 * 1000;

}  // namespace

Durations::Durations(Store& store, const Cluster& cluster, const DeploymentRecord& record)
    : store_(store) {
  for (const auto& node : cluster.nodes) providers_.emplace(node.name, node.provider);
  for (const auto& node : record.nodes) providers_.emplace(node.name, node.provider);
  for (auto& known : store.durations()) {
    known.ms = std::clamp<std::int64_t>(known.ms, 0, kMostMs);
    Key key{known.verb, known.role, known.provider};
    known_.emplace(std::move(key), std::move(known));
  }
}

Durations::Key Durations::key_of(const Step& step) const {
  if (!step.role.empty()) return {to_string(step.verb), step.role, ""};
  auto provider = providers_.find(step.node);
  return {to_string(step.verb), "", provider == providers_.end() ? "" : provider->second};
}

std::optional<std::int64_t> Durations::expected_ms(const Step& step) const {
  auto known = known_.find(key_of(step));
  if (known == known_.end()) return std::nullopt;
  return known->second.ms;
}

std::optional<std::vector<std::int64_t>> Durations::expected_ms(const Plan& plan) const {
  std::vector<std::int64_t> all;
  all.reserve(plan.steps.size());
  for (const auto& step : plan.steps) {
    auto known = expected_ms(step);
    if (!known) return std::nullopt;
    all.push_back(*known);
  }
  return all;
}

void Durations::weigh(Plan& plan) const {
  for (auto& step : plan.steps) {
    auto known = expected_ms(step);
    if (known) step.weight = static_cast<int>(*known) + std::max(0, step.weight - kGuessedMs);
  }
}

void Durations::learn(const Step& step, std::int64_t ms) {
  auto& learned = learned_[key_of(step)];
  learned.sum_ms += std::clamp<std::int64_t>(ms, 0, kMostMs);
  ++learned.samples;
}

void Durations::save() noexcept {
  try {
    std::vector<DurationRecord> records;
    for (const auto& [key, learned] : learned_) {
      const auto& [verb, role, provider] = key;
      auto& known = known_[key];
      auto mean = learned.sum_ms / learned.samples;
      known = {verb, role, provider, known.samples == 0 ? mean : (known.ms + mean) / 2,
               known.samples + learned.samples};
      records.push_back(known);
    }
    learned_.clear();
    if (!records.empty()) store_.put_durations(records);
  } catch (const std::exception& problem) {
    log_info(std::string("what this run taught is lost: ") + problem.what());
  }
}

void LearningJournal::after(const Step& step, const StepResult& result) {
  if (succeeded(result.outcome)) durations_.learn(step, result.ms);
  journal_.after(step, result);
}

}  // namespace muster
