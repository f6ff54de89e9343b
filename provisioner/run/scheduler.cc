#include "provisioner/run/scheduler.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <set>
#include <unordered_map>
#include <variant>
#include <vector>

#include "provisioner/base/error.h"
#include "provisioner/plan/graph.h"
#include "provisioner/run/workers.h"

namespace muster {

namespace {

/// The state of one run; touched by the scheduler's thread only.
class Run {
 public:
  Run(const Plan& plan, Fibers& fibers, StepRunner& runner, RunJournal& journal, Reporter& reporter,
      const Clock& clock, const ScheduleOptions& options, std::stop_token stop)
      : plan_(plan),
        journal_(journal),
        reporter_(reporter),
        clock_(clock),
        stop_(std::move(stop)),
        graph_(plan),
        priority_(graph_.chain_weights(plan)),
        vertices_(graph_.followers.size()),
        ready_(Sooner{priority_}),
        max_failures_(options.max_failures),
        parallel_(std::max(1, std::min(options.parallel, static_cast<int>(plan.steps.size())))),
        workers_(fibers, plan, runner, inbox_) {
    for (const auto& step : plan.steps) ++nodes_[step.node].left;
  }

  RunSummary run() {
    auto began = clock_.steady_ms();
    Event event;
    event.type = EventType::run_started;
    event.steps = static_cast<int>(plan_.steps.size());
    report(std::move(event));
    std::vector<int> free;
    for (std::size_t v = 0; v < vertices_.size(); ++v) {
      if (graph_.waiting_for[v] == 0) free.push_back(static_cast<int>(v));
    }
    settle(std::move(free));
    loop();
    cancel_rest();
    report_end(clock_.steady_ms() - began);
    if (journal_failure_) std::rethrow_exception(journal_failure_);
    return summary_;
  }

 private:
  /// A step or a gate on its way; how much it still waits for is in graph_.waiting_for.
  struct Vertex {
    bool ended = false;
    bool any_well = false;  ///< of what it waited for, something ended well
    int blame = kNobody;    ///< the step whose failure keeps this one from running
    int held_by = kNobody;  ///< the same, and no step runs despite it
    std::int64_t started_ms = 0;
  };

  struct NodeQueue {
    int left = 0;  ///< steps that have not ended
    bool busy = false;
    std::vector<int> parked;  ///< steps whose turn came while the node was busy
  };

  /// Longest chain first, then the order of the plan.
  struct Sooner {
    const std::vector<std::int64_t>& priority;
    bool operator()(int a, int b) const {
      auto left = priority[index(a)];
      auto right = priority[index(b)];
      return left != right ? left > right : a < b;
    }
  };

  static constexpr int kNobody = -1;

  bool is_step(int vertex) const { return index(vertex) < plan_.steps.size(); }
  const Step& step(int id) const { return plan_.steps[index(id)]; }
  /// What must come of all that the vertex waits for.
  Opens opens(int vertex) const {
    if (!is_step(vertex)) return plan_.gates[index(vertex) - plan_.steps.size()].opens;
    return step(vertex).despite_failures ? Opens::ended : Opens::all_well;
  }
  /// The step whose failure keeps the vertex shut, now that all it waits for has ended.
  int blame_of(int vertex) const {
    const auto& state = vertices_[index(vertex)];
    if (is_step(vertex) && state.held_by != kNobody) return state.held_by;
    auto needed = opens(vertex);
    bool open = needed == Opens::ended || (needed == Opens::one_well && state.any_well);
    return open ? kNobody : state.blame;
  }
  bool stopping() const {
    return stop_.stop_requested() || journal_failure_ != nullptr || given_up_;
  }

  void loop() {
    for (;;) {
      start_ready();
      if (in_flight_ == 0) break;
      take(inbox_.pop_all());
    }
    if (!stopping() && ended_ < plan_.steps.size()) {
      bug("the plan is stuck: its steps wait for each other");
    }
  }

  /// Starts what may run now; all of it is on record before any of it starts.
  void start_ready() {
    std::vector<int> begun;
    bool recorded = ready_.empty() || stopping() || together([&] {
                      while (in_flight_ < parallel_ && !ready_.empty() && !stopping()) {
                        int id = *ready_.begin();
                        ready_.erase(ready_.begin());
                        auto& node = nodes_[step(id).node];
                        if (node.busy) {
                          node.parked.push_back(id);
                          continue;
                        }
                        if (!journaled([&] { journal_.before(step(id)); })) return;
                        node.busy = true;
                        ++in_flight_;
                        begun.push_back(id);
                      }
                    });
    if (!recorded) {
      in_flight_ -= static_cast<int>(begun.size());
      return;
    }
    for (int id : begun) {
      vertices_[index(id)].started_ms = clock_.steady_ms();
      Event event;
      event.type = EventType::step_started;
      report_of(step(id), std::move(event));
      workers_.start(id);
    }
  }

  void take(std::deque<Message> messages) {
    for (auto& message : messages) {
      auto* result = std::get_if<StepResult>(&message.content);
      if (result != nullptr) {
        result->ms = clock_.steady_ms() - vertices_[index(message.step)].started_ms;
      }
    }
    record_ends(messages);
    for (auto& message : messages) {
      if (auto* event = std::get_if<Event>(&message.content)) {
        report_of(step(message.step), std::move(*event));
      } else {
        finish(message.step, std::get<StepResult>(message.content));
      }
    }
  }

  void record_ends(const std::deque<Message>& messages) {
    auto is_end = [](const Message& message) {
      return std::holds_alternative<StepResult>(message.content);
    };
    // Most batches are events of tasks alone, for which nothing need be recorded.
    if (std::none_of(messages.begin(), messages.end(), is_end)) return;
    together([&] {
      for (const auto& message : messages) {
        if (!is_end(message)) continue;
        journaled(
            [&] { journal_.after(step(message.step), std::get<StepResult>(message.content)); });
      }
    });
  }

  void finish(int id, const StepResult& result) {
    --in_flight_;
    auto& node = nodes_[step(id).node];
    node.busy = false;
    ready_.insert(node.parked.begin(), node.parked.end());
    node.parked.clear();
    report_finished(id, result);
    if (node.left == 0) workers_.release(step(id).node);
    if (max_failures_ > 0 && summary_.failed >= max_failures_) {
      given_up_ = given_up_ || !stop_.stop_requested();
    }
    if (result.holds) holding_.insert(id);
    // A step that a stop cut short skips nobody: what waits for it is canceled as well.
    if (result.outcome == Outcome::canceled && stopping()) return;
    bool good = result.outcome == Outcome::changed || result.outcome == Outcome::unchanged;
    settle(release_followers(id, good ? kNobody : id));
  }

  /// Tells those who wait for `vertex` that it ended, with the step to blame if it did not end
  /// well. Returns those that now wait for nothing.
  std::vector<int> release_followers(int vertex, int blame) {
    std::vector<int> free;
    for (int follower : graph_.followers[index(vertex)]) {
      auto& state = vertices_[index(follower)];
      if (blame == kNobody) state.any_well = true;
      if (state.blame == kNobody) state.blame = blame;
      if (holds(vertex, blame) && state.held_by == kNobody) state.held_by = blame;
      if (--graph_.waiting_for[index(follower)] == 0) free.push_back(follower);
    }
    return free;
  }

  /// Whether what follows `vertex`, which did not end well, must not run despite it: a gate stays
  /// shut, or a node is not to be removed, or its removal did not begin.
  bool holds(int vertex, int blame) const {
    if (blame == kNobody) return false;
    if (!is_step(vertex) || holding_.count(blame) > 0) return true;
    return step(vertex).despite_failures && vertices_[index(vertex)].held_by != kNobody;
  }

  /// Makes the steps ready that may run; ends the gates, and the steps that are to be skipped.
  void settle(std::vector<int> free) {
    while (!free.empty()) {
      int vertex = free.back();
      free.pop_back();
      int blame = blame_of(vertex);
      if (is_step(vertex) && blame == kNobody) {
        ready_.insert(vertex);
        continue;
      }
      if (is_step(vertex)) report_unstarted(vertex, Outcome::skipped, blame);
      auto more = release_followers(vertex, blame);
      free.insert(free.end(), more.begin(), more.end());
    }
  }

  void cancel_rest() {
    for (const auto& rest : plan_.steps) {
      if (!vertices_[index(rest.id)].ended) report_unstarted(rest.id, Outcome::canceled, kNobody);
    }
    summary_.gave_up = given_up_ && summary_.canceled > 0;
    summary_.interrupted = stop_.stop_requested() && summary_.canceled > 0 && !given_up_;
  }

  bool together(const std::function<void()>& hooks) {
    return journaled([&] { journal_.together(hooks); });
  }

  template <typename Write>
  bool journaled(Write write) {
    try {
      write();
      return true;
    } catch (...) {
      if (!journal_failure_) journal_failure_ = std::current_exception();
      return false;
    }
  }

  void report(Event event) {
    event.deployment = plan_.deployment;
    if (event.time_ms == 0) event.time_ms = clock_.wall_ms();
    reporter_.on(event);
  }

  void report_of(const Step& step, Event event) { report(of_step(step, std::move(event))); }

  void report_finished(int id, const StepResult& result) {
    count(id, result.outcome);
    report_of(step(id), finished(result));
  }

  void report_unstarted(int id, Outcome outcome, int blame) {
    count(id, outcome);
    Event event;
    event.type = EventType::step_finished;
    event.outcome = outcome;
    if (blame != kNobody) event.message = "because '" + step(blame).title() + "' failed";
    journal_.unstarted(step(id), outcome, event.message);
    report_of(step(id), std::move(event));
  }

  void report_end(std::int64_t ms) {
    Event event;
    event.type = EventType::run_finished;
    event.steps = summary_.changed + summary_.unchanged;
    event.ms = ms;
    if (summary_.gave_up) {
      event.message = "gave up after " + std::to_string(max_failures_) + " failure" +
                      (max_failures_ == 1 ? "" : "s");
    }
    event.outcome = summary_.failed + summary_.skipped > 0 ? Outcome::failed
                    : summary_.canceled > 0                ? Outcome::canceled
                    : summary_.changed > 0                 ? Outcome::changed
                                                           : Outcome::unchanged;
    report(std::move(event));
  }

  void count(int id, Outcome outcome) {
    vertices_[index(id)].ended = true;
    ++ended_;
    --nodes_[step(id).node].left;
    switch (outcome) {
      case Outcome::changed:
        ++summary_.changed;
        break;
      case Outcome::unchanged:
        ++summary_.unchanged;
        break;
      case Outcome::failed:
      case Outcome::timed_out:
        ++summary_.failed;
        break;
      case Outcome::skipped:
        ++summary_.skipped;
        break;
      case Outcome::canceled:
        ++summary_.canceled;
        break;
    }
  }

  const Plan& plan_;
  RunJournal& journal_;
  Reporter& reporter_;
  const Clock& clock_;
  std::stop_token stop_;
  PlanGraph graph_;
  std::vector<std::int64_t> priority_;
  std::vector<Vertex> vertices_;
  std::set<int, Sooner> ready_;
  std::unordered_map<std::string, NodeQueue> nodes_;
  std::set<int> holding_;  ///< steps that failed so that nothing goes on despite it
  std::exception_ptr journal_failure_;
  RunSummary summary_;
  std::size_t ended_ = 0;
  int in_flight_ = 0;
  int max_failures_;
  bool given_up_ = false;  ///< after max_failures_; a stop that came first is a stop
  int parallel_;
  Channel<Message> inbox_;
  Workers workers_;  ///< last: its fibers end before what they use
};

}  // namespace

Event finished(const StepResult& result) {
  Event event;
  event.type = EventType::step_finished;
  event.outcome = result.outcome;
  event.ms = result.ms;
  event.task = result.task;
  event.command = result.command;
  event.exit_code = result.exit_code;
  event.output = result.output;
  event.message = result.message;
  return event;
}

Event of_step(const Step& step, Event event) {
  event.node = step.node;
  event.step = step.title();
  event.verb = to_string(step.verb);
  event.role = step.role;
  return event;
}

RunSummary run_plan(const Plan& plan, Fibers& fibers, StepRunner& runner, RunJournal& journal,
                    Reporter& reporter, const Clock& clock, const ScheduleOptions& options,
                    std::stop_token stop) {
  return Run(plan, fibers, runner, journal, reporter, clock, options, std::move(stop)).run();
}

}  // namespace muster
