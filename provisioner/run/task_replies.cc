#include "provisioner/run/task_replies.h"

#include "provisioner/base/text.h"
#include "provisioner/tasks/ledger.h"

namespace muster {

std::string TaskReplies::name_of(int index) const {
  auto at = static_cast<std::size_t>(index);
  return index >= 0 && at < script_.task_names.size() ? script_.task_names[at]
                                                      : "task " + std::to_string(index);
}

void TaskReplies::take(const TaskReply& reply) {
  Event event;
  event.type = EventType::task_finished;
  event.task = name_of(reply.index);
  event.ms = reply.ms;
  ++answered_;
  if (reply.outcome == "failed") {
    event.outcome = Outcome::failed;
    event.exit_code = reply.exit_code;
    failed_.emplace();
    failed_->task = event.task;
    failed_->command = reply.command;
    failed_->exit_code = reply.exit_code;
    failed_->output = reply.output;
  } else if (reply.outcome == "changed") {
    event.outcome = Outcome::changed;
    event.message = trim(reply.output);
    changed_.push_back({event.task, event.message, event.ms});
  }
  emit_(event);
  if (event.task == kPutBackTask || event.task == kFormerTask) tell_what_stays(trim(reply.output));
}

void TaskReplies::tell_what_stays(const std::string& said) const {
  for (const auto& line : split(said, '\n')) {
    if (!says_what_stays(line)) continue;
    Event event;
    event.type = EventType::note;
    event.message = line;
    emit_(event);
  }
}

StepResult TaskReplies::result_of(const ScriptResult& ran, std::chrono::seconds deadline) const {
  auto result = failed_.value_or(StepResult{});
  result.changed = changed_;
  if (failed_) return result;
  if (ran.remote.timed_out) {
    result.outcome = Outcome::timed_out;
    result.task = ran.running ? name_of(*ran.running) : "";
    result.message = "not done within " + std::to_string(deadline.count()) + " s";
  } else if (!ran.ended) {
    result.outcome = Outcome::failed;
    result.task = ran.running ? name_of(*ran.running) : "";
    result.exit_code = ran.remote.exit_code;
    result.output = ran.remote.error_output + ran.noise;
    result.message = "the node's shell ended before the role did";
  } else {
    result.outcome = !changed_.empty() ? Outcome::changed : Outcome::unchanged;
    result.message =
        std::to_string(changed_.size()) + " of " + std::to_string(answered_) + " tasks changed";
  }
  return result;
}

}  // namespace muster
