// tenant create, update, list, show, delete.
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/find_record.h"
#include "provisioner/cli/ssh_files.h"
#include "provisioner/cli/tenant_input.h"
#include "provisioner/engine/tenants.h"
#include "provisioner/report/table.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const TenantRecord& tenant, const TenantUse& use) {
  return {{"id", tenant.id},
          {"name", tenant.name},
          {"description", tenant.description},
          {"quotas", {{"nodes", tenant.max_nodes}, {"deployments", tenant.max_deployments}}},
          {"used", {{"nodes", use.nodes}, {"deployments", use.deployments.size()}}},
          {"deployments", use.deployments},
          {"created_ms", tenant.created_ms}};
}

/// "3 of 4", or "3" without a limit.
std::string of_quota(std::size_t used, int quota) {
  auto text = std::to_string(used);
  return quota == 0 ? text : text + " of " + std::to_string(quota);
}

std::string limit_of(int quota) { return quota == 0 ? "no limit" : std::to_string(quota); }

std::string describe(const TenantRecord& tenant) {
  return "tenant '" + tenant.name + "' (id " + std::to_string(tenant.id) + ")";
}

void take(const TenantInput& input, TenantRecord& tenant) {
  if (input.description) tenant.description = *input.description;
  if (input.max_nodes) tenant.max_nodes = *input.max_nodes;
  if (input.max_deployments) tenant.max_deployments = *input.max_deployments;
}

bool is_same(const TenantRecord& a, const TenantRecord& b) {
  return a.description == b.description && a.max_nodes == b.max_nodes &&
         a.max_deployments == b.max_deployments;
}

}  // namespace

int App::tenant() {
  const auto& command = options_.command;
  if (command == "tenant create") return tenant_create();
  if (command == "tenant update") return tenant_update();
  if (command == "tenant list") return tenant_list();
  const auto tenants = store().tenants();
  const auto& found = need_record(tenants, options_.arguments.front(), "tenant");
  if (command == "tenant delete") return tenant_delete(found);
  print_tenant(found);
  return kDone;
}

int App::tenant_create() {
  auto input = parse_tenant(read_json_argument(options_.arguments.front()), true);
  if (!report(input.diagnostics)) return kUsage;
  TenantRecord wanted;
  wanted.name = input.name;
  take(input, wanted);
  bool known = false;
  TenantRecord made;
  store().together([&] {
    const auto tenants = store().tenants();
    known = std::ranges::any_of(tenants, [&](const auto& one) { return one.name == wanted.name; });
    made = store().create_tenant(wanted);
  });
  if (!is_same(made, wanted)) {
    throw Error("there is a tenant '" + made.name + "' already, and it says something else",
                ExitCode::usage)
        .hint("see it: muster tenant show " + made.name + "; change it: muster tenant update " +
              made.name + " JSON");
  }
  if (options_.output == "json") {
    print_tenant(made);
  } else {
    talk_ << "muster: " << describe(made) << (known ? " is there already" : " is made") << "\n";
  }
  return kDone;
}

int App::tenant_update() {
  auto input = parse_tenant(read_json_argument(options_.arguments.at(1)), false);
  if (!report(input.diagnostics)) return kUsage;
  TenantRecord tenant;
  store().together([&] {
    const auto tenants = store().tenants();
    tenant = need_record(tenants, options_.arguments.front(), "tenant");
    if (!input.name.empty() && input.name != tenant.name) {
      throw Error("tenant '" + tenant.name + "' cannot become '" + input.name + "'",
                  ExitCode::usage)
          .hint("leave \"name\" out, and make another tenant: muster tenant create JSON");
    }
    take(input, tenant);
    store().update_tenant(tenant);
  });
  if (options_.output == "json") {
    print_tenant(tenant);
  } else {
    talk_ << "muster: " << describe(tenant) << " may have: nodes " << limit_of(tenant.max_nodes)
          << ", deployments " << limit_of(tenant.max_deployments) << "\n";
  }
  return kDone;
}

int App::tenant_list() {
  const auto deployments = store().deployments();
  const auto known = rules();
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& tenant : store().tenants()) {
    auto use = use_of_tenant(deployments, known, tenant.name);
    all.push_back(to_json(tenant, use));
    rows.push_back({std::to_string(tenant.id), tenant.name,
                    of_quota(use.deployments.size(), tenant.max_deployments),
                    of_quota(use.nodes, tenant.max_nodes), first_line(tenant.description)});
  }
  if (options_.output == "json") {
    out_ << all.dump(2) << "\n";
  } else {
    out_ << render_table({"ID", "NAME", "DEPLOYMENTS", "NODES", "DESCRIPTION"}, rows);
  }
  return kDone;
}

void App::print_tenant(const TenantRecord& tenant) {
  auto use = use_of_tenant(store().deployments(), rules(), tenant.name);
  if (options_.output == "json") {
    out_ << to_json(tenant, use).dump(2) << "\n";
    return;
  }
  out_ << describe(tenant) << "\n";
  if (!tenant.description.empty()) out_ << "  " << tenant.description << "\n";
  out_ << "  deployments: " << of_quota(use.deployments.size(), tenant.max_deployments)
       << (use.deployments.empty() ? "" : " (" + join(use.deployments, ", ") + ")")
       << "\n  nodes:       " << of_quota(use.nodes, tenant.max_nodes) << "\n";
}

int App::tenant_delete(const TenantRecord& tenant) {
  if (tenant.name == kDefaultTenant) {
    throw Error("the tenant 'default' is built in and stays", ExitCode::usage)
        .hint("it is of deployments whose definition names no tenant");
  }
  store().together([&] {
    // Another process may have begun one since we looked.
    auto use = use_of_tenant(store().deployments(), rules(), tenant.name);
    if (!use.deployments.empty()) {
      throw Error("tenant '" + tenant.name + "' is in use by: " + join(use.deployments, ", "),
                  ExitCode::usage)
          .hint("destroy them first: muster destroy " + join(use.deployments, " "));
    }
    forget_ssh_key(options_.state, tenant.name);  // before the record, which leads to it
    store().forget_tenant(tenant.name);
  });
  talk_ << "muster: " << describe(tenant) << " is deleted\n";
  return kDone;
}

}  // namespace muster
