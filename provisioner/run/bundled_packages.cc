// The part of the runner that gives nodes the packages of a bundle.
#include <algorithm>

#include "provisioner/base/error.h"
#include "provisioner/run/step_runner.h"
#include "provisioner/tasks/compile.h"
#include "provisioner/tasks/task_needs.h"

namespace muster {

/// Whether the step's role would install a package: its own tasks of that kind say so, as a check.
bool DeploymentRunner::lacks_packages(NodeLink& link, const Step& step, const Role& role,
                                      const Facts& facts) {
  Role installs = role;
  std::erase_if(installs.tasks, [](const Task& task) { return !needs_of(task).installs_packages; });
  if (installs.tasks.empty()) return false;
  const auto nonce = random_hex(16);
  const auto script = compile_for(step, installs, facts, nonce, Mode::check, "");
  bool lacks = false;
  // Whatever fails here fails again where it is told.
  link.run(script, nonce, deadline_of(role),
           [&](const TaskReply& reply) { lacks = lacks || reply.outcome == "changed"; });
  return lacks;
}

/// The sum of the packages that the role is to install from, which the node then has in its store.
/// Empty: it installs none, or has its own sources. Throws Error when the bundle has none for it.
std::string DeploymentRunner::bundled_packages(NodeLink& link, const Step& step, const Role& role,
                                               const Facts& facts, const Note& note) {
  if (mode_ != Mode::apply || step.verb == Verb::undo_role || !world_.artifacts->has_packages() ||
      !lacks_packages(link, step, role, facts)) {
    return "";
  }
  const auto os = fact(facts, "os");
  const auto version = fact(facts, "os_version");
  const auto packages = world_.artifacts->packages_for(os, version, architecture(facts));
  if (!packages) {
    throw Error("the bundle has no packages for '" + step.node + "', which runs " + os + " " +
                version + " (" + architecture(facts) + ") and lacks some that role '" + role.name +
                "' installs; it has those for " + world_.artifacts->packaged_releases())
        .hint("install them on the node first; what is installed is not fetched");
  }
  link.provide(*packages, note);
  return packages->sha256;
}

}  // namespace muster
