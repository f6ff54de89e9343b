#include "providers/conformance/suite.h"

#include <algorithm>
#include <array>

#include "providers/conformance/trial.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

struct Case {
  const char* name;
  CaseBody body;
};

/// Each stands on those before it.
constexpr std::array kCases{
    Case{"hints", case_hints},       Case{"create", case_create},
    Case{"reach", case_reach},       Case{"idempotent", case_idempotent},
    Case{"list", case_list},         Case{"destroy", case_destroy},
    Case{"presence", case_presence}, Case{"partial-failure", case_partial_failure},
    Case{"slow", case_slow},         Case{"garbage", case_garbage},
    Case{"death", case_death},       Case{"quota", case_quota},
    Case{"parallel", case_parallel}, Case{"nothing-left", case_nothing_left}};

void fail(CaseResult& result, const std::string& why) {
  result.why = result.outcome == CaseOutcome::failed ? result.why + "; " + why : why;
  result.outcome = CaseOutcome::failed;
}

CaseResult run_case(const Case& one, ProviderTrial& trial) {
  CaseResult result;
  result.name = one.name;
  const RealClock clock;
  const auto began = clock.steady_ms();
  try {
    result.why = one.body(trial);
  } catch (const CaseFailed& failed) {
    fail(result, failed.why);
  } catch (const CaseSkipped& skipped) {
    result.outcome = CaseOutcome::skipped;
    result.why = skipped.why;
  } catch (const std::exception& error) {
    fail(result, error.what());
  }
  try {
    trial.clear();
  } catch (const std::exception& error) {
    fail(result, std::string("its nodes cannot be taken away: ") + error.what());
  }
  result.ms = clock.steady_ms() - began;
  return result;
}

/// What a run left that was killed.
void clear_earlier(ProviderTrial& trial) {
  try {
    auto count = trial.clear();
    if (count > 0) {
      trial.input().note("took away " + count_of(count, "node") + " that an earlier test left");
    }
  } catch (Error& error) {
    error.while_doing("looking for nodes that an earlier test left");
    throw;
  }
}

bool is_wanted(const ConformanceInput& input, const std::string& name) {
  return input.only.empty() || std::ranges::find(input.only, name) != input.only.end();
}

}  // namespace

std::string to_string(CaseOutcome outcome) {
  switch (outcome) {
    case CaseOutcome::passed:
      return "passed";
    case CaseOutcome::failed:
      return "failed";
    case CaseOutcome::skipped:
      return "skipped";
  }
  bug("a case outcome without a name");
}

std::vector<std::string> conformance_cases() {
  std::vector<std::string> names;
  for (const auto& one : kCases) names.emplace_back(one.name);
  return names;
}

std::vector<CaseResult> test_provider(const ConformanceInput& input) {
  ProviderTrial trial(input);
  clear_earlier(trial);
  std::vector<CaseResult> results;
  bool prepared = false;
  for (const auto& one : kCases) {
    if (!is_wanted(input, one.name)) continue;
    if (input.stop.stop_requested()) {
      throw Error("interrupted; nothing of the test is left", ExitCode::interrupted);
    }
    if (one.body != case_hints && !prepared) {
      input.provider->prepare({input.hints}, input.note);
      prepared = true;
    }
    results.push_back(run_case(one, trial));
    // Else nothing can be asked for with these hints.
    if (one.body == case_hints && results.back().outcome == CaseOutcome::failed) break;
  }
  return results;
}

}  // namespace muster
