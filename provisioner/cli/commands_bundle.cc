// bundle create, list, verify: all that an apply needs, in one file.
#include <algorithm>
#include <ostream>
#include <set>

#include "provisioner/artifacts/bundle.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/definition_files.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/definition/expansion.h"
#include "provisioner/operations/needs.h"
#include "provisioner/operations/test_image.h"
#include "provisioner/report/columns.h"
#include "provisioner/report/table.h"
#include "provisioner/report/terminal.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

std::string megabytes(std::uintmax_t bytes) {
  return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MiB";
}

std::string words_of(const BundleManifest& manifest) {
  std::uint64_t bytes = 0;
  for (const auto& file : manifest.files) bytes += file.bytes;
  return count_of(manifest.files.size(), "file") + ", " + megabytes(bytes) + " unpacked, for " +
         one_line(join(manifest.definitions, ", "));
}

/// What the definitions of a bundle need, brought together.
struct BundleContents {
  std::set<std::string> names;  ///< of the definitions
  std::vector<Artifact> artifacts;
  std::set<fs::path> images;
  std::set<std::string> package_tasks;  ///< of nodes that have no image
};

struct BundleOptions {
  std::string bundle;
  std::string output;
};

int run_bundle_verify(Context& context, const BundleOptions& options) {
  auto manifest = verify_bundle(options.bundle);
  context.out() << options.bundle << ": whole, " << words_of(manifest) << "\n";
  return kDone;
}

int run_bundle_list(Context& context, const BundleOptions& options) {
  auto& out = context.out();
  auto manifest = read_bundle_manifest(options.bundle);
  if (options.output == "json") {
    out << bundle_manifest_json(manifest);
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : manifest.files) {
    rows.push_back(
        {item.path(), megabytes(item.bytes), item.sha256.substr(0, 12), one_line(item.origin)});
  }
  out << render_table({"FILE", "SIZE", "SHA256", "ORIGIN"}, rows);
  for (const auto& item : manifest.files) {
    if (item.kind != BundleFile::Kind::packages) continue;
    out << "\n" << item.path() << " holds:\n";
    for (const auto& package : item.contents) out << "  " << one_line(package) << "\n";
  }
  return kDone;
}

struct BundleCreateOptions {
  std::vector<std::string> files;
  Overrides overrides;
  std::string out_file;
  std::string packages;  ///< the release of hosts that get packages, or empty
};

void add_to_bundle(Context& context, const BundleCreateOptions& options, Cluster cluster,
                   BundleContents& contents) {
  auto quiet = context.quiet();
  const auto everything = context.world(*quiet);
  ask_machines(everything, cluster, nullptr);  // for their architectures
  // As if nothing of it were there.
  auto needs = needs_of(context.roles(), cluster, plan_apply(cluster, context.roles(), nullptr));
  needs.artifacts[machine_arch()].insert(kTestArtifact);  // for `muster test`
  for (const auto& [name, reason] :
       get_needs(everything, cluster, needs, [&](const std::string& line) { context.say(line); })) {
    context.talk() << "muster: '" << name << "' was left out: " << reason << "\n";
  }
  contents.names.insert(cluster.name);
  for (const auto& [arch, names] : needs.artifacts) {
    for (const auto& name : names) {
      auto found = context.artifacts().find(name, cluster.settings.version, arch);
      if (found) contents.artifacts.push_back(*found);
    }
  }
  for (const auto& [name, hints] : needs.hints) {
    auto images = context.providers().get(name).prepared({hints.begin(), hints.end()});
    contents.images.insert(images.begin(), images.end());
    if (!images.empty() || needs.packages.empty()) continue;
    contents.package_tasks.insert(needs.package_tasks.begin(), needs.package_tasks.end());
    if (!options.packages.empty()) continue;
    context.talk() << "muster: not in the bundle: packages, which the nodes of provider '" << name
                   << "' install from their own sources: "
                   << join(std::vector(needs.packages.begin(), needs.packages.end()), ", ")
                   << "; for hosts with Debian 12, put them in with --packages debian-12\n";
  }
}

int run_bundle_create(Context& context, const BundleCreateOptions& options) {
  BundleContents contents;
  for (const auto& file : definition_files(options.files)) {
    auto input = context.read(file, options.overrides);
    std::optional<Cluster> cluster;
    if (input.plannable) cluster = expand(input.definition, context.roles(), input.diagnostics);
    if (!context.report(input.diagnostics) || !cluster) {
      context.talk() << "muster: " << mistakes_in(input.diagnostics) << ", no bundle is made\n";
      return kUsage;
    }
    add_to_bundle(context, options, *cluster, contents);
  }
  PackageSet packages;
  if (!options.packages.empty()) {
    packages = {options.packages, contents.package_tasks};
    if (packages.tasks.empty()) {
      context.talk()
          << "muster: no packages are put in: no node installs any that its image has not got\n";
    }
  }
  BundleManifest manifest;
  manifest.muster = MUSTER_VERSION;
  manifest.definitions = {contents.names.begin(), contents.names.end()};
  const fs::path out = options.out_file;
  manifest = context.artifacts().pack(
      out, contents.artifacts, {contents.images.begin(), contents.images.end()}, manifest,
      [&](const std::string& line) { context.say(line); }, context.stop(), packages);
  context.out() << out.string() << ": " << megabytes(fs::file_size(out)) << ", "
                << words_of(manifest) << "\n";
  return kDone;
}

}  // namespace

void add_bundle_commands(Table& table) {
  table.group(Group::bundles);
  auto create =
      table.command("bundle create", "one file with all that applying the definitions fetches",
                    run_bundle_create);
  create
      .takes(
          files_argument(create->files),
          option("-o, --out FILE", "where the bundle goes, e.g. bundle.tar.zst", create->out_file),
          choice("--packages RELEASE", "also what roles install on hosts: debian-12", {"debian-12"},
                 create->packages),
          set_option(create->overrides), provider_option(create->overrides))
      .example("bundle create cluster.json --out bundle.tar.zst")
      .example("bundle create cluster.json --packages debian-12 --out bundle.tar.zst")
      .check([](const BundleCreateOptions& o) -> std::string {
        return o.out_file.empty() ? "say where the bundle goes: --out bundle.tar.zst" : "";
      })
      .is_run();
  auto list = table.command("bundle list", "what a bundle holds", run_bundle_list);
  list.takes(argument("BUNDLE", "a bundle", WordKind::file, list->bundle),
             output_option({"json"}, list->output))
      .example("bundle list bundle.tar.zst");
  auto verify = table.command("bundle verify", "read all of a bundle, and hold it against its sums",
                              run_bundle_verify);
  verify.takes(argument("BUNDLE", "a bundle", WordKind::file, verify->bundle))
      .example("bundle verify bundle.tar.zst");
}

}  // namespace muster
