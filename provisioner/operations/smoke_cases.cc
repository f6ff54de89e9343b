#include "provisioner/operations/smoke_cases.h"

#include <chrono>
#include <utility>

namespace muster {

namespace {

/// Above all waits of a case together, which end it with a better word.
constexpr std::chrono::seconds kCaseDeadline{180};
constexpr const char* kStopped = "the test was stopped";

}  // namespace

SmokeCases::SmokeCases(ControlPlane& control_plane, const Clock& clock,
                       const SmokeTestOptions& options, const std::string& deployment,
                       std::string name_space)
    : control_plane_(control_plane),
      clock_(clock),
      options_(options),
      namespace_(std::move(name_space)),
      began_ms_(clock.steady_ms()) {
  suite_.name = "muster test " + deployment;
  suite_.started_ms = clock.wall_ms();
}

void SmokeCases::note(const std::string& line) const {
  if (options_.on_note) options_.on_note(line);
}

void SmokeCases::add(TestCase test) {
  if (options_.on_case) options_.on_case(test);
  suite_.cases.push_back(std::move(test));
}

void SmokeCases::skip(const char* name, const std::string& why) {
  TestCase test;
  test.name = name;
  test.verdict = Verdict::skipped;
  test.message = why;
  add(std::move(test));
}

TestCase SmokeCases::judged(ScriptAnswer& answer) const {
  TestCase test;
  if (answer.stopped) {
    test.verdict = Verdict::skipped;
    test.message = kStopped;
  } else if (answer.exit_code == kCannotBeTried) {
    test.verdict = Verdict::skipped;
    test.message = reason_in(answer.output);
  } else if (answer.timed_out || answer.exit_code != 0) {
    test.verdict = Verdict::failed;
    test.message = answer.timed_out
                       ? "not done within " +
                             std::to_string((kCaseDeadline * control_plane_.patience()).count()) +
                             " s"
                       : reason_in(answer.output);
    if (test.message.empty()) test.message = "exit code " + std::to_string(answer.exit_code);
    test.output = std::move(answer.output);
  }
  return test;
}

bool SmokeCases::check(const char* name, const std::vector<std::string>& words, std::string* output,
                       bool can_stop) {
  if (can_stop && stopped()) return skip(name, kStopped), false;
  const auto began = clock_.steady_ms();
  auto answer = control_plane_.run(namespace_, words, kCaseDeadline, can_stop);
  if (output != nullptr) *output = answer.output;
  auto test = judged(answer);
  test.name = name;
  test.ms = clock_.steady_ms() - began;
  bool passed = test.verdict == Verdict::passed;
  add(std::move(test));
  return passed;
}

void SmokeCases::time(const char* name, const std::function<TestCase()>& run) {
  if (stopped()) return skip(name, kStopped);
  const auto began = clock_.steady_ms();
  auto test = run();
  test.name = name;
  test.ms = clock_.steady_ms() - began;
  add(std::move(test));
}

TestSuite SmokeCases::take() {
  suite_.ms = clock_.steady_ms() - began_ms_;
  return std::move(suite_);
}

}  // namespace muster
