#include "provisioner/report/findings.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "provisioner/base/text.h"
#include "provisioner/report/columns.h"
#include "provisioner/report/table.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::string findings_table(std::span<const HostFindings> hosts, bool all) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& host : hosts) {
    for (auto level : {Level::error, Level::warning, Level::ok}) {
      if (level == Level::ok && !all) continue;
      for (const auto& finding : host.findings) {
        if (finding.level != level) continue;
        rows.push_back({host.node, host.place.empty() ? "-" : host.place, to_string(level),
                        finding.check, one_line(finding.detail), one_line(finding.remedy)});
      }
    }
  }
  if (rows.empty()) return "";
  return render_table({"NODE", "HOST", "LEVEL", "CHECK", "FOUND", "REMEDY"}, rows);
}

std::string findings_summary(std::span<const HostFindings> hosts) {
  auto checked = static_cast<std::size_t>(
      std::ranges::count_if(hosts, [](const HostFindings& host) { return !host.place.empty(); }));
  auto text = count_of(checked, "host") +
              " checked: " + count_of(count_of(hosts, Level::error), "error") + ", " +
              count_of(count_of(hosts, Level::warning), "warning");
  auto without = hosts.size() - checked;
  if (without > 0) text += "; " + count_of(without, "node") + " without a machine yet";
  return text;
}

std::string findings_json(std::span<const HostFindings> hosts) {
  auto list = Json::array();
  for (const auto& host : hosts) {
    auto findings = Json::array();
    for (const auto& finding : host.findings) {
      findings.push_back({{"level", to_string(finding.level)},
                          {"check", finding.check},
                          {"detail", finding.detail},
                          {"remedy", finding.remedy}});
    }
    list.push_back({{"deployment", host.deployment},
                    {"node", host.node},
                    {"host", host.place},
                    {"findings", std::move(findings)}});
  }
  return list.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace muster
