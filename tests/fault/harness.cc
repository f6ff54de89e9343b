#include "tests/fault/harness.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "provisioner/base/process.h"

namespace muster::testing {

namespace {

/// With one undo of three that fails, so many runs never end the same way.
constexpr int kMostTries = 40;

bool only_undos_failed(const Run& run) {
  return std::ranges::all_of(run.started(), [&](const std::string& step) {
    return run.done().count(step) > 0 || step.starts_with("undo ");
  });
}

/// Up to, and without, `end`.
int below(int end, std::mt19937& random) {
  return static_cast<int>(random() % static_cast<unsigned>(end));
}

}  // namespace

void Phase::choose_instants(const Length& calm, std::mt19937& random) {
  calm_ = calm;
  for (int line = 1; line <= calm.lines; ++line) {
    instants_.push_back({line, 0});
    if (line % 2 == 0) instants_.push_back(anywhere(random));
  }
  std::ranges::shuffle(instants_, random);
}

Instant Phase::next(std::mt19937& random) {
  if (instants_.empty()) return anywhere(random);
  auto instant = instants_.back();
  instants_.pop_back();
  return instant;
}

Instant Phase::anywhere(std::mt19937& random) const {
  if (below(2, random) == 0) return {0, below(calm_.ms + 1, random)};
  return {below(calm_.lines, random), below(100, random)};
}

Length Harness::carry_out(const Phase& phase, const std::vector<Instant>& instants) {
  what_ = phase.name();
  std::set<std::string> done;
  for (const auto& instant : instants) {
    what_ += ", killed at " + to_string(instant);
    Run run(phase.arguments(), log_);
    bool killed = run.kill_at(instant);
    note_steps(run, done);
    if (killed) ++counts_.instants;
    note_nodes();
  }
  for (int tries = 1;; ++tries) {
    Run run(phase.arguments(), log_);
    int code = run.wait();
    note_steps(run, done);
    if (code == 0) return {run.lines(), run.ms()};
    note_nodes();
    if (hosts_ && code == 1 && only_undos_failed(run) && tries < kMostTries) continue;
    fail("run again, it ends with " + std::to_string(code));
    return {run.lines(), run.ms()};
  }
}

void Harness::note_nodes() {
  note(compare(deployment_, provider()));
  if (!hosts_) return;
  for (const auto& host : hosts_->left_behind(deployment_)) {
    ++counts_.leaks;
    say("forgotten: " + host);
  }
}

void Harness::expect_planned_state(const Phase& phase) {
  auto difference = compare(deployment_, provider());
  note(difference);
  for (const auto& node : difference.unfinished) fail(node + " is not finished");
  if (deployment_ == "light") {
    for (const auto& wrong : wrong_light_files()) fail(wrong);
  }
  if (hosts_) {
    note_nodes();
    for (const auto& wrong : hosts_->wrong_files(deployment_)) fail(wrong);
  }
  ProcessSpec spec;
  spec.argv = {std::getenv("MUSTER")};
  spec.argv.insert(spec.argv.end(), phase.plan_command().begin(), phase.plan_command().end());
  spec.argv.insert(spec.argv.end(), {"--refresh", "--detailed-exitcode"});
  auto planned = run_process(spec);
  if (planned.exit_code != 0) fail("something is left to do: " + planned.output);
}

void Harness::expect_nothing() {
  auto left =
      deployments_left() + (hosts_ ? hosts_->what_is_left() : muster::testing::what_is_left());
  if (left.empty()) return;
  ++counts_.leaks;
  say("left after destroy: " + left);
  if (!hosts_) destroy_leaks(deployment_);
}

/// A step that had been seen to end is on record, so it is never done again.
void Harness::note_steps(const Run& run, std::set<std::string>& done) {
  for (const auto& step : run.started()) {
    if (done.count(step) == 0) continue;
    ++counts_.lost;
    say("'" + step + "' was done already, and is done again");
  }
  done.insert(run.done().begin(), run.done().end());
}

void Harness::note(const Comparison& difference) {
  counts_.leaks += static_cast<int>(difference.leaks.size());
  counts_.lost += static_cast<int>(difference.lost.size());
  for (const auto& node : difference.leaks) say("leak: nobody knows of " + node);
  for (const auto& node : difference.lost) say("lost: there is no " + node);
}

void Harness::fail(const std::string& why) {
  ++counts_.failures;
  say(why);
}

void Harness::say(const std::string& why) const {
  std::cout << "FAIL " << deployment_ << ": " << what_ << ": " << why << std::endl;
}

}  // namespace muster::testing
