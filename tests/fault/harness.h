#pragma once

#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/fault/comparison.h"
#include "tests/fault/hosts.h"
#include "tests/fault/run.h"

namespace muster::testing {

/// How much a run said, and how long it took.
struct Length {
  int lines = 0;
  int ms = 0;
};

/// One command that is killed and run again, and the instants at which it is.
class Phase {
 public:
  /// `plan` is the command that has nothing to plan then; empty when no deployment is left.
  Phase(std::string name, std::vector<std::string> arguments, std::vector<std::string> plan)
      : name_(std::move(name)), arguments_(std::move(arguments)), plan_(std::move(plan)) {}

  const std::string& name() const { return name_; }
  const std::vector<std::string>& arguments() const { return arguments_; }
  const std::vector<std::string>& plan_command() const { return plan_; }

  /// Of a calm run's length: every line, and half as many instants between lines, in random order.
  void choose_instants(const Length& calm, std::mt19937& random);
  bool exhausted() const { return instants_.empty(); }
  Instant next(std::mt19937& random);
  /// Soon after some line, or at any time of the run.
  Instant anywhere(std::mt19937& random) const;

 private:
  std::string name_;
  std::vector<std::string> arguments_;
  std::vector<std::string> plan_;
  Length calm_;
  std::vector<Instant> instants_;
};

struct Counts {
  int instants = 0;
  int leaks = 0;
  int lost = 0;
  int failures = 0;  ///< whatever else is wrong
};

/// Runs the commands of one deployment with kills in between, and looks at what came of each.
class Harness {
 public:
  /// `log` gets what the runs say to people.
  Harness(std::string deployment, std::filesystem::path log)
      : deployment_(std::move(deployment)), log_(std::move(log)) {}

  /// The deployment has these hosts, where undos fail at random: what ends so is run again.
  void use(const HostFolders& hosts) { hosts_ = hosts; }

  /// Runs the command to its end, killed before at each of the instants. Returns the length of its
  /// last run.
  Length carry_out(const Phase& phase, const std::vector<Instant>& instants);

  /// After an apply that ended well: nothing is left to do, on record, at the provider, on nodes.
  void expect_planned_state(const Phase& phase);
  /// After a destroy: no record, no node, nothing of a node.
  void expect_nothing();

  const Counts& counts() const { return counts_; }

 private:
  void note_steps(const Run& run, std::set<std::string>& done);
  void note_nodes();
  std::string provider() const { return hosts_ ? "inventory" : "local"; }
  void note(const Comparison& difference);
  void fail(const std::string& why);
  void say(const std::string& why) const;

  std::string deployment_;
  std::filesystem::path log_;
  std::optional<HostFolders> hosts_;
  std::string what_ = "before any kill";
  Counts counts_;
};

}  // namespace muster::testing
