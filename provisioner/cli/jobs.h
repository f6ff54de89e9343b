#pragma once

#include <iosfwd>
#include <set>
#include <string>
#include <vector>

#include "provisioner/cli/context.h"

namespace muster {

/// A cluster that a command changes.
struct Job {
  std::string name;
  const DefinitionResult* input = nullptr;  ///< without errors; none: it is destroyed
  std::string again;                        ///< what to type to do the same once more
  Reorder reorder = {};                     ///< of its certificates
  std::string plan_file = {};               ///< to be done exactly
  bool can_commit = false;                  ///< `again` takes --set
};

/// All at the same time, asked for once; says what came of each. The exit code of the worst.
int run_jobs(Context& context, const RunArguments& run, const std::vector<Job>& jobs);

/// The same of the deployments that there are; says which of them there are not.
int destroy_named(Context& context, const RunArguments& run, const std::vector<std::string>& names);

/// "deployment/node" of each node of these deployments that the user gives up.
std::set<std::string> forgotten_nodes(Context& context, const RunArguments& run,
                                      const std::vector<std::string>& deployments);

/// Of all deployments, what the state does not keep for ever.
void forget_old_runs(Context& context);

/// "muster apply FILE ..." with what was typed besides.
std::string again(const std::string& command, const std::string& file, const Overrides& overrides,
                  const std::string& bundle = "");

// What hosts are fit for: commands_check.cc.
std::vector<HostFindings> check_new_hosts(Context& context, const Planned& planned);
void show_findings(const Context& context, const std::vector<HostFindings>& hosts,
                   std::ostream& stream);
/// As events.
void tell_findings(Context& context, Reporter& reporter, const std::vector<HostFindings>& hosts);

}  // namespace muster
