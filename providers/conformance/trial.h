#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "providers/conformance/suite.h"

namespace muster {

// What ends a case other than passing it.
struct CaseFailed {
  std::string why;
};
struct CaseSkipped {
  std::string why;
};

/// What came of one of several creates that were made at once.
struct Attempt {
  NodeSpec spec;
  ProvidedNode node;
  std::string error;  ///< empty: it answered
};

/// What the cases have in common: nodes to ask for, and knowing of every node that was made, so
/// that all of them go at the end of a case. What is not as it must be is thrown as CaseFailed.
class ProviderTrial {
 public:
  explicit ProviderTrial(const ConformanceInput& input);

  const ConformanceInput& input() const { return input_; }
  Provider& provider() const { return *input_.provider; }
  std::string other_tag() const { return input_.tag + ".2"; }

  /// A node that nobody has asked for yet.
  NodeSpec spec();
  /// The hints, and one that no provider can have.
  std::string unknown_hints() const;

  /// A node that is whole and the one asked for: asked for again until then, as a run does.
  ProvidedNode create(const NodeSpec& spec);
  /// All at the same time. What is thrown but Error fails the case.
  std::vector<Attempt> create_at_once(const std::vector<NodeSpec>& specs);
  void destroy_at_once(const std::vector<Attempt>& nodes);

  /// Of what is listed with the tag, what is not damaged.
  std::vector<ProvidedNode> listed(const std::string& tag);
  /// The list of the tag must be these, each once and whole, and nothing else.
  void must_list(const std::string& tag, const std::vector<ProvidedNode>& expected);

  /// Every node that could be had at the beginning must be there to be had: what was made and is on
  /// no list would show as one that is missing. Nothing without a quota.
  void must_have_all();

  /// Destroys all nodes of the suite; returns how many were listed. Throws Error where one of
  /// these cannot be destroyed, when the others are.
  std::size_t clear();

 private:
  ProvidedNode make(const NodeSpec& spec);
  void check(const ProvidedNode& node, const NodeSpec& spec);
  void remember(const ProvidedNode& node);
  /// And those that creates answered.
  void destroy_all(const std::set<std::string>& listed);

  const ConformanceInput& input_;
  std::string run_;
  int count_ = 0;
  std::mutex mutex_;            ///< guards made_
  std::set<std::string> made_;  ///< handles that creates answered since the last clear
};

/// One case; returns what it saw, for people.
using CaseBody = std::string (*)(ProviderTrial&);

// cases_one.cc
std::string case_hints(ProviderTrial& trial);
std::string case_create(ProviderTrial& trial);
std::string case_reach(ProviderTrial& trial);
std::string case_idempotent(ProviderTrial& trial);
std::string case_list(ProviderTrial& trial);
std::string case_destroy(ProviderTrial& trial);
std::string case_presence(ProviderTrial& trial);
// cases_faults.cc
std::string case_partial_failure(ProviderTrial& trial);
std::string case_garbage(ProviderTrial& trial);
// cases_cut.cc
std::string case_slow(ProviderTrial& trial);
std::string case_death(ProviderTrial& trial);
// cases_many.cc
std::string case_quota(ProviderTrial& trial);
std::string case_parallel(ProviderTrial& trial);
std::string case_nothing_left(ProviderTrial& trial);

}  // namespace muster
