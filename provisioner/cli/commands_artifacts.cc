// artifacts list, fetch, verify, path.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/releases/check.h"
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

struct ArtifactsOptions {
  std::string version;  ///< of Kubernetes
  std::string arch;     ///< empty: this machine's
  std::string output;
  std::string name;
};

/// What the catalog has of the options' version and architecture.
struct Wanted {
  explicit Wanted(const ArtifactsOptions& options)
      : version(options.version.empty() ? known_releases().default_version.text()
                                        : options.version),
        arch(options.arch.empty() ? machine_arch() : options.arch) {}
  std::string version;
  std::string arch;
};

int run_artifacts_path(Context& context, const ArtifactsOptions& options) {
  const Wanted wanted(options);
  auto& cache = context.artifacts();
  check_listed(options.name, cache.list(wanted.version, wanted.arch));
  auto artifact = cache.find(options.name, wanted.version, wanted.arch);
  if (!artifact) {
    throw Error("'" + options.name + "' is not in the cache")
        .hint("bring it there: " + fetch_command(wanted.version, wanted.arch));
  }
  context.out() << artifact->file.string() << "\n";
  return kDone;
}

int run_artifacts_fetch(Context& context, const ArtifactsOptions& options) {
  const Wanted wanted(options);
  const auto& arch = wanted.arch;
  auto& cache = context.artifacts();
  auto& talk = context.talk();
  std::vector<std::string> names;
  for (const auto& item : cache.list(wanted.version, arch)) {
    if (arch == machine_arch() || item.cached || cache.can_fetch(item.name, arch)) {
      names.push_back(item.name);
    } else {
      talk << "muster: '" << item.name << "' was left out: it is built on a machine of that "
           << "architecture only\n";
    }
  }
  auto left_out = cache.fetch(names, wanted.version, arch,
                              [&](const std::string& line) { talk << line << std::endl; });
  for (const auto& [name, reason] : left_out) {
    talk << "muster: '" << name << "' was left out: " << reason << "\n";
  }
  return kDone;
}

int run_artifacts_verify(Context& context, const NoOptions&) {
  auto& cache = context.artifacts();
  auto& out = context.out();
  auto broken = cache.verify();
  for (const auto& artifact : broken) {
    out << artifact.name << " " << artifact.version << ": sha256 is wrong, moved aside\n";
  }
  if (broken.empty()) out << "every cached artifact is as its sha256 says\n";
  for (const auto& artifact : cache.out_of_bundles()) {
    out << artifact.name << " " << artifact.version << ": " << from_bundle(artifact.bundle)
        << ", not checked against its origin\n";
  }
  return broken.empty() ? kDone : kFailed;
}

int run_artifacts_list(Context& context, const ArtifactsOptions& options) {
  const Wanted wanted(options);
  auto all = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : context.artifacts().list(wanted.version, wanted.arch)) {
    all.push_back({{"name", item.name},
                   {"version", item.version},
                   {"arch", item.arch},
                   {"cached", item.cached},
                   {"sha256", item.sha256},
                   {"bytes", item.bytes},
                   {"origin", item.origin},
                   {"bundle", item.bundle}});
    rows.push_back({item.name, item.version, item.cached ? "yes" : "no", size_column(item.bytes),
                    item.sha256.substr(0, 12),
                    item.bundle.empty() ? item.origin : from_bundle(item.bundle)});
  }
  if (options.output == "json") {
    context.out() << all.dump(2) << "\n";
  } else {
    context.out() << render_table({"NAME", "VERSION", "CACHED", "SIZE", "SHA256", "ORIGIN"}, rows);
  }
  return kDone;
}

std::vector<OptionRule> release_options(ArtifactsOptions& options) {
  return {option("--kubernetes VERSION", "for this release of Kubernetes",
                 [&options](const std::string& value) -> std::string {
                   options.version = value;
                   if (!is_kubernetes_version(value)) {
                     return "must be a release such as v1.37.2, not '" + value + "'";
                   }
                   auto check = check_kubernetes_version(value);
                   if (check.problem.empty()) return "";
                   return "does not work: " + check.problem + "; use " + check.instead;
                 }),
          choice("--arch ARCH", "for nodes of this architecture, not this machine's",
                 {"amd64", "arm64"}, options.arch)};
}

}  // namespace

void add_artifacts_commands(Table& table) {
  table.group(Group::artifacts);
  auto list = table.command("artifacts list", "what the catalog knows, and what is in the cache",
                            run_artifacts_list);
  list.takes(output_option({"json"}, list->output), release_options(*list));
  auto fetch =
      table.command("artifacts fetch", "bring everything into the cache", run_artifacts_fetch);
  fetch.takes(release_options(*fetch)).example("artifacts fetch --arch arm64").is_run();
  table.command("artifacts verify", "hold every cached file against its sha256",
                run_artifacts_verify);
  auto path = table.command("artifacts path", "where the cached file of an artifact is",
                            run_artifacts_path);
  path.takes(argument("ARTIFACT", "its name", WordKind::text, path->name), release_options(*path))
      .example("artifacts path kubectl");
}

}  // namespace muster
