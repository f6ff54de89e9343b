#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "providers/provider.h"

namespace muster {

class ExecProgram;

/// A provider, and what it may be asked for while it is tested.
struct ConformanceInput {
  Provider* provider = nullptr;
  ExecProgram* program = nullptr;  ///< what it runs, where it runs one
  std::string hints = "{}";        ///< JSON object text: nodes that can be had
  int creates = 100;               ///< at once, in the case of many
  int quota = 0;                   ///< how many nodes there can be; 0: not known
  /// No deployment's: whatever has this tag, or one that begins with it, is destroyed. The same in
  /// every run, so that one finds what another left.
  std::string tag;
  std::string authorized_key;
  std::vector<std::string> only;                 ///< names of cases; empty: all
  std::stop_token stop;                          ///< looked at between cases
  std::function<void(const std::string&)> note;  ///< lines for a person
};

enum class CaseOutcome { passed, failed, skipped };
std::string to_string(CaseOutcome outcome);

/// What came of one case.
struct CaseResult {
  std::string name;
  CaseOutcome outcome = CaseOutcome::passed;
  std::string why;  ///< of what failed or was skipped; else what was seen
  std::int64_t ms = 0;
};

/// The names of all cases, in their order.
std::vector<std::string> conformance_cases();

/// Puts a provider through what muster asks of every provider (docs/providers.md has the cases),
/// and leaves nothing behind, nor what an earlier run left that was killed. Throws Error when that
/// run's nodes cannot be taken away, or (exit code 130) when it was stopped; then, too, it has
/// cleaned up.
std::vector<CaseResult> test_provider(const ConformanceInput& input);

}  // namespace muster
