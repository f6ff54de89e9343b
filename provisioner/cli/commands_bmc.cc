// bmc: the power of hosts, through their BMCs.
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "inventory/hosts.h"
#include "providers/inventory/claims.h"
#include "providers/inventory/inventory.h"
#include "provisioner/base/error.h"
#include "provisioner/base/parallel.h"
#include "provisioner/base/text.h"
#include "provisioner/bmc/power.h"
#include "provisioner/cli/app.h"
#include "provisioner/report/table.h"

namespace muster {

/// A host, and what came of asking its BMC.
struct BmcRow {
  Host host;
  std::string used_by;  ///< "deployment/node"; empty: it is free
  std::string power;
  std::string problem;  ///< empty: it was done
  ExitCode code = ExitCode::done;
};

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kAtOnce = 16;

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

void act(Bmc& bmc, const Options& options, const std::stop_token& stop) {
  PowerLimits limits;
  limits.stop = stop;
  if (options.shutdown_ms) limits.shutdown = std::chrono::milliseconds(*options.shutdown_ms);
  if (options.command == "bmc on") return power_on(bmc, limits);
  if (options.command == "bmc cycle") return power_cycle(bmc, limits);
  if (options.command == "bmc pxe") return bmc.boot_from_network_once();
  if (options.command == "bmc off" && options.force) return cut_power(bmc, limits);
  if (options.command == "bmc off") return power_off(bmc, limits);
}

void ask(BmcRow& row, const Options& options, const std::stop_token& stop) {
  try {
    auto bmc = connect_bmc(*row.host.bmc, stop);
    act(*bmc, options, stop);
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

}  // namespace

std::vector<Host> App::hosts_with_bmc() {
  const auto name = options_.hosts_file.empty() ? kDefaultHostsFolder : options_.hosts_file;
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
    if (options_.arguments.empty()) found.push_back(std::move(host));
  }
  for (const auto& wanted : options_.arguments) {
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
bool App::may_disturb(const std::vector<BmcRow>& rows) {
  const bool harmless = options_.command == "bmc status" || options_.command == "bmc on";
  std::vector<std::string> used;
  for (const auto& row : rows) {
    if (!row.used_by.empty()) used.push_back(row.host.name + " (" + row.used_by + ")");
  }
  if (harmless || used.empty() || options_.yes) return true;
  if (::isatty(STDIN_FILENO) == 0) {
    throw Error("deployments use these hosts: " + join(used, ", "), ExitCode::usage)
        .hint("without a terminal to ask on, say --yes");
  }
  talk_ << "muster: deployments use these hosts: " << join(used, ", ") << "\n";
  return confirm(options_.command + ": go on?");
}

void App::show(const std::vector<BmcRow>& rows) {
  for (const auto& row : rows) {
    if (!row.problem.empty()) {
      talk_ << "muster: " << row.host.name << ": " << row.problem << "\n";
    } else if (options_.command != "bmc status") {
      talk_ << "muster: " << row.host.name << " is " << row.power
            << (options_.command == "bmc pxe" ? ", and starts from the network next" : "") << "\n";
    }
  }
  if (options_.output == "json") {
    out_ << json_of(rows).dump(2) << "\n";
  } else if (options_.command == "bmc status" && !rows.empty()) {
    out_ << table_of(rows);
  }
}

int App::bmc() {
  const auto claims = Claims(default_inventory_root(), host_claims()).all();
  std::vector<BmcRow> rows;
  for (auto& host : hosts_with_bmc()) {
    BmcRow row;
    row.host = std::move(host);
    row.used_by = user_of(row.host, claims);
    rows.push_back(std::move(row));
  }
  if (rows.empty()) talk_ << "muster: no host has a 'bmc'\n";
  if (!may_disturb(rows)) {
    talk_ << "muster: nothing was done\n";
    return static_cast<int>(ExitCode::interrupted);
  }
  in_parallel(rows.size(), kAtOnce, [&](std::size_t i) { ask(rows[i], options_, stop_); });
  show(rows);
  auto worst = std::ranges::max_element(rows, {}, &BmcRow::code);
  return worst == rows.end() ? 0 : static_cast<int>(worst->code);
}

}  // namespace muster
