#include "provisioner/run/store_journal.h"

#include <utility>

#include "provisioner/base/error.h"

namespace muster {

void StoreJournal::together(const std::function<void()>& hooks) {
  EventJournal::together(hooks);
  // Not in the transaction: a provider takes its time.
  for (const auto& node : std::exchange(unknown_, {})) give_back_(node);
}

void StoreJournal::before(const Step& step) {
  EventJournal::before(step);
  records_.before(step);
}

void StoreJournal::after(const Step& step, const StepResult& result) {
  try {
    records_.after(step, result);
  } catch (const Error&) {
    if (result.made) {
      auto node = records_.of(step.node);
      node.handle = result.made->handle;
      unknown_.push_back(node);
    }
    throw;
  }
  EventJournal::after(step, result);
}

}  // namespace muster
