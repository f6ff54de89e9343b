#pragma once

#include <exception>
#include <functional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "provisioner/engine/channel.h"
#include "provisioner/engine/scheduler.h"

namespace muster {

/// What a worker tells the scheduler: something happened in a step, or the step ended.
struct Message {
  int step = 0;
  std::variant<Event, StepResult> content;
};

/// Threads that run one step each at a time.
class Workers {
 public:
  Workers(int count, const Plan& plan, StepRunner& runner, Channel<Message>& inbox)
      : plan_(plan), runner_(runner), inbox_(inbox) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) {
        while (auto step = jobs_.pop(stop)) inbox_.push({*step, run(*step)});
      });
    }
  }

  void start(int step) { jobs_.push(step); }

 private:
  StepResult run(int step) {
    try {
      return runner_.run(plan_.steps[static_cast<std::size_t>(step)], [this, step](Event event) {
        inbox_.push({step, std::move(event)});
      });
    } catch (const std::exception& error) {
      StepResult failed;
      failed.message = error.what();
      return failed;
    }
  }

  const Plan& plan_;
  StepRunner& runner_;
  Channel<Message>& inbox_;
  Channel<int> jobs_;
  std::vector<std::jthread> threads_;  ///< last: they end before what they use
};

}  // namespace muster
