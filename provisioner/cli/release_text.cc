#include "provisioner/cli/release_text.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "provisioner/base/text.h"
#include "provisioner/releases/releases.h"
#include "provisioner/report/table.h"

namespace muster {

namespace {

using VersionsJson = nlohmann::ordered_json;

/// "supported until 2027-10".
std::string support_of(const Release& release, const std::string& today) {
  const auto month = release.supported_until.substr(0, std::string_view("2027-10").size());
  return (release.out_of_support(today) ? "out of support since " : "supported until ") + month;
}

/// The one to take of a minor: the newest that was tried, else the newest.
Version best_of(const Release& release) {
  return release.tried.empty() ? release.newest : release.tried.back();
}

std::string release_state(const Release& release, const std::string& today) {
  std::string state;
  if (best_of(release) == known_releases().default_version) state = "default, ";
  if (release.records_only) {
    state = "no new clusters, ";
  } else if (release.tried.empty()) {
    state = "untried, ";
  }
  return state + support_of(release, today);
}

VersionsJson release_row(const Release& release, const std::string& today) {
  VersionsJson tried = VersionsJson::array();
  for (const auto& version : release.tried) tried.push_back(version.text());
  return {{"version", best_of(release).text()},
          {"minor", release.minor.minor_text()},
          {"default", best_of(release) == known_releases().default_version},
          {"installed", !release.records_only},
          {"tried", tried},
          {"newest", release.newest.text()},
          {"supported", !release.out_of_support(today)},
          {"supported_until", release.supported_until},
          {"source", release.source},
          {"parts", release.parts}};
}

std::vector<std::string> part_names() {
  std::vector<std::string> names;
  for (const auto& [name, version] : known_releases().parts) names.push_back(name);
  return names;
}

std::vector<Release> newest_first() {
  auto releases = known_releases().minors;
  std::ranges::reverse(releases);
  return releases;
}

std::string upper_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

}  // namespace

std::string versions_table(const std::string& today) {
  std::vector<std::string> header{"VERSION", "STATE", "NEWEST"};
  for (const auto& name : part_names()) header.push_back(upper_case(name));
  std::vector<std::vector<std::string>> rows;
  for (const auto& release : newest_first()) {
    rows.push_back({best_of(release).text(), release_state(release, today), release.newest.text()});
    for (const auto& name : part_names()) {
      // Those of clusters that are only on record were the distribution's.
      rows.back().push_back(release.records_only ? "" : release.parts.at(name));
    }
  }
  return render_table(header, rows);
}

nlohmann::ordered_json versions_json(const std::string& today) {
  VersionsJson all = VersionsJson::array();
  for (const auto& release : newest_first()) all.push_back(release_row(release, today));
  return all;
}

std::string release_line(const std::string& version, const std::string& today) {
  const auto parsed = parse_version(version);
  const auto* release = parsed ? known_releases().find(*parsed) : nullptr;
  if (release == nullptr) return "";
  auto line = "  Kubernetes " + version + ", " + support_of(*release, today);
  if (*parsed < release->newest) line += "; " + release->newest.text() + " is newer";
  return line + "\n";
}

nlohmann::ordered_json release_json(const std::string& version, const std::string& today) {
  VersionsJson json{{"version", version}};
  const auto parsed = parse_version(version);
  const auto* release = parsed ? known_releases().find(*parsed) : nullptr;
  if (release == nullptr) return json;
  json["newest"] = std::max(*parsed, release->newest).text();
  json["supported"] = !release->out_of_support(today);
  json["supported_until"] = release->supported_until;
  return json;
}

}  // namespace muster
