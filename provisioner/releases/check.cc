#include "provisioner/releases/check.h"

#include <algorithm>
#include <cstdlib>

#include "provisioner/base/text.h"

namespace muster {

namespace {

/// How far apart releases are: a minor counts more than any number of patches.
long distance(const Version& one, const Version& other) {
  constexpr long kMajor = 1'000'000'000, kMinor = 1'000'000;
  return std::labs((one.major - other.major) * kMajor + (one.minor - other.minor) * kMinor +
                   (one.patch - other.patch));
}

/// Those of releases that upstream still supports on that day.
std::vector<Version> all_tried(const Releases& releases, const std::string& today = "") {
  std::vector<Version> tried;
  for (const auto& release : releases.minors) {
    if (release.out_of_support(today)) continue;
    tried.insert(tried.end(), release.tried.begin(), release.tried.end());
  }
  return tried;
}

Version nearest_tried(const Releases& releases, const Version& wanted, const std::string& today) {
  auto best = releases.default_version;
  for (const auto& version : all_tried(releases, today)) {
    if (distance(version, wanted) < distance(best, wanted)) best = version;
  }
  return best;
}

/// What somebody may have meant who wrote "1.36.3", "v1.36" or "1.36".
Version guess(const Releases& releases, const std::string& text, const std::string& today) {
  auto word = text.starts_with('v') ? text : "v" + text;
  auto version = parse_version(word);
  if (!version) version = parse_minor(word);
  return version ? nearest_tried(releases, *version, today) : releases.default_version;
}

VersionCheck refusal(const Releases& releases, const Version& version, const std::string& today) {
  const auto* known = releases.find(version);
  if (known != nullptr) {
    return {"Kubernetes " + version.text() + " is out of support since " + known->supported_until +
                ": muster still knows the clusters that it made of it, and makes no new ones",
            releases.default_version.text(),
            {}};
  }
  const auto instead = nearest_tried(releases, version, today).text();
  auto oldest = std::ranges::find_if(releases.minors,
                                     [](const Release& release) { return !release.records_only; });
  if (oldest != releases.minors.end() && version < oldest->minor) {
    return {"Kubernetes " + version.text() + " is older than " + oldest->minor.minor_text() +
                ", the oldest release that muster installs",
            instead,
            {}};
  }
  const auto& newest = releases.minors.back().minor;
  if (version < newest) return {"muster knows no Kubernetes " + version.text(), instead, {}};
  return {"Kubernetes " + version.text() + " is newer than " + newest.minor_text() +
              ", the newest release that this muster knows",
          instead,
          {}};
}

std::string untried(const Releases& releases, const Release& release, const Version& version) {
  auto text = "Kubernetes " + version.text() + " is untried: ";
  if (version > release.newest) {
    return text + "this muster knows " + release.minor.minor_text() + " up to " +
           release.newest.text();
  }
  auto tried = release.tried.empty() ? all_tried(releases) : release.tried;
  std::vector<std::string> names;
  for (const auto& one : tried) names.push_back(one.text());
  return text + "muster was tried with " + join(names, ", ");
}

}  // namespace

VersionCheck check_kubernetes_version(const Releases& releases, const std::string& version,
                                      const std::string& today) {
  auto parsed = parse_version(version);
  if (!parsed) {
    return {"'" + version + "' is no Kubernetes version such as " + releases.default_version.text(),
            guess(releases, version, today).text(),
            {}};
  }
  const auto* release = releases.find(*parsed);
  if (release == nullptr || release->records_only) return refusal(releases, *parsed, today);
  VersionCheck check;
  if (std::ranges::find(release->tried, *parsed) == release->tried.end()) {
    check.warnings.push_back(untried(releases, *release, *parsed));
  }
  check.instead = nearest_tried(releases, *parsed, today).text();
  if (release->out_of_support(today)) {
    check.warnings.push_back("Kubernetes " + release->minor.minor_text() +
                             " is out of support since " + release->supported_until);
    check.instead = releases.default_version.text();
  }
  return check;
}

VersionCheck check_kubernetes_version(const std::string& version, const std::string& today) {
  return check_kubernetes_version(known_releases(), version, today);
}

}  // namespace muster
