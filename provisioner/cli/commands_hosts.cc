// hosts: the machines of hosts files, and who has each of them.
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <unordered_map>

#include "inventory/hosts.h"
#include "providers/inventory/claims.h"
#include "providers/inventory/inventory.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/report/table.h"

namespace muster {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A host of a file, somebody's claim on a host, or both.
struct Row {
  const Host* host = nullptr;
  const Claim* claim = nullptr;
};

/// Who has which host: by its address, or by its name in the same file when the address in there is
/// a new one.
class Owners {
 public:
  explicit Owners(const std::vector<Claim>& claims) {
    for (const auto& claim : claims) {
      by_place_[claim.place] = &claim;
      if (!claim.source.empty()) by_name_[claim.source + "\n" + claim.host] = &claim;
    }
  }

  const Claim* of(const Host& host) const {
    auto place = by_place_.find(place_of(host.endpoint));
    if (place != by_place_.end()) return place->second;
    const auto file = fs::absolute(host.file).lexically_normal();
    for (const auto& source : {file, file.parent_path()}) {
      auto name = by_name_.find(source.string() + "\n" + host.name);
      if (name != by_name_.end()) return name->second;
    }
    return nullptr;
  }

 private:
  std::unordered_map<std::string, const Claim*> by_place_;
  std::unordered_map<std::string, const Claim*> by_name_;
};

/// The hosts in their order, then what is claimed and in no file.
std::vector<Row> rows_of(const std::vector<HostFiles>& files, const std::vector<Claim>& claims) {
  const Owners owners(claims);
  std::set<const Claim*> shown;
  std::vector<Row> rows;
  for (const auto& file : files) {
    for (const auto& host : file.hosts) {
      rows.push_back({&host, owners.of(host)});
      shown.insert(rows.back().claim);
    }
  }
  for (const auto& claim : claims) {
    if (shown.count(&claim) == 0) rows.push_back({nullptr, &claim});
  }
  return rows;
}

Json capacity_json(const Capacity& capacity) {
  Json json = Json::object();
  if (capacity.cpus > 0) json["cpus"] = capacity.cpus;
  if (capacity.memory_mb > 0) json["memory_mb"] = capacity.memory_mb;
  if (capacity.disk_gb > 0) json["disk_gb"] = capacity.disk_gb;
  return json;
}

Json to_json(const Row& row) {
  Json json;
  if (const auto* host = row.host) {
    const auto& endpoint = host->endpoint;
    json = {{"name", host->name},
            {"file", host->file},
            {"address", endpoint.address},
            {"port", endpoint.port},
            {"user", endpoint.user},
            {"bastion", endpoint.bastion},
            {"host_key", endpoint.host_key},
            {"zone", host->zone},
            {"rack", host->rack},
            {"capacity", capacity_json(host->capacity)},
            {"labels", host->labels}};
  } else {
    json = {{"name", row.claim->host},
            {"file", nullptr},
            {"address", row.claim->address},
            {"port", row.claim->port},
            {"labels", row.claim->labels}};
  }
  json["used_by"] = nullptr;
  if (row.claim != nullptr) {
    json["used_by"] = {{"deployment", row.claim->deployment}, {"node", row.claim->node}};
  }
  return json;
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string amount(std::int64_t number, const char* unit) {
  return number > 0 ? std::to_string(number) + unit : "-";
}

/// "8", "0.5".
std::string cpus_text(double cpus) {
  if (cpus <= 0) return "-";
  auto whole = static_cast<std::int64_t>(cpus);
  return cpus == static_cast<double>(whole) ? std::to_string(whole) : Json(cpus).dump();
}

/// But for those that have columns of their own.
std::string labels_text(const std::map<std::string, std::string>& labels) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : labels) {
    if (key == kZoneLabel || key == kRackLabel) continue;
    texts.push_back(key + (value.empty() ? "" : "=" + value));
  }
  return or_dash(join(texts, ","));
}

std::string address_text(const Endpoint& endpoint) {
  return endpoint.port == 22 ? endpoint.address : place_of(endpoint);
}

std::vector<std::string> to_cells(const Row& row) {
  const auto used_by = row.claim == nullptr ? std::string("free")
                                            : row.claim->deployment + "/" + row.claim->node +
                                                  (row.host == nullptr ? " (in no file)" : "");
  if (row.host == nullptr) {
    Endpoint endpoint;
    endpoint.address = row.claim->address;
    endpoint.port = row.claim->port;
    return {row.claim->host,
            address_text(endpoint),
            "-",
            "-",
            "-",
            "-",
            "-",
            "-",
            labels_text(row.claim->labels),
            used_by};
  }
  const auto& host = *row.host;
  const auto& has = host.capacity;
  return {host.name,
          address_text(host.endpoint),
          host.endpoint.user,
          or_dash(host.zone),
          or_dash(host.rack),
          cpus_text(has.cpus),
          amount(has.memory_mb, " MB"),
          amount(has.disk_gb, " GB"),
          labels_text(host.labels),
          used_by};
}

std::string table_of(const std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> cells;
  cells.reserve(rows.size());
  for (const auto& row : rows) cells.push_back(to_cells(row));
  return render_table(
      {"HOST", "ADDRESS", "USER", "ZONE", "RACK", "CPUS", "MEMORY", "DISK", "LABELS", "USED BY"},
      cells);
}

std::string json_of(const std::vector<Row>& rows, const std::vector<DamagedClaim>& damaged) {
  Json json{{"hosts", Json::array()}, {"damaged_claims", Json::array()}};
  for (const auto& row : rows) json["hosts"].push_back(to_json(row));
  for (const auto& claim : damaged) {
    json["damaged_claims"].push_back({{"place", claim.place}, {"file", claim.file}});
  }
  return json.dump(2) + "\n";
}

struct HostsOptions {
  std::vector<std::string> files;
  std::string output;
};

int run_hosts(Context& context, const HostsOptions& options) {
  auto names = options.files;
  std::error_code failure;
  if (names.empty()) {
    if (fs::exists(kDefaultHostsFolder, failure)) {
      names.emplace_back(kDefaultHostsFolder);
    } else {
      context.talk()
          << "muster: there is no folder '" << fs::absolute(kDefaultHostsFolder).string()
          << "': only hosts that are in use are known; name hosts files to see the others\n";
    }
  }
  int code = kDone;
  std::vector<HostFiles> files;
  for (const auto& name : names) {
    files.push_back(read_host_files(name));
    if (files.back().mistakes.empty()) continue;
    context.talk() << files.back().mistakes << "\n";
    code = kUsage;
  }
  const auto claims = Claims(default_inventory_root(), context.host_claims()).all();
  for (const auto& damaged : claims.damaged) {
    context.talk() << "muster: warning: " << damaged.message() << "; " << damaged.hint() << "\n";
  }
  const auto rows = rows_of(files, claims.claims);
  if (options.output == "json") {
    context.out() << json_of(rows, claims.damaged);
  } else if (rows.empty()) {
    context.talk() << "muster: no hosts\n";
  } else {
    context.out() << table_of(rows);
  }
  return code;
}

}  // namespace

void add_hosts_commands(Table& table) {
  table.group(Group::machines);
  auto hosts =
      table.command("hosts", "the hosts of hosts files, and who has each of them", run_hosts);
  hosts
      .takes(argument("[FILE...]",
                      "hosts files, or folders of them; the folder 'inventory' when absent",
                      WordKind::file, hosts->files),
             output_option({"json"}, hosts->output))
      .example("hosts")
      .example("hosts hosts.yaml -o json");
}

}  // namespace muster
