#include "provisioner/artifacts/artifacts.h"

#include "provisioner/artifacts/archive.h"
#include "provisioner/artifacts/downloads.h"
#include "provisioner/artifacts/registry.h"
#include "provisioner/artifacts/sums.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/sha256.h"
#include "provisioner/base/text.h"
#include "provisioner/releases/releases.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

std::string label(const ArtifactKey& key) { return key.name + " " + key.version; }

/// A checksum proves nothing when it came over a line that anyone may write on; loopback is ours.
bool trusted(const std::string& url) {
  for (const char* prefix : {"https://", "http://127.0.0.1:", "http://localhost:"}) {
    if (url.rfind(prefix, 0) == 0) return true;
  }
  return false;
}

/// A node can have it from there too, unlike what this machine alone serves.
bool is_remote(const std::string& url) {
  if (url.rfind("http://", 0) != 0 && url.rfind("https://", 0) != 0) return false;
  auto host = url.substr(url.find("://") + 3);
  return host.rfind("127.", 0) != 0 && host.rfind("localhost", 0) != 0 &&
         host.rfind("[::1]", 0) != 0;
}

std::string file_of(const std::string& url) { return url.substr(url.rfind('/') + 1); }

/// What is said of the outputs of a build.
std::string origin_of(const BuildRule& rule, const ArtifactKey& key) {
  return expand(rule.origin, key);
}

}  // namespace

Artifacts::Artifacts(fs::path cache, const std::string& catalog, Scripts scripts)
    : root_(cache),
      catalog_(parse_catalog(catalog)),
      cache_(cache),
      http_(download_rules()),
      builder_(cache, std::move(scripts)) {}

const CatalogEntry& Artifacts::entry(const std::string& name) const {
  if (const auto* found = catalog_.find(name)) return *found;
  std::vector<std::string> names;
  for (const auto& known : catalog_.entries) names.push_back(known.name);
  Error error("the catalog has no artifact '" + name + "'");
  if (auto near = nearest(name, names)) error.hint("did you mean '" + *near + "'?");
  throw error;
}

std::string Artifacts::source(const std::string& pattern, const ArtifactKey& key) const {
  return mirrors_.resolve(expand(pattern, key));
}

std::optional<Artifact> Artifacts::cached(const CatalogEntry& entry, const ArtifactKey& key) const {
  auto found = cache_.find(key);
  if (!found) return found;
  found->node_downloads = entry.node_downloads;
  for (const auto& pattern : entry.urls) {
    // Only there is it known to be the same file: what is built here has another hash.
    auto url = source(pattern, key);
    if (!offline_ && url == found->origin && found->bundle.empty() && is_remote(url)) {
      found->url = url;
    }
  }
  if (found->origin.find("://") != std::string::npos) return found;
  // Built by a recipe that is no longer ours: it may have the fault that the new one mends.
  const auto* rule = catalog_.build(entry.build);
  if (rule == nullptr || origin_of(*rule, key) != found->origin) return std::nullopt;
  return found;
}

std::vector<Artifacts::Listed> Artifacts::list(const std::string& kubernetes_version,
                                               const std::string& arch) const {
  std::vector<Listed> out;
  for (const auto& entry : catalog_.entries) {
    auto key = entry.key(kubernetes_version, arch);
    Listed listed{key.name, key.version, key.arch, "", "", "", false, 0};
    if (auto found = cached(entry, key)) {
      listed.sha256 = found->sha256;
      listed.origin = found->origin;
      listed.bundle = found->bundle;
      listed.cached = true;
      listed.bytes = fs::file_size(found->file);
    } else if (!entry.urls.empty()) {
      listed.origin = source(entry.urls.front(), key);
    } else if (!entry.manifest_url.empty()) {
      listed.origin = source(entry.manifest_url, key);
    } else {
      listed.origin = origin_of(*catalog_.build(entry.build), key);
    }
    out.push_back(std::move(listed));
  }
  return out;
}

std::optional<Artifact> Artifacts::find(const std::string& name,
                                        const std::string& kubernetes_version,
                                        const std::string& arch) const {
  const auto& wanted = entry(name);
  return cached(wanted, wanted.key(kubernetes_version, arch));
}

bool Artifacts::can_fetch(const std::string& name, const std::string& arch) const {
  const auto& wanted = entry(name);
  if (offline_ || std::ranges::find(wanted.arches, arch) == wanted.arches.end()) return false;
  return arch == machine_arch() || !wanted.urls.empty() || !wanted.manifest_url.empty();
}

std::vector<std::pair<std::string, std::string>> Artifacts::fetch(
    const std::vector<std::string>& names, const std::string& kubernetes_version,
    const std::string& arch, const Note& note) {
  std::vector<std::pair<std::string, std::string>> left_out;
  std::vector<std::string> missing;  // offline
  for (const auto& name : names) {
    const auto& wanted = entry(name);
    auto key = wanted.key(kubernetes_version, arch);
    if (cached(wanted, key)) continue;
    if (offline_) {
      if (wanted.optional.empty()) {
        missing.push_back(label(key));
      } else {
        left_out.emplace_back(name, "it is neither in the cache nor in the bundle");
      }
      continue;
    }
    make_directory(root_);
    FileLock lock(root_ / "lock");
    Tried tried;
    if (cached(wanted, key) || bring(wanted, key, note, tried)) continue;
    if (wanted.optional.empty()) {
      Error error("cannot get " + label(key) + " for " + arch + "; tried in vain:");
      for (const auto& attempt : tried) error.hint("- " + attempt);
      throw error.hint("give this machine a way to one of them, then run it again");
    }
    note(label(key) + ": left out; " + wanted.optional);
    left_out.emplace_back(name, join(tried, "; "));
  }
  if (!missing.empty()) {
    throw Error("neither in the cache nor in the bundle, for " + arch + ": " + join(missing, ", "))
        .hint("where there is a network, make a bundle that has it: muster bundle create FILE");
  }
  return left_out;
}

bool Artifacts::bring(const CatalogEntry& entry, const ArtifactKey& key, const Note& note,
                      Tried& tried) {
  if (std::find(entry.arches.begin(), entry.arches.end(), key.arch) == entry.arches.end()) {
    tried.push_back("the catalog has it for " + join(entry.arches, ", ") + " only");
    return false;
  }
  return download(entry, key, note, tried) || pull(entry, key, note, tried) ||
         build(entry, key, note, tried);
}

std::string Artifacts::expected_sha256(const CatalogEntry& entry, const ArtifactKey& key,
                                       const std::string& url, Tried& tried) {
  if (auto pin = entry.sha256.find(key.version + "/" + key.arch); pin != entry.sha256.end()) {
    return pin->second;
  }
  auto source = mirrors_.resolve(expand(entry.sha256_url, key, url));
  if (!trusted(source)) {
    tried.push_back(url + ": nothing to check it against (no pinned sha256, none over https)");
    return "";
  }
  const auto text = http_.call(text_request(source));
  auto hex = text.good() ? sha256_in(text.response.body, file_of(url)) : "";
  if (hex.empty()) {
    auto none = "it holds no sha256 of '" + file_of(url) + "'";
    tried.push_back(source + ": " + (text.good() ? none : text.problem()));
  }
  return hex;
}

bool Artifacts::download(const CatalogEntry& entry, const ArtifactKey& key, const Note& note,
                         Tried& tried) {
  for (const auto& pattern : entry.urls) {
    auto url = source(pattern, key);
    auto expected = expected_sha256(entry, key, url, tried);
    if (expected.empty()) {
      note(label(key) + ": " + tried.back());
      continue;
    }
    // Named by content: what a mirror began, another may end.
    make_directory(root_ / "partial");
    auto part = root_ / "partial" / expected;
    note(label(key) + ": downloading " + url);
    auto problem = http_.call(file_request(url, part, label(key), note)).problem();
    if (problem.empty()) {
      auto got = sha256_of_file(part);
      if (got != expected) {
        problem = "refused: its sha256 is " + got + ", not " + expected;
      } else if (entry.member.empty()) {
        cache_.take(key, part, {url});
        return true;
      } else {
        problem = take_members(entry, key, url, part);
      }
      fs::remove(part);
      if (problem.empty()) return true;
    }
    tried.push_back(url + ": " + problem);
    note(label(key) + ": " + tried.back());
  }
  return false;
}

std::string Artifacts::take_member(const CatalogEntry& entry, const ArtifactKey& key,
                                   const std::string& url, const fs::path& archive) {
  auto member = expand(entry.member, key);
  auto file = root_ / "partial" / key.text();
  auto problem = extract_member(archive, member, file);
  if (problem.empty()) cache_.take(key, file, {url + "#" + member});
  return problem;
}

/// The others of the same archive come along: it is not fetched once more for them.
std::string Artifacts::take_members(const CatalogEntry& entry, const ArtifactKey& key,
                                    const std::string& url, const fs::path& archive) {
  auto problem = take_member(entry, key, url, archive);
  for (const auto& other : catalog_.entries) {
    const ArtifactKey also{other.name, key.version, key.arch};
    bool here = std::ranges::any_of(
        other.urls, [&](const std::string& pattern) { return source(pattern, also) == url; });
    if (other.member.empty() || !here || cached(other, also)) continue;
    take_member(other, also, url, archive);
  }
  return problem;
}

bool Artifacts::pull(const CatalogEntry& entry, const ArtifactKey& key, const Note& note,
                     Tried& tried) {
  if (entry.manifest_url.empty()) return false;
  auto url = source(entry.manifest_url, key);
  auto folder = root_ / "partial" / key.text();
  std::string problem = "refused: not https";
  if (trusted(url)) {
    note(label(key) + ": pulling " + url);
    problem = pull_image(http_, {url, expand(entry.ref, key), key.arch}, folder, note);
  }
  if (!problem.empty()) {
    tried.push_back(url + ": " + problem);
    note(label(key) + ": " + tried.back());
    return false;
  }
  cache_.take(key, folder / "image.tar", {url});
  fs::remove_all(folder);
  return true;
}

bool Artifacts::build(const CatalogEntry& entry, const ArtifactKey& key, const Note& note,
                      Tried& tried) {
  const auto* rule = catalog_.build(entry.build);
  if (rule == nullptr) return false;
  auto script = "artifacts/" + rule->run.front();
  const auto versions = builder_.versions(*rule);
  if (std::ranges::find(versions, key.version) == versions.end() || key.arch != machine_arch()) {
    tried.push_back(script + ": builds " + join(versions, ", ") + " for " + machine_arch() +
                    " only");
    return false;
  }
  try {
    builder_.make(*rule, key.version, expand(entry.output, key), note);
  } catch (const Error& error) {
    if (error.exit_code() == ExitCode::interrupted) throw;
    tried.push_back(script + ": " + error.what());
    note(label(key) + ": " + tried.back());
    return false;
  }
  // One build makes several artifacts: all are taken.
  for (const auto& other : catalog_.entries) {
    if (other.build != entry.build || other.version != entry.version) continue;
    const ArtifactKey made{other.name, key.version, key.arch};
    auto file = builder_.directory(rule->name, key.version) / expand(other.output, made);
    if (fs::exists(file)) cache_.take(made, file, {origin_of(*rule, key)});
  }
  return true;
}

std::vector<Artifact> Artifacts::verify() { return cache_.verify(); }

std::vector<Artifact> Artifacts::out_of_bundles() const {
  auto found = cache_.all();
  std::erase_if(found, [](const Artifact& artifact) { return artifact.bundle.empty(); });
  return found;
}

std::string fetch_command(const std::string& kubernetes_version, const std::string& arch) {
  auto command = std::string("muster artifacts fetch");
  if (kubernetes_version != known_releases().default_version.text()) {
    command += " --kubernetes " + kubernetes_version;
  }
  return command + (arch == machine_arch() ? "" : " --arch " + arch);
}

}  // namespace muster
