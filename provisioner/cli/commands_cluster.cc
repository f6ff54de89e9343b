// kubeconfig, ssh, logs, power, unlock: what is done with a deployment.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/ssh_files.h"
#include "provisioner/operations/kubeconfig.h"
#include "provisioner/report/terminal.h"
#include "provisioner/run/bastion_keys.h"
#include "provisioner/run/lease.h"

namespace muster {

namespace {

Error other_lock(const std::string& deployment, const std::string& owner) {
  return Error("the lock " + owner + " on '" + deployment + "' is not there any more",
               ExitCode::usage)
      .hint("see who has it now: muster status " + deployment);
}

/// A deployment, and perhaps one of its nodes.
struct NameOptions {
  std::string name;
  std::string node;
};

int run_kubeconfig(Context& context, const NameOptions& options) {
  auto record = context.deployment(options.name);
  context.out() << admin_kubeconfig(context.store(), context.cluster_of(record), record).reveal();
  return kDone;
}

struct LoginOptions : NameOptions {
  std::vector<std::string> remote;  ///< what follows "--"
};

int run_ssh(Context& context, const LoginOptions& options) {
  auto record = context.deployment(options.name);
  if (record.nodes.empty()) throw Error("'" + record.name + "' has no nodes");
  const auto& node = options.node.empty() ? record.nodes.front() : node_of(record, options.node);
  if (node.state != NodeState::ready) {
    throw Error("node '" + node.name + "' is " + to_string(node.state))
        .hint("finish it first: muster apply " + record.definition_file);
  }
  const auto bastions = bastion_keys(context.store(), record);
  const auto files = write_ssh_files(context.store(), context.common().state, record, bastions);
  auto words = ssh_command(ssh_route(node, files, bastions));
  if (!options.remote.empty()) {
    words.push_back("--");
    words.insert(words.end(), options.remote.begin(), options.remote.end());
  }
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  context.out().flush();
  ::execvp("ssh", argv.data());
  throw Error(std::string("cannot run ssh: ") + std::strerror(errno))
      .hint("install OpenSSH's client (openssh-client)");
}

struct LogsOptions : NameOptions {
  bool all = false;
  bool json = false;
};

/// Whether it did anything on the node, if one is named.
bool show_run(Context& context, const LogsOptions& options, const RunRecord& run) {
  auto& out = context.out();
  TerminalOptions plain;
  plain.verbose = true;
  auto reports = options.json ? make_json_reporter(out) : make_terminal_reporter(out, plain);
  if (!options.json) {
    out << format_time(run.started_ms) << "  " << run.command << "  "
        << (run.result.empty() ? "(did not end)" : run.result) << "\n";
  }
  bool any = false;
  for (const auto& event : context.store().events(run.id)) {
    if (!options.node.empty() && event.node != options.node) continue;
    reports->on(event);
    any = true;
  }
  return any;
}

int run_logs(Context& context, const LogsOptions& options) {
  auto runs = context.store().runs(options.name);
  if (runs.empty()) {
    context.deployment(options.name);  // says what exists
    context.talk() << "muster: nothing has been run on '" << options.name << "' yet\n";
    return kDone;
  }
  if (!options.all) runs.erase(runs.begin(), runs.end() - 1);
  bool any = false;
  for (const auto& run : runs) any = show_run(context, options, run) || any;
  if (!any && !options.node.empty()) {
    context.talk() << "muster: "
                   << (options.all ? "no run did anything" : "the last run did nothing") << " on '"
                   << options.node << "'\n";
  }
  return kDone;
}

struct PowerOptions : NameOptions {
  std::string state;  ///< "on", "off"
};

int run_power(Context& context, const PowerOptions& options) {
  auto record = context.deployment(options.name);
  const auto& node = node_of(record, options.node);
  RunOptions run;
  run.command = context.command_line();
  run.stop = context.stop();
  return with_lock(context.lock_place(), record.name, run, [&](const auto&, const auto&) {
    context.providers().get(node.provider).set_power(node.handle, options.state == "on");
    context.talk() << "muster: " << node.name << " is " << options.state << "\n";
    return kDone;
  });
}

struct UnlockOptions {
  std::string name;
  std::string lock;
  bool yes = false;
};

int run_unlock(Context& context, const UnlockOptions& options) {
  const auto& name = options.name;
  auto& store = context.store();
  auto lease = store.lease(name);
  if (!lease) {
    context.deployment(name);  // a name that is wrong is no success
    context.talk() << "muster: '" << name << "' is not locked\n";
    return kDone;
  }
  const auto owner = options.lock.empty() ? lease->owner : options.lock;
  bool held = is_held(*lease, context.clock().wall_ms());
  context.talk() << "muster: '" << name << "' is held by " << describe(*lease) << " (lock "
                 << lease->owner << ")" << (held ? "" : ", which is gone") << "\n";
  if (lease->owner != owner) throw other_lock(name, owner);
  if (held && !options.yes) {
    context.need_terminal_or_yes(false, "unlocking under a living run can break it");
    if (!context.confirm("take the lock away?")) {
      context.talk() << "muster: '" << name << "' stays locked\n";
      return static_cast<int>(ExitCode::interrupted);
    }
  }
  // The one that was looked at, and no other that has come meanwhile.
  if (!store.break_lease(name, owner)) throw other_lock(name, owner);
  context.talk() << "muster: '" << name << "' is unlocked\n";
  return kDone;
}

}  // namespace

void add_cluster_commands(Table& table) {
  table.group(Group::clusters, 2);
  auto kubeconfig = table.command("kubeconfig", "the administrator's kubeconfig", run_kubeconfig);
  kubeconfig.takes(name_argument(kubeconfig->name))
      .example("kubeconfig cluster01 > cluster01.kubeconfig");

  auto node = [](const std::string& shown, const std::string& help, NameOptions& options) {
    return argument(shown, help, WordKind::text, options.node);
  };
  auto ssh = table.command("ssh", "log in to a node, or run a command there", run_ssh);
  ssh.takes(
         name_argument(ssh->name), node("[NODE]", "the first when absent", *ssh),
         argument("[-- COMMAND...]", "what to run instead of a shell", WordKind::text, ssh->remote))
      .example("ssh cluster01")
      .example("ssh cluster01 cluster01-worker-002 -- uptime");

  auto logs = table.command("logs", "what the last run did, step by step", run_logs);
  logs.takes(name_argument(logs->name), node("[NODE]", "only what was done there", *logs),
             flag("--all", "every run, oldest first", logs->all),
             flag("--json", "as events, one JSON object a line", logs->json))
      .example("logs cluster01");

  auto power = table.command("power", "switch a node on or off; its disk stays", run_power);
  power
      .takes(name_argument(power->name), node("NODE", "one of its nodes", *power),
             choice_argument("STATE", "on or off", {"on", "off"}, power->state))
      .example("power cluster01 cluster01-worker-002 off")
      .is_run();

  auto unlock =
      table.command("unlock", "take away the lock of a run that is gone for good", run_unlock);
  unlock
      .takes(name_argument(unlock->name),
             argument("[LOCK]", "its id: of this lock alone", WordKind::text, unlock->lock),
             yes_option(unlock->yes))
      .example("unlock cluster01");
}

}  // namespace muster
