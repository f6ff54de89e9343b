// artifacts, version and versions.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/release_text.h"
#include "provisioner/engine/needs.h"
#include "provisioner/releases/releases.h"
#include "provisioner/report/columns.h"
#include "provisioner/report/table.h"

namespace muster {

namespace {

std::string size_column(std::uintmax_t bytes) {
  return bytes == 0 ? "" : std::to_string((bytes + (1u << 20) - 1) >> 20) + " MiB";
}

std::string from_bundle(const std::string& bundle) { return "from bundle " + one_line(bundle); }

void check_listed(const std::string& name, const std::vector<Artifacts::Listed>& listed) {
  std::vector<std::string> names;
  for (const auto& item : listed) names.push_back(item.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  auto near = nearest(name, names);
  throw Error("the catalog has no artifact '" + name + "'", ExitCode::usage)
      .hint(near ? "did you mean '" + *near + "'?" : "there are: " + join(names, ", "));
}

}  // namespace

int App::artifacts() {
  const auto version = kubernetes_version();
  const auto arch = options_.arch.empty() ? machine_arch() : options_.arch;
  auto& cache = artifact_cache();
  auto listed = cache.list(version, arch);

  if (options_.command == "artifacts path") {
    const auto& name = options_.arguments.front();
    check_listed(name, listed);
    auto artifact = cache.find(name, version, arch);
    if (!artifact) {
      throw Error("'" + name + "' is not in the cache")
          .hint("bring it there: " + fetch_command(version, arch));
    }
    out_ << artifact->file.string() << "\n";
    return 0;
  }
  if (options_.command == "artifacts fetch") {
    std::vector<std::string> names;
    for (const auto& item : listed) {
      if (arch == machine_arch() || item.cached || cache.can_fetch(item.name, arch)) {
        names.push_back(item.name);
      } else {
        talk_ << "muster: '" << item.name << "' was left out: it is built on a machine of that "
              << "architecture only\n";
      }
    }
    auto left_out = cache.fetch(names, version, arch,
                                [&](const std::string& line) { talk_ << line << std::endl; });
    for (const auto& [name, reason] : left_out) {
      talk_ << "muster: '" << name << "' was left out: " << reason << "\n";
    }
    return 0;
  }
  if (options_.command == "artifacts verify") {
    auto broken = cache.verify();
    for (const auto& artifact : broken) {
      out_ << artifact.name << " " << artifact.version << ": sha256 is wrong, moved aside\n";
    }
    if (broken.empty()) out_ << "every cached artifact is as its sha256 says\n";
    for (const auto& artifact : cache.out_of_bundles()) {
      out_ << artifact.name << " " << artifact.version << ": " << from_bundle(artifact.bundle)
           << ", not checked against its origin\n";
    }
    return static_cast<int>(broken.empty() ? ExitCode::done : ExitCode::step_failed);
  }
  if (options_.output == "json") {
    auto all = nlohmann::ordered_json::array();
    for (const auto& item : listed) {
      all.push_back({{"name", item.name},
                     {"version", item.version},
                     {"arch", item.arch},
                     {"cached", item.cached},
                     {"sha256", item.sha256},
                     {"bytes", item.bytes},
                     {"origin", item.origin},
                     {"bundle", item.bundle}});
    }
    out_ << all.dump(2) << "\n";
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : listed) {
    rows.push_back({item.name, item.version, item.cached ? "yes" : "no", size_column(item.bytes),
                    item.sha256.substr(0, 12),
                    item.bundle.empty() ? item.origin : from_bundle(item.bundle)});
  }
  out_ << render_table({"NAME", "VERSION", "CACHED", "SIZE", "SHA256", "ORIGIN"}, rows);
  return 0;
}

int App::version() {
  out_ << "muster " << MUSTER_VERSION << "\nKubernetes " << known_releases().default_version.text()
       << "; others: muster versions\n";
  return 0;
}

int App::versions() {
  if (options_.output == "json") {
    out_ << versions_json(today()).dump(2) << "\n";
  } else {
    out_ << versions_table(today());
  }
  return 0;
}

}  // namespace muster
