// kubeconfig, ssh, logs, power, unlock: what is done with a deployment.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/ssh_files.h"
#include "provisioner/engine/bastion_keys.h"
#include "provisioner/engine/kubeconfig.h"
#include "provisioner/engine/lease.h"
#include "provisioner/report/terminal.h"

namespace muster {

namespace {

Error other_lock(const std::string& deployment, const std::string& owner) {
  return Error("the lock " + owner + " on '" + deployment + "' is not there any more",
               ExitCode::usage)
      .hint("see who has it now: muster status " + deployment);
}

}  // namespace

int App::kubeconfig() {
  auto record = deployment(options_.arguments.front());
  out_ << admin_kubeconfig(store(), cluster_of(record), record).reveal();
  return 0;
}

int App::ssh() {
  auto record = deployment(options_.arguments.front());
  if (record.nodes.empty()) throw Error("'" + record.name + "' has no nodes");
  const auto& node =
      options_.arguments.size() > 1 ? node_of(record, options_.arguments[1]) : record.nodes.front();
  if (node.state != NodeState::ready) {
    throw Error("node '" + node.name + "' is " + to_string(node.state))
        .hint("finish it first: muster apply " + record.definition_file);
  }
  const auto bastions = bastion_keys(store(), record);
  auto words = ssh_command(
      ssh_route(node, write_ssh_files(store(), options_.state, record, bastions), bastions));
  if (!options_.remote.empty()) {
    words.push_back("--");
    words.insert(words.end(), options_.remote.begin(), options_.remote.end());
  }
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  out_.flush();
  ::execvp("ssh", argv.data());
  throw Error(std::string("cannot run ssh: ") + std::strerror(errno))
      .hint("install OpenSSH's client (openssh-client)");
}

int App::logs() {
  const auto& name = options_.arguments.front();
  auto runs = store().runs(name);
  if (runs.empty()) {
    deployment(name);  // says what exists
    talk_ << "muster: nothing has been run on '" << name << "' yet\n";
    return 0;
  }
  if (!options_.all) runs.erase(runs.begin(), runs.end() - 1);
  const auto* node = options_.arguments.size() > 1 ? &options_.arguments[1] : nullptr;
  bool any = false;
  for (const auto& run : runs) any = show_run(run, node) || any;
  if (!any && node != nullptr) {
    talk_ << "muster: " << (options_.all ? "no run did anything" : "the last run did nothing")
          << " on '" << *node << "'\n";
  }
  return 0;
}

bool App::show_run(const RunRecord& run, const std::string* node) {
  TerminalOptions plain;
  plain.verbose = true;
  auto reports = options_.json ? make_json_reporter(out_) : make_terminal_reporter(out_, plain);
  if (!options_.json) {
    out_ << format_time(run.started_ms) << "  " << run.command << "  "
         << (run.result.empty() ? "(did not end)" : run.result) << "\n";
  }
  bool any = false;
  for (const auto& event : store().events(run.id)) {
    if (node != nullptr && event.node != *node) continue;
    reports->on(event);
    any = true;
  }
  return any;
}

int App::power() {
  auto record = deployment(options_.arguments[0]);
  const auto& node = node_of(record, options_.arguments[1]);
  const auto& wanted = options_.arguments[2];  // on or off
  RunOptions options;
  options.command = options_.command_line;
  options.stop = stop_;
  return with_lock(lock_place(), record.name, options, [&](const auto&, const auto&) {
    providers().get(node.provider).set_power(node.handle, wanted == "on");
    talk_ << "muster: " << node.name << " is " << wanted << "\n";
    return 0;
  });
}

int App::unlock() {
  const auto& name = options_.arguments.front();
  auto lease = store().lease(name);
  if (!lease) {
    deployment(name);  // a name that is wrong is no success
    talk_ << "muster: '" << name << "' is not locked\n";
    return 0;
  }
  const auto owner = options_.arguments.size() > 1 ? options_.arguments[1] : lease->owner;
  bool held = is_held(*lease, clock_.wall_ms());
  talk_ << "muster: '" << name << "' is held by " << describe(*lease) << " (lock " << lease->owner
        << ")" << (held ? "" : ", which is gone") << "\n";
  if (lease->owner != owner) throw other_lock(name, owner);
  if (held && !options_.yes) {
    if (::isatty(STDIN_FILENO) == 0) {
      throw Error("unlocking under a living run can break it", ExitCode::usage)
          .hint("without a terminal to ask on, say --yes");
    }
    if (!confirm("take the lock away?")) {
      talk_ << "muster: '" << name << "' stays locked\n";
      return static_cast<int>(ExitCode::interrupted);
    }
  }
  // The one that was looked at, and no other that has come meanwhile.
  if (!store().break_lease(name, owner)) throw other_lock(name, owner);
  talk_ << "muster: '" << name << "' is unlocked\n";
  return 0;
}

}  // namespace muster
