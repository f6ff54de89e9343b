#include "provisioner/report/estimator.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include "provisioner/plan/graph.h"

namespace muster {

Estimator::Estimator(const Plan& plan, std::vector<std::int64_t> expected_ms, int parallel)
    : expected_ms_(std::move(expected_ms)),
      states_(plan.steps.size(), State::waiting),
      parallel_(std::max(1, parallel)) {
  chain_ms_ = PlanGraph(plan).chain_weights(expected_ms_);
  by_chain_.resize(plan.steps.size());
  std::iota(by_chain_.begin(), by_chain_.end(), 0);
  std::stable_sort(by_chain_.begin(), by_chain_.end(),
                   [&](int a, int b) { return chain_ms_[index(a)] > chain_ms_[index(b)]; });
  std::unordered_map<std::string_view, std::size_t> known;
  for (const auto& step : plan.steps) {
    auto [node, fresh] = known.emplace(step.node, node_ms_.size());
    if (fresh) node_ms_.push_back(0);
    nodes_.push_back(node->second);
    node_ms_[node->second] += expected_ms_[index(step.id)];
    work_ms_ += expected_ms_[index(step.id)];
  }
}

void Estimator::start(int step, std::int64_t now_ms) {
  if (states_[index(step)] != State::waiting) return;
  states_[index(step)] = State::running;
  running_.emplace(step, now_ms);
}

void Estimator::finish(int step) {
  auto& state = states_[index(step)];
  if (state == State::ended) return;
  if (state == State::running) running_.erase(step);
  state = State::ended;
  work_ms_ -= expected_ms_[index(step)];
  node_ms_[nodes_[index(step)]] -= expected_ms_[index(step)];
  while (longest_ < by_chain_.size() && states_[index(by_chain_[longest_])] == State::ended) {
    ++longest_;
  }
}

std::int64_t Estimator::left_ms(std::int64_t now_ms) const {
  std::int64_t chain = 0;
  for (auto at = longest_; at < by_chain_.size(); ++at) {
    if (states_[index(by_chain_[at])] != State::waiting) continue;
    chain = chain_ms_[index(by_chain_[at])];
    break;
  }
  auto work = work_ms_;
  std::unordered_map<std::size_t, std::int64_t> spent;  // by node
  for (const auto& [step, since] : running_) {
    auto done = std::clamp<std::int64_t>(now_ms - since, 0, expected_ms_[index(step)]);
    chain = std::max(chain, chain_ms_[index(step)] - done);
    work -= done;
    spent[nodes_[index(step)]] += done;
  }
  std::int64_t busiest = 0;
  for (std::size_t node = 0; node < node_ms_.size(); ++node) {
    if (node_ms_[node] <= busiest) continue;
    auto found = spent.find(node);
    busiest = std::max(busiest, node_ms_[node] - (found == spent.end() ? 0 : found->second));
  }
  return std::max({chain, busiest, (work + parallel_ - 1) / parallel_, std::int64_t{0}});
}

}  // namespace muster
