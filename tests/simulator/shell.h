#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/loop.h"

namespace muster::simulator {

/// A script to run with /bin/sh on this machine.
struct ShellScript {
  std::string text;
  std::string folder;                    ///< where it runs
  std::vector<std::string> environment;  ///< "NAME=value": all that it gets
};

/// Who hears what a script says. Returns false to be given nothing more until resume().
struct ShellListener {
  std::function<bool(std::string_view, bool is_error)> on_output;
  std::function<void(int status)> on_end;  ///< as wait() has it; or -1: it could not be started
};

class Shells;

/// A script that waits for its turn, runs or has ended. Ending this object kills it.
class ShellRun {
 public:
  ShellRun(Loop& loop, Shells& shells, ShellScript script, ShellListener listener);
  ~ShellRun();
  ShellRun(const ShellRun&) = delete;
  ShellRun& operator=(const ShellRun&) = delete;

  /// Only Shells calls it.
  void start();
  /// The listener wants more.
  void resume();

 private:
  class Pipe;

  bool spawn();
  void read(Pipe& pipe, bool all);
  void ended();
  void release();

  Loop& loop_;
  Shells& shells_;
  ShellScript script_;
  ShellListener listener_;
  pid_t pid_ = 0;
  std::shared_ptr<Pipe> output_;
  std::shared_ptr<Pipe> error_;
  std::shared_ptr<Pipe> process_;  ///< the pidfd
  bool paused_ = false;
};

/// Runs scripts in the order they came, so many at a time.
class Shells {
 public:
  Shells(Loop& loop, int at_once) : loop_(loop), free_(at_once) {}

  std::shared_ptr<ShellRun> submit(ShellScript script, ShellListener listener);

 private:
  friend class ShellRun;
  void ended();

  Loop& loop_;
  int free_;
  std::deque<std::weak_ptr<ShellRun>> waiting_;
};

}  // namespace muster::simulator
