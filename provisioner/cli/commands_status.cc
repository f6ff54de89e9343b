// list, status: what is known of deployments, what is wanted, and what is unsure.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/engine/lease.h"
#include "provisioner/report/table.h"

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

std::vector<std::string> role_names(const NodeRecord& node) {
  std::vector<std::string> names;
  for (const auto& role : node.roles) names.push_back(role.role);
  return names;
}

Json to_json(const NodeRecord& node, const std::optional<Cluster>& wanted) {
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
  if (wanted) json["wanted"] = wanted->find(node.name) != nullptr;
  return json;
}

Json to_json(const DeploymentRecord& record, const std::optional<Cluster>& wanted, Store& store) {
  Json nodes = Json::array();
  for (const auto& node : record.nodes) nodes.push_back(to_json(node, wanted));
  Json json{{"name", record.name},         {"tenant", record.tenant},
            {"revision", record.revision}, {"definition", record.definition_file},
            {"applied", record.applied},   {"busy", held_lease(record.name, store).has_value()}};
  if (record.undo_to) json["undo_to"] = *record.undo_to;
  json["nodes"] = nodes;
  return json;
}

/// "8 of 10": roles that are whole, of those wanted where that is known.
std::string applied_of(const NodeRecord& node, const Node* wanted) {
  auto whole = std::ranges::count_if(node.roles, &RoleRecord::whole);
  auto text = std::to_string(whole);
  return wanted == nullptr ? text : text + " of " + std::to_string(wanted->all_roles.size());
}

/// A row for each node on record, then for each that is wanted and not there.
std::vector<std::vector<std::string>> rows_of(const DeploymentRecord& record,
                                              const std::optional<Cluster>& wanted, bool wide) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& node : record.nodes) {
    const auto* wish = wanted ? wanted->find(node.name) : nullptr;
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
    if (record.find(node.name) != nullptr) continue;
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

std::string undo_line(int undo_to) {
  return "  an atomic apply has not ended: its undoing would " +
         (undo_to == 0 ? std::string("destroy the deployment")
                       : "go back to revision " + std::to_string(undo_to)) +
         "\n";
}

}  // namespace

std::optional<Cluster> App::wanted_cluster(const DeploymentRecord& record) {
  auto parsed = parse_definition(record.definition_file, record.definition_text, {}, rules());
  if (!parsed.plannable) return std::nullopt;
  auto cluster = expand(parsed.definition, roles(), parsed.diagnostics);
  keep_pod_cidrs(cluster, record);
  return cluster;
}

int App::list() {
  auto records = store().deployments();
  if (options_.output == "json") {
    Json all = Json::array();
    for (const auto& record : records) {
      all.push_back(to_json(record, wanted_cluster(record), store()));
    }
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
  auto wanted = wanted_cluster(record);
  if (options_.output == "json") {
    out_ << to_json(record, wanted, store()).dump(2) << "\n";
    return 0;
  }
  bool wide = options_.output == "wide";
  out_ << record.name << " (tenant " << record.tenant << "), revision " << record.revision << ", "
       << state_of(record, store()) << "\n";
  if (record.undo_to) out_ << undo_line(*record.undo_to);
  std::vector<std::string> header{"NODE", "STATE", "ADDRESS", "ROLES", "APPLIED"};
  if (wide) header.insert(header.end(), {"PROVIDER", "POD-CIDR", "HANDLE", "ROLES-APPLIED"});
  out_ << render_table(header, rows_of(record, wanted, wide));
  auto doubts = unsure(record);
  // A run that goes on knows what it is doing.
  if (doubts.empty() || held_lease(record.name, store())) return 0;
  out_ << "unsure, until the next apply or destroy:\n";
  for (const auto& doubt : doubts) out_ << "  " << doubt << "\n";
  return 0;
}

}  // namespace muster
