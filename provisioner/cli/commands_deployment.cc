// list, status, kubeconfig, ssh, logs, power, unlock: the commands that take a deployment.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/engine/kubeconfig.h"
#include "provisioner/engine/lease.h"
#include "provisioner/report/table.h"
#include "provisioner/report/terminal.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;

/// The lease of a run that goes on.
std::optional<Lease> held_lease(const std::string& name, Store& store) {
  auto lease = store.lease(name);
  return lease && is_held(*lease, RealClock().wall_ms()) ? lease : std::nullopt;
}

std::string state_of(const DeploymentRecord& record, Store& store) {
  if (auto lease = held_lease(record.name, store)) return "busy (" + describe(*lease) + ")";
  return record.applied ? "applied" : "incomplete";
}

std::string to_string(NodeState state) {
  switch (state) {
    case NodeState::creating:
      return "creating";
    case NodeState::ready:
      return "ready";
    case NodeState::destroying:
      return "destroying";
    case NodeState::lost:
      return "lost";
    case NodeState::off:
      return "off";
  }
  bug("a node state without a name");
}

std::vector<std::string> role_names(const NodeRecord& node) {
  std::vector<std::string> names;
  for (const auto& role : node.roles) names.push_back(role.role);
  return names;
}

Json to_json(const DeploymentRecord& record, Store& store) {
  Json nodes = Json::array();
  for (const auto& node : record.nodes) {
    nodes.push_back({{"name", node.name},
                     {"provider", node.provider},
                     {"state", to_string(node.state)},
                     {"address", node.endpoint.address},
                     {"pod_cidr", node.pod_cidr},
                     {"handle", node.handle},
                     {"wanted_roles", node.wanted_roles},
                     {"applied_roles", role_names(node)}});
  }
  return {{"name", record.name},
          {"tenant", record.tenant},
          {"revision", record.revision},
          {"definition", record.definition_file},
          {"applied", record.applied},
          {"busy", held_lease(record.name, store).has_value()},
          {"nodes", nodes}};
}

}  // namespace

int App::list() {
  auto records = store().deployments();
  if (options_.output == "json") {
    Json all = Json::array();
    for (const auto& record : records) all.push_back(to_json(record, store()));
    out_ << all.dump(2) << "\n";
    return 0;
  }
  if (records.empty()) {
    talk_ << "muster: no deployments; make one: muster apply FILE\n";
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& record : records) {
    rows.push_back({record.name, record.tenant, std::to_string(record.revision),
                    std::to_string(record.nodes.size()), state_of(record, store())});
  }
  out_ << render_table({"NAME", "TENANT", "REVISION", "NODES", "STATE"}, rows);
  return 0;
}

int App::status() {
  if (options_.arguments.empty()) return list();
  auto record = deployment(options_.arguments.front());
  if (options_.output == "json") {
    out_ << to_json(record, store()).dump(2) << "\n";
    return 0;
  }
  bool wide = options_.output == "wide";
  out_ << record.name << " (tenant " << record.tenant << "), revision " << record.revision << ", "
       << state_of(record, store()) << "\n";
  std::vector<std::string> header{"NODE", "STATE", "ADDRESS", "ROLES"};
  if (wide) header.insert(header.end(), {"PROVIDER", "POD-CIDR", "HANDLE", "APPLIED"});
  std::vector<std::vector<std::string>> rows;
  for (const auto& node : record.nodes) {
    std::vector<std::string> row{node.name, to_string(node.state), node.endpoint.address,
                                 join(node.wanted_roles, ",")};
    if (wide) {
      row.insert(row.end(),
                 {node.provider, node.pod_cidr, node.handle, join(role_names(node), ",")});
    }
    rows.push_back(row);
  }
  out_ << render_table(header, rows);
  return 0;
}

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
  // OpenSSH wants files; they hold what the state holds already, under the same protection.
  auto folder = options_.state / "ssh";
  make_directory(folder, 0700);
  auto key_file = folder / (record.tenant + ".key");
  auto hosts_file = folder / (record.name + ".known_hosts");
  write_file(key_file, tenant_key(store(), record.tenant).private_key.reveal(), 0600);
  std::string hosts;
  for (const auto& other : record.nodes) {
    if (!other.endpoint.host_key.empty())
      hosts += other.name + " " + other.endpoint.host_key + "\n";
  }
  write_file(hosts_file, hosts, 0600);

  std::vector<std::string> words{"ssh",
                                 "-i",
                                 key_file.string(),
                                 "-p",
                                 std::to_string(node.endpoint.port),
                                 "-o",
                                 "IdentitiesOnly=yes",
                                 "-o",
                                 "UserKnownHostsFile=" + hosts_file.string(),
                                 "-o",
                                 "HostKeyAlias=" + node.name,
                                 "-o",
                                 "StrictHostKeyChecking=yes",
                                 "-o",
                                 "LogLevel=ERROR",
                                 "-l",
                                 node.endpoint.user,
                                 node.endpoint.address};
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
  const auto& run = *std::max_element(runs.begin(), runs.end(),
                                      [](const auto& a, const auto& b) { return a.id < b.id; });
  TerminalOptions plain;
  plain.verbose = true;
  auto reports = options_.json ? make_json_reporter(out_) : make_terminal_reporter(out_, plain);
  if (!options_.json) {
    out_ << format_time(run.started_ms) << "  " << run.command << "  "
         << (run.result.empty() ? "(did not end)" : run.result) << "\n";
  }
  const auto* node = options_.arguments.size() > 1 ? &options_.arguments[1] : nullptr;
  bool any = false;
  for (const auto& event : store().events(run.id)) {
    if (node != nullptr && event.node != *node) continue;
    reports->on(event);
    any = true;
  }
  if (!any && node != nullptr) {
    talk_ << "muster: the last run did nothing on '" << *node << "'\n";
  }
  return 0;
}

int App::power() {
  auto record = deployment(options_.arguments[0]);
  const auto& node = node_of(record, options_.arguments[1]);
  const auto& wanted = options_.arguments[2];  // on or off
  HeldLease lease(store(), record.name, options_.command_line);
  providers().get(node.provider).set_power(node.handle, wanted == "on");
  talk_ << "muster: " << node.name << " is " << wanted << "\n";
  return 0;
}

int App::unlock() {
  const auto& name = options_.arguments.front();
  auto lease = store().lease(name);
  if (!lease) {
    deployment(name);  // a name that is wrong is no success
    talk_ << "muster: '" << name << "' is not locked\n";
    return 0;
  }
  bool held = is_held(*lease, clock_.wall_ms());
  talk_ << "muster: '" << name << "' is held by " << describe(*lease)
        << (held ? "" : ", which is gone") << "\n";
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
  store().release_lease(name);
  talk_ << "muster: '" << name << "' is unlocked\n";
  return 0;
}

}  // namespace muster
