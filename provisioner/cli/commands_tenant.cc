// tenant create, update, list, show, delete.
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/find_record.h"
#include "provisioner/cli/ssh_files.h"
#include "provisioner/cli/tenant_input.h"
#include "provisioner/operations/tenants.h"
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

struct TenantOptions {
  std::string name;  ///< or its id
  std::string json;
  std::string output;
};

void print_tenant(Context& context, const TenantRecord& tenant, const std::string& output) {
  auto use = use_of_tenant(context.store(), context.rules(), tenant.name);
  if (output == "json") {
    context.out() << to_json(tenant, use).dump(2) << "\n";
    return;
  }
  context.out() << describe(tenant) << "\n";
  if (!tenant.description.empty()) context.out() << "  " << tenant.description << "\n";
  context.out() << "  deployments: " << of_quota(use.deployments.size(), tenant.max_deployments)
                << (use.deployments.empty() ? "" : " (" + join(use.deployments, ", ") + ")")
                << "\n  nodes:       " << of_quota(use.nodes, tenant.max_nodes) << "\n";
}

int run_tenant_create(Context& context, const TenantOptions& options) {
  auto input = parse_tenant(read_json_argument(options.json), true);
  if (!context.report(input.diagnostics)) return kUsage;
  TenantRecord wanted;
  wanted.name = input.name;
  take(input, wanted);
  bool known = false;
  TenantRecord made;
  context.store().together([&] {
    const auto tenants = context.store().tenants();
    known = std::ranges::any_of(tenants, [&](const auto& one) { return one.name == wanted.name; });
    made = context.store().create_tenant(wanted);
  });
  if (!is_same(made, wanted)) {
    throw Error("there is a tenant '" + made.name + "' already, and it says something else",
                ExitCode::usage)
        .hint("see it: muster tenant show " + made.name + "; change it: muster tenant update " +
              made.name + " JSON");
  }
  if (options.output == "json") {
    print_tenant(context, made, options.output);
  } else {
    context.talk() << "muster: " << describe(made) << (known ? " is there already" : " is made")
                   << "\n";
  }
  return kDone;
}

int run_tenant_update(Context& context, const TenantOptions& options) {
  auto input = parse_tenant(read_json_argument(options.json), false);
  if (!context.report(input.diagnostics)) return kUsage;
  TenantRecord tenant;
  context.store().together([&] {
    const auto tenants = context.store().tenants();
    tenant = need_record(tenants, options.name, "tenant");
    if (!input.name.empty() && input.name != tenant.name) {
      throw Error("tenant '" + tenant.name + "' cannot become '" + input.name + "'",
                  ExitCode::usage)
          .hint("leave \"name\" out, and make another tenant: muster tenant create JSON");
    }
    take(input, tenant);
    context.store().update_tenant(tenant);
  });
  if (options.output == "json") {
    print_tenant(context, tenant, options.output);
  } else {
    context.talk() << "muster: " << describe(tenant) << " may have: nodes "
                   << limit_of(tenant.max_nodes) << ", deployments "
                   << limit_of(tenant.max_deployments) << "\n";
  }
  return kDone;
}

int run_tenant_list(Context& context, const TenantOptions& options) {
  const auto known = context.rules();
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& tenant : context.store().tenants()) {
    auto use = use_of_tenant(context.store(), known, tenant.name);
    all.push_back(to_json(tenant, use));
    rows.push_back({std::to_string(tenant.id), tenant.name,
                    of_quota(use.deployments.size(), tenant.max_deployments),
                    of_quota(use.nodes, tenant.max_nodes), first_line(tenant.description)});
  }
  if (options.output == "json") {
    context.out() << all.dump(2) << "\n";
  } else {
    context.out() << render_table({"ID", "NAME", "DEPLOYMENTS", "NODES", "DESCRIPTION"}, rows);
  }
  return kDone;
}

int run_tenant_show(Context& context, const TenantOptions& options) {
  const auto tenants = context.store().tenants();
  print_tenant(context, need_record(tenants, options.name, "tenant"), options.output);
  return kDone;
}

int run_tenant_delete(Context& context, const TenantOptions& options) {
  const auto tenants = context.store().tenants();
  const auto& tenant = need_record(tenants, options.name, "tenant");
  if (tenant.name == kDefaultTenant) {
    throw Error("the tenant 'default' is built in and stays", ExitCode::usage)
        .hint("it is of deployments whose definition names no tenant");
  }
  context.store().together([&] {
    // Another process may have begun one since we looked.
    auto use = use_of_tenant(context.store(), context.rules(), tenant.name);
    if (!use.deployments.empty()) {
      throw Error("tenant '" + tenant.name + "' is in use by: " + join(use.deployments, ", "),
                  ExitCode::usage)
          .hint("destroy them first: muster destroy " + join(use.deployments, " "));
    }
    forget_ssh_key(context.common().state, tenant.name);  // before the record, which leads to it
    context.store().forget_tenant(tenant.name);
  });
  context.talk() << "muster: " << describe(tenant) << " is deleted\n";
  return kDone;
}

}  // namespace

void add_tenant_commands(Table& table) {
  table.group(Group::records);
  auto name = [](auto& command) {
    return argument("NAME", "its name, or its id", WordKind::text, command->name);
  };
  auto create = table.command("tenant create", "make a tenant of JSON", run_tenant_create);
  create.takes(json_argument(create->json), output_option({"json"}, create->output))
      .example("tenant create '{\"name\":\"blue\",\"quotas\":{\"nodes\":4}}'");
  auto list = table.command("tenant list", "all tenants", run_tenant_list);
  list.takes(output_option({"json"}, list->output));
  auto show = table.command("tenant show", "one tenant", run_tenant_show);
  show.takes(name(show), output_option({"json"}, show->output));
  auto remove =
      table.command("tenant delete", "forget a tenant that is not in use", run_tenant_delete);
  remove.takes(name(remove));
  auto update = table.command("tenant update", "change the description or the quotas of a tenant",
                              run_tenant_update);
  update.takes(name(update), json_argument(update->json), output_option({"json"}, update->output))
      .example("tenant update blue '{\"quotas\":{\"nodes\":8}}'");
}

}  // namespace muster
