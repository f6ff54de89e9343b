// A create that is cut: its deadline passes, or muster dies.
#include <algorithm>
#include <array>

#include "providers/conformance/death.h"
#include "providers/conformance/trial.h"
#include "providers/exec/exec.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

using std::chrono::milliseconds;

/// Of the time that a whole create takes.
constexpr std::array kInstants{0.1, 0.25, 0.4, 0.55, 0.7, 0.85};

/// With more it would take too long to have them all after each cut.
constexpr int kFewNodes = 8;

using Cut = std::function<void(const NodeSpec&, milliseconds)>;

milliseconds time_of_create(ProviderTrial& trial) {
  const RealClock clock;
  const auto began = clock.steady_ms();
  trial.create(trial.spec());
  return milliseconds(std::max<std::int64_t>(clock.steady_ms() - began, 1));
}

void must_know_only(ProviderTrial& trial, const NodeSpec& spec) {
  std::size_t count = 0;
  for (const auto& node : trial.listed(spec.tag)) {
    if (node.token != spec.token) {
      throw CaseFailed{"after a cut create list shows '" + node.handle +
                       "' with a token that nobody gave: '" + node.token + "'"};
    }
    if (++count > 1) throw CaseFailed{"after a cut create list shows two nodes of one token"};
  }
}

/// As the next apply does.
void finish(ProviderTrial& trial, const NodeSpec& spec) {
  auto node = trial.create(spec);
  trial.must_list(spec.tag, {node});
  trial.provider().destroy(node.handle);
  trial.must_list(spec.tag, {});
}

/// As a destroy does.
void give_up(ProviderTrial& trial, const NodeSpec& spec) {
  for (const auto& node : trial.listed(spec.tag)) trial.provider().destroy(node.handle);
  trial.must_list(spec.tag, {});
}

std::string cut_creates(ProviderTrial& trial, const Cut& cut) {
  const auto whole = time_of_create(trial);
  trial.clear();
  bool finishes = true;
  for (double instant : kInstants) {
    auto spec = trial.spec();
    cut(spec, std::max(milliseconds(1), milliseconds(static_cast<std::int64_t>(
                                            instant * static_cast<double>(whole.count())))));
    must_know_only(trial, spec);
    if (finishes) {
      finish(trial, spec);
    } else {
      give_up(trial, spec);
    }
    finishes = !finishes;
    if (trial.input().quota <= kFewNodes) trial.must_have_all();
  }
  if (trial.input().quota > kFewNodes) trial.must_have_all();
  return "cut at " + std::to_string(kInstants.size()) + " instants of " + format_ms(whole.count()) +
         ", finished or destroyed";
}

}  // namespace

std::string case_slow(ProviderTrial& trial) {
  const auto* program = trial.input().program;
  auto* exec = dynamic_cast<ExecProvider*>(&trial.provider());
  if (program == nullptr || exec == nullptr) {
    throw CaseSkipped{"it runs no program that could be late; 'death' cuts its calls"};
  }
  return cut_creates(trial, [&](const NodeSpec& spec, milliseconds in) {
    program->run(exec->request_for(spec).text, in);
  });
}

std::string case_death(ProviderTrial& trial) {
  return cut_creates(trial, [&](const NodeSpec& spec, milliseconds in) {
    die_in_create(trial.provider(), spec, in);
  });
}

}  // namespace muster
