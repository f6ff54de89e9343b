#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "provisioner/tasks/args.h"
#include "provisioner/tasks/compile.h"

namespace muster {

struct Kind;

/// How the task that m_put_back is answers.
inline constexpr std::string_view kPutBackTask = "what was there before is back";

/// How the last task of an apply answers, where older versions of the role left something.
inline constexpr std::string_view kFormerTask = "what nobody wants any more is gone";

/// Whether a line of its answer tells of something that is left on the node.
bool says_what_stays(std::string_view line);

/// Names of shell_text: m_put_back, which undo scripts call, m_leave_former, which the others call,
/// and what of kinds these call; some may be there twice.
std::vector<std::string_view> ledger_library();

/// What the tasks of a role want to be on a node, as keys of the ledger: what two roles want is
/// given back when the second one leaves, or no longer wants it.
class LedgerWants {
 public:
  void add(const Kind& kind, const Args& args);
  /// Paths that the role's programs make when they run.
  void add_trace(const std::string& path) { traces_.push_back(path); }

  /// Assignments, and a function that notes the traces.
  std::string shell(const std::string& role) const;

 private:
  std::vector<std::string> keys_;
  std::vector<std::string> traces_;
};

/// What is wrong with a path of "traces", which is removed with all it holds; empty when nothing.
std::string check_trace(const std::string& path);

}  // namespace muster
