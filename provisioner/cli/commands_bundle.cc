// bundle create, list, verify; what apply --bundle does before it applies.
#include <algorithm>
#include <ostream>
#include <set>

#include "provisioner/artifacts/bundle.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/definition_files.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/definition/expansion.h"
#include "provisioner/engine/needs.h"
#include "provisioner/engine/test_image.h"
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

}  // namespace

/// What the definitions of a bundle need, brought together.
struct BundleContents {
  std::set<std::string> names;  ///< of the definitions
  std::vector<Artifact> artifacts;
  std::set<fs::path> images;
  std::set<std::string> package_tasks;  ///< of nodes that have no image
};

int App::bundle() {
  if (options_.command == "bundle create") return bundle_create();
  const auto& file = options_.arguments.front();
  if (options_.command == "bundle verify") {
    auto manifest = verify_bundle(file);
    out_ << file << ": whole, " << words_of(manifest) << "\n";
    return kDone;
  }
  auto manifest = read_bundle_manifest(file);
  if (options_.output == "json") {
    out_ << bundle_manifest_json(manifest);
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : manifest.files) {
    rows.push_back(
        {item.path(), megabytes(item.bytes), item.sha256.substr(0, 12), one_line(item.origin)});
  }
  out_ << render_table({"FILE", "SIZE", "SHA256", "ORIGIN"}, rows);
  for (const auto& item : manifest.files) {
    if (item.kind != BundleFile::Kind::packages) continue;
    out_ << "\n" << item.path() << " holds:\n";
    for (const auto& package : item.contents) out_ << "  " << one_line(package) << "\n";
  }
  return kDone;
}

int App::bundle_create() {
  BundleContents contents;
  for (const auto& file : definition_files(options_.arguments)) {
    auto input = read(file);
    std::optional<Cluster> cluster;
    if (input.plannable) cluster = expand(input.definition, roles(), input.diagnostics);
    if (!report(input.diagnostics) || !cluster) {
      talk_ << "muster: " << mistakes_in(input.diagnostics) << ", no bundle is made\n";
      return kUsage;
    }
    add_to_bundle(*cluster, contents);
  }
  PackageSet packages;
  if (!options_.packages.empty()) {
    packages = {options_.packages, contents.package_tasks};
    if (packages.tasks.empty()) {
      talk_ << "muster: no packages are put in: no node installs any that its image has not got\n";
    }
  }
  BundleManifest manifest;
  manifest.muster = MUSTER_VERSION;
  manifest.definitions = {contents.names.begin(), contents.names.end()};
  const fs::path out = options_.out_file;
  manifest = artifact_cache().pack(
      out, contents.artifacts, {contents.images.begin(), contents.images.end()}, manifest,
      [&](const std::string& line) { tell_step(line); }, stop_, packages);
  out_ << out.string() << ": " << megabytes(fs::file_size(out)) << ", " << words_of(manifest)
       << "\n";
  return kDone;
}

void App::add_to_bundle(Cluster cluster, BundleContents& contents) {
  auto quiet = make_json_reporter(talk_);
  const auto everything = world(*quiet);
  ask_machines(everything, cluster, nullptr);  // for their architectures
  // As if nothing of it were there.
  auto needs = needs_of(everything, cluster, plan_apply(cluster, roles(), nullptr));
  needs.artifacts[machine_arch()].insert(kTestArtifact);  // for `muster test`
  for (const auto& [name, reason] :
       get_needs(everything, cluster, needs, [&](const std::string& line) { tell_step(line); })) {
    talk_ << "muster: '" << name << "' was left out: " << reason << "\n";
  }
  contents.names.insert(cluster.name);
  for (const auto& [arch, names] : needs.artifacts) {
    for (const auto& name : names) {
      auto found = artifact_cache().find(name, cluster.settings.version, arch);
      if (found) contents.artifacts.push_back(*found);
    }
  }
  for (const auto& [name, hints] : needs.hints) {
    auto images = providers().get(name).prepared({hints.begin(), hints.end()});
    contents.images.insert(images.begin(), images.end());
    if (!images.empty() || needs.packages.empty()) continue;
    contents.package_tasks.insert(needs.package_tasks.begin(), needs.package_tasks.end());
    if (!options_.packages.empty()) continue;
    talk_ << "muster: not in the bundle: packages, which the nodes of provider '" << name
          << "' install from their own sources: "
          << join(std::vector(needs.packages.begin(), needs.packages.end()), ", ")
          << "; for hosts with Debian 12, put them in with --packages debian-12\n";
  }
}

void App::take_bundle() {
  artifact_cache().unpack(
      options_.bundle_file, [&](const std::string& line) { tell_step(line); }, stop_);
}

void App::tell_step(const std::string& line) { talk_ << "muster: " << line << std::endl; }

}  // namespace muster
