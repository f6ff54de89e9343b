// list, status: what is known of deployments, what is wanted, and what is unsure.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "inventory/index.h"
#include "provisioner/base/duration.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/certificates.h"
#include "provisioner/cli/deployments.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/release_text.h"
#include "provisioner/operations/expiry.h"
#include "provisioner/report/table.h"
#include "provisioner/run/lease.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;

std::string state_of(const DeploymentRecord& record, Store& store) {
  if (auto lease = held_lease(store, record.name, RealClock().wall_ms()))
    return "busy (" + describe(*lease) + ")";
  return record.applied ? "applied" : "incomplete";
}

std::vector<std::string> role_names(const NodeRecord& node) {
  std::vector<std::string> names;
  for (const auto& role : node.roles) names.push_back(role.role);
  return names;
}

Json to_json(const NodeRecord& node, const std::optional<NodeIndex>& wanted) {
  Json roles = Json::array();
  for (const auto& role : node.roles)
    roles.push_back({{"role", role.role}, {"whole", role.whole()}});
  Json json{{"name", node.name},
            {"provider", node.provider},
            {"state", to_string(node.state)},
            {"address", node.endpoint.address},
            {"pod_cidr", node.pod_cidr},
            {"handle", node.handle},
            {"wanted_roles", node.wanted_roles},
            {"applied_roles", role_names(node)},
            {"roles", roles}};
  if (wanted) json["wanted"] = find_in(*wanted, node.name) != nullptr;
  return json;
}

Json to_json(const DeploymentRecord& record, const std::optional<Cluster>& wanted, Store& store) {
  Json nodes = Json::array();
  std::optional<NodeIndex> wishes;
  if (wanted) wishes = index_of(*wanted);
  for (const auto& node : record.nodes) nodes.push_back(to_json(node, wishes));
  Json json{{"id", record.id},
            {"name", record.name},
            {"tenant", record.tenant},
            {"revision", record.revision},
            {"definition", record.definition_file},
            {"applied", record.applied},
            {"busy", held_lease(store, record.name, RealClock().wall_ms()).has_value()}};
  if (record.undo_to) json["undo_to"] = *record.undo_to;
  if (record.expires_ms != 0) json["expires"] = format_time(record.expires_ms);
  json["nodes"] = nodes;
  return json;
}

/// "8 of 10": roles that are whole, of those wanted where that is known. What the node has besides
/// is going to leave it and does not make up for what is missing.
std::string applied_of(const NodeRecord& node, const Node* wanted) {
  auto whole = std::ranges::count_if(node.roles, [&](const RoleRecord& role) {
    return role.whole() && (wanted == nullptr || wanted->has_role(role.role));
  });
  auto text = std::to_string(whole);
  return wanted == nullptr ? text : text + " of " + std::to_string(wanted->all_roles.size());
}

/// A row for each node on record, then for each that is wanted and not there.
std::vector<std::vector<std::string>> rows_of(const DeploymentRecord& record,
                                              const std::optional<Cluster>& wanted, bool wide) {
  std::vector<std::vector<std::string>> rows;
  const auto wishes = wanted ? index_of(*wanted) : NodeIndex{};
  const auto recorded = index_of(record);
  for (const auto& node : record.nodes) {
    const auto* wish = find_in(wishes, node.name);
    auto state = to_string(node.state) + (wanted && wish == nullptr ? ", leaving" : "");
    rows.push_back({node.name, state, node.endpoint.address, join(node.wanted_roles, ","),
                    applied_of(node, wish)});
    if (wide) {
      rows.back().insert(rows.back().end(),
                         {node.provider, node.pod_cidr, node.handle, join(role_names(node), ",")});
    }
  }
  if (!wanted) return rows;
  for (const auto& node : wanted->nodes) {
    if (find_in(recorded, node.name) != nullptr) continue;
    rows.push_back({node.name, "missing", "", join(node.roles, ","), applied_of({}, &node)});
    if (wide) rows.back().insert(rows.back().end(), {node.provider, node.pod_cidr, "", ""});
  }
  return rows;
}

/// What nobody can be sure of until the next run, a line each.
std::vector<std::string> unsure(const DeploymentRecord& record) {
  std::vector<std::string> lines;
  for (const auto& node : record.nodes) {
    if (node.state == NodeState::creating) {
      lines.push_back(node.name + " may exist or not: its creation was not finished");
    } else if (node.state == NodeState::destroying) {
      lines.push_back(node.name + " may exist or not: its removal was not finished");
    }
    for (const auto& role : node.roles) {
      if (!role.whole()) lines.push_back(role.role + " on " + node.name + " is not finished");
    }
  }
  return lines;
}

/// "in 1h59m", "expired 5m ago"; without `now_ms` the time itself.
std::string expiry_cell(const DeploymentRecord& record, std::optional<std::int64_t> now_ms) {
  if (record.expires_ms == 0) return "";
  if (!now_ms) return format_time(record.expires_ms);
  auto when = format_when(record.expires_ms, *now_ms);
  return has_expired(record, *now_ms) ? "expired " + when : when;
}

std::string expiry_clause(const DeploymentRecord& record, std::optional<std::int64_t> now_ms) {
  auto cell = expiry_cell(record, now_ms);
  if (cell.empty()) return "";
  return (cell.starts_with("expired") ? ", " : ", expires ") + cell;
}

std::string undo_line(int undo_to) {
  return "  an atomic apply has not ended: its undoing would " +
         (undo_to == 0 ? std::string("destroy the deployment")
                       : "go back to revision " + std::to_string(undo_to)) +
         "\n";
}

}  // namespace

std::string list_text(Context& context, const View& view, std::optional<std::int64_t> now_ms) {
  auto records = context.store().deployments();
  bool any = std::ranges::any_of(records, [](const auto& one) { return one.expires_ms != 0; });
  std::vector<std::string> header{"NAME", "TENANT", "REVISION", "NODES", "STATE"};
  if (any) header.insert(header.end() - 1, "EXPIRES");
  if (view.ids) header.insert(header.begin(), "ID");
  std::vector<std::vector<std::string>> rows;
  for (const auto& record : records) {
    rows.push_back({record.name, record.tenant, std::to_string(record.revision),
                    std::to_string(record.nodes.size()), state_of(record, context.store())});
    if (any) rows.back().insert(rows.back().end() - 1, expiry_cell(record, now_ms));
    if (view.ids) rows.back().insert(rows.back().begin(), std::to_string(record.id));
  }
  return render_table(header, rows);
}

int show_deployments(Context& context, const View& view) {
  auto records = context.store().deployments();
  if (view.output == "json") {
    Json all = Json::array();
    for (const auto& record : records) {
      all.push_back(to_json(record, context.wanted_cluster(record), context.store()));
    }
    context.out() << all.dump(2) << "\n";
  } else if (records.empty()) {
    context.talk() << "muster: no deployments; make one: muster apply FILE\n";
  } else {
    context.out() << list_text(context, view, context.clock().wall_ms());
  }
  return kDone;
}

int show_deployment(Context& context, const std::string& name, const View& view) {
  auto record = context.deployment(name);
  const auto now = context.clock().wall_ms();
  if (view.output != "json") {
    context.out() << status_text(context, record, view, now);
    return kDone;
  }
  auto wanted = context.wanted_cluster(record);
  auto json = to_json(record, wanted, context.store());
  if (wanted && wanted->kubernetes) {
    json["kubernetes"] = release_json(wanted->settings.version, context.today());
  }
  auto certificates = known_certificates(context.store(), context.roles(), record);
  json["certificates"] = certificates_json(certificates, record.certificates, now);
  context.out() << json.dump(2) << "\n";
  return kDone;
}

std::string status_text(Context& context, const DeploymentRecord& record, const View& view,
                        std::optional<std::int64_t> now_ms) {
  auto& store = context.store();
  auto wanted = context.wanted_cluster(record);
  bool wide = view.output == "wide";
  auto text = record.name + " (tenant " + record.tenant + "), revision " +
              std::to_string(record.revision) + ", " + state_of(record, store) +
              expiry_clause(record, now_ms) + "\n";
  if (wanted && wanted->kubernetes) text += release_line(wanted->settings.version, context.today());
  if (record.undo_to) text += undo_line(*record.undo_to);
  std::vector<std::string> header{"NODE", "STATE", "ADDRESS", "ROLES", "APPLIED"};
  if (wide) header.insert(header.end(), {"PROVIDER", "POD-CIDR", "HANDLE", "ROLES-APPLIED"});
  text += render_table(header, rows_of(record, wanted, wide)) + certificate_lines(context, record);
  auto doubts = unsure(record);
  // A run that goes on knows what it is doing.
  if (doubts.empty() || held_lease(store, record.name, RealClock().wall_ms())) return text;
  text += "unsure, until the next apply or destroy:\n";
  for (const auto& doubt : doubts) text += "  " + doubt + "\n";
  return text;
}

namespace {

struct StatusOptions {
  std::string name;
  View view;
  bool watch = false;
  std::int64_t interval_ms = 2000;
};

std::string check_status(const StatusOptions& options) {
  return options.watch && options.view.output == "json"
             ? "'--watch' is for people: leave '-o json' out"
             : "";
}

int run_status(Context& context, const StatusOptions& options) {
  if (options.watch) {
    return watch_deployments(context, options.name, options.view, options.interval_ms);
  }
  return options.name.empty() ? show_deployments(context, options.view)
                              : show_deployment(context, options.name, options.view);
}

}  // namespace

void add_status_commands(Table& table) {
  table.group(Group::clusters);
  auto list = table.command("list", "all deployments", show_deployments);
  list.takes(output_option({"json"}, list->output));

  auto status = table.command("status", "nodes and roles of a deployment", run_status);
  auto& options = *status;
  status
      .takes(
          argument("[NAME]", "a deployment; all when absent", WordKind::deployment, options.name),
          output_option({"wide", "json"}, options.view.output),
          flag("--watch", "again whenever it changes, until Ctrl-C", options.watch),
          option("--interval TIME", "how often to look: 2s (that when absent), 1m, ...",
                 [&options](const std::string& value) -> std::string {
                   auto interval = parse_duration(value);
                   if (interval) options.interval_ms = *interval;
                   return interval ? "" : "must be a time such as 2s or 1m, not '" + value + "'";
                 }))
      .example("status cluster01 -o wide")
      .check(check_status)
      .is_run([&options] { return options.watch; });
}

}  // namespace muster
