#include "provisioner/artifacts/catalog.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "provisioner/artifacts/sums.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/releases/releases.h"

namespace muster {

namespace {

constexpr const char* kVersionMark = "{version}";
constexpr const char* kKubernetes = "kubernetes";

[[noreturn]] void refuse(const YAML::Node& at, const std::string& message) {
  throw Error("artifacts/catalog.yaml:" + std::to_string(at.Mark().line + 1) + ": " + message);
}

void check_keys(const YAML::Node& map, const std::vector<std::string>& known) {
  if (!map.IsMap()) refuse(map, "expected a map");
  for (const auto& item : map) {
    auto key = item.first.as<std::string>();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      refuse(item.first, "unknown key '" + key + "'");
    }
  }
}

std::string text(const YAML::Node& map, const char* key) {
  auto node = map[key];
  if (!node) return "";
  if (!node.IsScalar()) refuse(node, "'" + std::string(key) + "' must be text");
  return node.as<std::string>();
}

std::string required(const YAML::Node& map, const char* key) {
  auto value = text(map, key);
  if (value.empty()) refuse(map, "'" + std::string(key) + "' is missing");
  return value;
}

/// One text, or a list of them.
std::vector<std::string> texts(const YAML::Node& map, const char* key) {
  auto node = map[key];
  if (!node) return {};
  if (node.IsScalar()) return {node.as<std::string>()};
  if (!node.IsSequence()) refuse(node, "'" + std::string(key) + "' must be a list");
  return node.as<std::vector<std::string>>();
}

BuildRule parse_build(const std::string& name, const YAML::Node& node) {
  check_keys(node, {"version", "run", "origin"});
  BuildRule rule;
  rule.name = name;
  rule.version = text(node, "version");
  rule.run = split(required(node, "run"), ' ');
  rule.origin = required(node, "origin");
  if (rule.version.empty() && text(node, "run").find(kVersionMark) == std::string::npos) {
    refuse(node["run"], "there is neither a 'version' nor a {version} in 'run'");
  }
  return rule;
}

std::map<std::string, std::string> parse_pins(const YAML::Node& node) {
  std::map<std::string, std::string> pins;
  if (!node) return pins;
  for (const auto& pin : node) {
    auto hex = pin.second.as<std::string>();
    if (!is_sha256(hex)) refuse(pin.second, "'" + hex + "' is no sha256 in lower-case hex");
    pins[pin.first.as<std::string>()] = hex;
  }
  return pins;
}

NodeDownloads parse_node_downloads(const YAML::Node& node) {
  if (!node) return NodeDownloads::when_slow;
  auto word = node.IsScalar() ? node.as<std::string>() : "";
  if (word == "slow") return NodeDownloads::when_slow;
  if (word == "first") return NodeDownloads::first;
  if (word == "never") return NodeDownloads::never;
  refuse(node, "'node_downloads' must be slow, first or never");
}

/// A version, or where the release data has it.
std::string parse_version_of(const YAML::Node& node) {
  auto version = required(node, "version");
  const auto& parts = known_releases().parts;
  bool fixed = version.find_first_of("0123456789") == (version.starts_with('v') ? 1 : 0);
  if (!fixed && version != kKubernetes && parts.count(version) == 0) {
    refuse(node["version"], "'" + version + "' is neither a version nor a part of a release");
  }
  return version;
}

/// What is wrong only together.
void check_sources(const YAML::Node& node, const CatalogEntry& entry, const Catalog& catalog) {
  if (!entry.build.empty() && catalog.build(entry.build) == nullptr) {
    refuse(node["build"], "no build '" + entry.build + "'");
  }
  if (!entry.build.empty() && entry.output.empty()) refuse(node, "'output' is missing");
  if (entry.urls.empty() && entry.manifest_url.empty() && entry.build.empty()) {
    refuse(node, "there is neither a 'url' nor a 'manifest_url' nor a 'build'");
  }
  if (!entry.urls.empty() && entry.sha256_url.empty() && entry.sha256.empty()) {
    refuse(node, "a 'url' needs a 'sha256' or a 'sha256_url'");
  }
  if (!entry.member.empty() && entry.urls.empty()) {
    refuse(node["member"], "a 'member' needs the 'url' of its archive");
  }
}

void parse_entries(const YAML::Node& node, Catalog& catalog) {
  check_keys(node, {"name", "version", "arch", "url", "mirrors", "member", "sha256", "sha256_url",
                    "manifest_url", "ref", "build", "output", "optional", "node_downloads"});
  CatalogEntry entry;
  entry.version = parse_version_of(node);
  entry.arches = texts(node, "arch");
  entry.urls = texts(node, "url");
  for (auto& mirror : texts(node, "mirrors")) entry.urls.push_back(std::move(mirror));
  entry.member = text(node, "member");
  entry.sha256 = parse_pins(node["sha256"]);
  entry.sha256_url = text(node, "sha256_url");
  entry.manifest_url = text(node, "manifest_url");
  entry.ref = text(node, "ref");
  entry.build = text(node, "build");
  entry.output = text(node, "output");
  entry.optional = text(node, "optional");
  entry.node_downloads = parse_node_downloads(node["node_downloads"]);
  check_sources(node, entry, catalog);
  auto names = texts(node, "name");
  if (names.empty()) refuse(node, "'name' is missing");
  for (auto& name : names) {
    entry.name = std::move(name);
    if (catalog.find(entry.name) != nullptr) refuse(node, "'" + entry.name + "' is there twice");
    catalog.entries.push_back(entry);
  }
}

}  // namespace

ArtifactKey CatalogEntry::key(const std::string& kubernetes_version,
                              const std::string& arch) const {
  ArtifactKey key{name, version == kKubernetes ? kubernetes_version : version, arch};
  const auto& parts = known_releases().parts_of(kubernetes_version);
  if (auto part = parts.find(version); part != parts.end()) key.version = part->second;
  // They become part of a file's name.
  for (const auto& part : {key.version, key.arch}) {
    if (part.empty() || part.find('/') != std::string::npos) {
      throw Error("there is no " + name + " of version '" + key.version + "' for '" + arch + "'");
    }
  }
  return key;
}

const CatalogEntry* Catalog::find(const std::string& name) const {
  auto found = std::find_if(entries.begin(), entries.end(),
                            [&](const CatalogEntry& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

const BuildRule* Catalog::build(const std::string& name) const {
  auto found = std::find_if(builds.begin(), builds.end(),
                            [&](const BuildRule& rule) { return rule.name == name; });
  return found == builds.end() ? nullptr : &*found;
}

Catalog parse_catalog(const std::string& yaml) try {
  Catalog catalog;
  auto root = YAML::Load(yaml);
  check_keys(root, {"builds", "artifacts"});
  for (const auto& item : root["builds"]) {
    catalog.builds.push_back(parse_build(item.first.as<std::string>(), item.second));
  }
  for (const auto& node : root["artifacts"]) parse_entries(node, catalog);
  return catalog;
} catch (const YAML::Exception& error) {
  throw Error("artifacts/catalog.yaml:" + std::to_string(error.mark.line + 1) + ": " + error.msg);
}

std::string expand(std::string text, const ArtifactKey& key, const std::string& url) {
  const auto number = key.version.starts_with('v') ? key.version.substr(1) : key.version;
  const std::pair<std::string_view, const std::string&> values[] = {{"{url}", url},
                                                                    {"{name}", key.name},
                                                                    {kVersionMark, key.version},
                                                                    {"{number}", number},
                                                                    {"{arch}", key.arch}};
  for (const auto& [name, value] : values) {
    for (auto at = text.find(name); at != std::string::npos;
         at = text.find(name, at + value.size())) {
      text.replace(at, name.size(), value);
    }
  }
  return text;
}

}  // namespace muster
