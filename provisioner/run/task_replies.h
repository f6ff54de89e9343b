#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "provisioner/run/node_link.h"
#include "provisioner/run/scheduler.h"

namespace muster {

/// What the tasks of one script answer, as events while they do and as the step's result at the
/// end.
class TaskReplies {
 public:
  TaskReplies(const CompiledScript& script, const std::function<void(Event)>& emit)
      : script_(script), emit_(emit) {}

  void take(const TaskReply& reply);
  /// `deadline`: what the script was given.
  StepResult result_of(const ScriptResult& ran, std::chrono::seconds deadline) const;

 private:
  std::string name_of(int index) const;
  /// Whose files an undo has set aside or left is worth more than a task's detail.
  void tell_what_stays(const std::string& said) const;

  const CompiledScript& script_;
  const std::function<void(Event)>& emit_;
  std::optional<StepResult> failed_;  ///< once a task has failed
  std::vector<ChangedTask> changed_;
  int answered_ = 0;
};

}  // namespace muster
