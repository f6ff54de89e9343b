// bmc: the power of hosts, through their BMCs.
#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>

#include "inventory/hosts.h"
#include "providers/inventory/claims.h"
#include "providers/inventory/inventory.h"
#include "provisioner/base/duration.h"
#include "provisioner/base/error.h"
#include "provisioner/base/parallel.h"
#include "provisioner/base/text.h"
#include "provisioner/bmc/power.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/report/table.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kAtOnce = 16;

struct BmcOptions {
  std::vector<std::string> hosts;
  std::string hosts_file;  ///< or a folder of them
  std::string output;
  bool force = false;
  bool yes = false;
  PowerLimits limits;
};

/// A host, and what came of asking its BMC.
struct BmcRow {
  Host host;
  std::string used_by;  ///< "deployment/node"; empty: it is free
  std::string power;
  std::string problem;  ///< empty: it was done
  ExitCode code = ExitCode::done;
};

std::string bmc_place(const BmcEndpoint& bmc) {
  Endpoint endpoint;
  endpoint.address = bmc.address;
  endpoint.port = bmc.port;
  return place_of(endpoint);
}

/// By its address, or by its name where the address in the same file is a new one.
bool is_on(const Claim& claim, const Host& host) {
  if (claim.place == place_of(host.endpoint)) return true;
  if (claim.host != host.name) return false;
  const auto file = std::filesystem::absolute(host.file).lexically_normal();
  return claim.source == file || claim.source == file.parent_path();
}

std::string user_of(const Host& host, const ClaimList& known) {
  for (const auto& claim : known.claims) {
    if (is_on(claim, host)) return claim.deployment + "/" + claim.node;
  }
  const auto place = place_of(host.endpoint);
  bool damaged =
      std::ranges::find(known.damaged, place, &DamagedClaim::place) != known.damaged.end();
  return damaged ? "somebody: the claim is damaged" : "";
}

/// What is done to a host that has been connected to.
using BmcAct = std::function<void(Bmc&, const PowerLimits&)>;

void ask(BmcRow& row, const BmcAct& act, const PowerLimits& limits) {
  try {
    auto bmc = connect_bmc(*row.host.bmc, limits.stop);
    act(*bmc, limits);
    row.power = to_string(bmc->state());
  } catch (const Error& error) {
    row.problem = error.what();
    row.code = error.exit_code();
  } catch (const std::exception& error) {
    row.problem = error.what();
    row.code = ExitCode::step_failed;
  }
}

Json json_of(const std::vector<BmcRow>& rows) {
  Json json{{"hosts", Json::array()}};
  auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  for (const auto& row : rows) {
    json["hosts"].push_back({{"name", row.host.name},
                             {"kind", to_string(row.host.bmc->kind)},
                             {"bmc", bmc_place(*row.host.bmc)},
                             {"power", or_null(row.power)},
                             {"used_by", or_null(row.used_by)},
                             {"error", or_null(row.problem)}});
  }
  return json;
}

std::string table_of(const std::vector<BmcRow>& rows) {
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    cells.push_back({row.host.name, row.power.empty() ? "unknown" : row.power,
                     to_string(row.host.bmc->kind), bmc_place(*row.host.bmc),
                     row.used_by.empty() ? "free" : row.used_by});
  }
  return render_table({"HOST", "POWER", "KIND", "BMC", "USED BY"}, cells);
}

/// Those that the command line names, in their order; those with a BMC when it names none.
std::vector<Host> hosts_with_bmc(const BmcOptions& options) {
  const auto name = options.hosts_file.empty() ? kDefaultHostsFolder : options.hosts_file;
  auto read = read_host_files(name);
  if (!read.mistakes.empty()) {
    throw Error("the hosts file has mistakes\n" + read.mistakes, ExitCode::usage)
        .hint("another one is named with --hosts FILE");
  }
  std::vector<Host> found;
  std::vector<std::string> known;
  for (auto& host : read.hosts) {
    if (!host.bmc) continue;
    known.push_back(host.name);
    if (options.hosts.empty()) found.push_back(std::move(host));
  }
  for (const auto& wanted : options.hosts) {
    auto at = std::ranges::find(read.hosts, wanted, &Host::name);
    if (at != read.hosts.end() && at->bmc) {
      if (std::ranges::find(found, wanted, &Host::name) == found.end()) found.push_back(*at);
      continue;
    }
    auto near = nearest(wanted, known);
    throw Error("'" + name + "' has no host '" + wanted + "'" +
                    (at == read.hosts.end() ? "" : " with a 'bmc'"),
                ExitCode::usage)
        .hint(near ? "did you mean '" + *near + "'?"
                   : "with a 'bmc' it has: " + (known.empty() ? "none" : join(known, ", ")));
  }
  return found;
}

/// What a deployment runs on is not disturbed without a yes.
bool may_disturb(Context& context, const std::vector<BmcRow>& rows, bool yes) {
  std::vector<std::string> used;
  for (const auto& row : rows) {
    if (!row.used_by.empty()) used.push_back(row.host.name + " (" + row.used_by + ")");
  }
  if (used.empty() || yes) return true;
  const auto said = "deployments use these hosts: " + join(used, ", ");
  context.need_terminal_or_yes(false, said);
  context.talk() << "muster: " << said << "\n";
  return context.confirm(context.command() + ": go on?");
}

void show_bmcs(Context& context, const std::vector<BmcRow>& rows, const BmcOptions& options) {
  const bool only_asked = context.command() == "bmc status";
  const auto next = context.command() == "bmc pxe" ? ", and starts from the network next" : "";
  for (const auto& row : rows) {
    if (!row.problem.empty()) {
      context.talk() << "muster: " << row.host.name << ": " << row.problem << "\n";
    } else if (!only_asked) {
      context.talk() << "muster: " << row.host.name << " is " << row.power << next << "\n";
    }
  }
  if (options.output == "json") {
    context.out() << json_of(rows).dump(2) << "\n";
  } else if (only_asked && !rows.empty()) {
    context.out() << table_of(rows);
  }
}

int run_bmc(Context& context, const BmcOptions& options, bool disturbs, const BmcAct& act) {
  const auto claims = Claims(default_inventory_root(), context.host_claims()).all();
  std::vector<BmcRow> rows;
  for (auto& host : hosts_with_bmc(options)) {
    BmcRow row;
    row.host = std::move(host);
    row.used_by = user_of(row.host, claims);
    rows.push_back(std::move(row));
  }
  if (rows.empty()) context.talk() << "muster: no host has a 'bmc'\n";
  if (disturbs && !may_disturb(context, rows, options.yes)) {
    context.talk() << "muster: nothing was done\n";
    return static_cast<int>(ExitCode::interrupted);
  }
  auto limits = options.limits;
  limits.stop = context.stop();
  in_parallel(rows.size(), kAtOnce, [&](std::size_t i) { ask(rows[i], act, limits); });
  show_bmcs(context, rows, options);
  auto worst = std::ranges::max_element(rows, {}, &BmcRow::code);
  return worst == rows.end() ? kDone : static_cast<int>(worst->code);
}

int run_bmc_status(Context& context, const BmcOptions& options) {
  return run_bmc(context, options, false, [](Bmc&, const PowerLimits&) {});
}

int run_bmc_on(Context& context, const BmcOptions& options) {
  return run_bmc(context, options, false, power_on);
}

int run_bmc_off(Context& context, const BmcOptions& options) {
  return run_bmc(context, options, true, options.force ? cut_power : power_off);
}

int run_bmc_cycle(Context& context, const BmcOptions& options) {
  return run_bmc(context, options, true, power_cycle);
}

int run_bmc_pxe(Context& context, const BmcOptions& options) {
  return run_bmc(context, options, true,
                 [](Bmc& bmc, const PowerLimits&) { bmc.boot_from_network_once(); });
}

OptionRule shutdown_option(PowerLimits& limits) {
  return option("--timeout TIME", "how long operating systems may take to end (2m)",
                [&limits](const std::string& value) -> std::string {
                  auto time = parse_duration(value);
                  if (time) limits.shutdown = std::chrono::milliseconds(*time);
                  return time ? "" : "must be a time such as 90s or 10m, not '" + value + "'";
                });
}

}  // namespace

void add_bmc_commands(Table& table) {
  table.group(Group::bmc);
  auto declare = [&](const std::string& verb, const std::string& help, auto handler,
                     const std::string& hosts = "HOST...") {
    auto command = table.command("bmc " + verb, help, handler);
    command
        .takes(argument(hosts,
                        hosts == "HOST..."
                            ? "names in the hosts file"
                            : "names in the hosts file; all that have a BMC when absent",
                        WordKind::text, command->hosts),
               option("--hosts FILE", "a hosts file or a folder of them; 'inventory' when absent",
                      command->hosts_file),
               output_option({"json"}, command->output))
        .is_run();
    return command;
  };
  declare("status", "whether hosts are on", run_bmc_status, "[HOST...]")
      .example("bmc status --hosts hosts.yaml");
  declare("on", "switch hosts on", run_bmc_on).example("bmc on m1 m2 --hosts hosts.yaml");
  auto off =
      declare("off", "shut hosts down, and cut their power when they do not end", run_bmc_off);
  off.takes(flag("--force", "cut the power at once", off->force), shutdown_option(off->limits),
            yes_option(off->yes))
      .example("bmc off m1 --hosts hosts.yaml --yes");
  auto cycle = declare("cycle", "cut the power of hosts, and give it back", run_bmc_cycle);
  cycle.takes(yes_option(cycle->yes)).example("bmc cycle m1 --hosts hosts.yaml --yes");
  auto pxe =
      declare("pxe", "the next start of hosts, and only that, is from the network", run_bmc_pxe);
  pxe.takes(yes_option(pxe->yes)).example("bmc pxe m1 --hosts hosts.yaml");
}

}  // namespace muster
