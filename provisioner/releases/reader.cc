#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/releases/releases.h"

namespace muster {

namespace {

constexpr const char* kFile = "roles/releases.yaml";

[[noreturn]] void refuse(const YAML::Node& at, const std::string& message) {
  throw Error(std::string(kFile) + ":" + std::to_string(at.Mark().line + 1) + ": " + message);
}

void check_keys(const YAML::Node& map, const std::vector<std::string>& known) {
  if (!map.IsMap()) refuse(map, "expected a map");
  std::set<std::string> seen;
  for (const auto& item : map) {
    auto key = item.first.as<std::string>();
    if (!seen.insert(key).second) refuse(item.first, "'" + key + "' is there twice");
    if (known.empty() || std::find(known.begin(), known.end(), key) != known.end()) continue;
    auto near = nearest(key, known);
    refuse(item.first,
           "unknown key '" + key + "'" + (near ? " (did you mean '" + *near + "'?)" : ""));
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

Version version_at(const YAML::Node& node) {
  auto text = node.IsScalar() ? node.as<std::string>() : "";
  if (auto version = parse_version(text)) return *version;
  refuse(node, "'" + text + "' is no release such as v1.37.2");
}

Version minor_at(const YAML::Node& node) {
  auto text = node.IsScalar() ? node.as<std::string>() : "";
  if (auto minor = parse_minor(text)) return *minor;
  refuse(node, "'" + text + "' is no minor release such as v1.37");
}

/// "2027-10-28". That the month has such a day is for the writer to know.
bool is_date(const std::string& text) {
  const std::string_view form = "0000-00-00";
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    bool digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == '0' ? !digit : text[i] != form[i]) return false;
  }
  return text.substr(5, 2) >= "01" && text.substr(5, 2) <= "12" && text.substr(8) >= "01" &&
         text.substr(8) <= "31";
}

/// Parts and facts become names in templates, versions parts of names of files.
bool is_word(const std::string& text, std::string_view others) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

std::map<std::string, std::string> parse_parts(const YAML::Node& node) {
  std::map<std::string, std::string> parts;
  if (!node) return parts;
  check_keys(node, {});
  for (const auto& item : node) {
    auto name = item.first.as<std::string>();
    auto version = item.second.IsScalar() ? item.second.as<std::string>() : "";
    if (!is_word(name, "-")) refuse(item.first, "'" + name + "' is no name of a part");
    if (!is_word(version, ".-")) {
      refuse(item.second, "'" + version + "' is no version such as v3.6.16");
    }
    parts[name] = version;
  }
  return parts;
}

Release parse_release(const YAML::Node& node, const std::map<std::string, std::string>& parts) {
  check_keys(node,
             {"minor", "newest", "tried", "supported_until", "records_only", "parts", "source"});
  Release release;
  required(node, "minor");
  required(node, "newest");
  release.minor = minor_at(node["minor"]);
  release.newest = version_at(node["newest"]);
  release.supported_until = required(node, "supported_until");
  release.source = required(node, "source");
  if (!is_date(release.supported_until)) {
    refuse(node["supported_until"], "'" + release.supported_until + "' is no date: YYYY-MM-DD");
  }
  if (auto only = text(node, "records_only"); !only.empty()) {
    if (only != "true" && only != "false") {
      refuse(node["records_only"], "'records_only' must be true or false");
    }
    release.records_only = only == "true";
  }
  if (release.newest.of_minor() != release.minor) {
    refuse(node["newest"],
           release.newest.text() + " is no release of " + release.minor.minor_text());
  }
  if (node["tried"] && !node["tried"].IsSequence()) {
    refuse(node["tried"], "'tried' must be a list");
  }
  for (const auto& item : node["tried"]) {
    auto version = version_at(item);
    if (version.of_minor() != release.minor || version > release.newest) {
      refuse(item, version.text() + " is no known release of " + release.minor.minor_text());
    }
    release.tried.push_back(version);
  }
  std::sort(release.tried.begin(), release.tried.end());
  release.parts = parts;
  for (auto& [name, version] : parse_parts(node["parts"])) {
    if (parts.count(name) == 0) {
      refuse(node["parts"], "'" + name + "' is none of 'parts' at the top");
    }
    release.parts[name] = version;
  }
  return release;
}

std::map<std::string, std::string> parse_images(const YAML::Node& node, const Releases& releases) {
  std::map<std::string, std::string> images;
  if (!node) return images;
  check_keys(node, {});
  for (const auto& item : node) {
    auto part = item.first.as<std::string>();
    auto name = item.second.IsScalar() ? item.second.as<std::string>() : "";
    if (releases.parts.count(part) == 0) {
      refuse(item.first, "'" + part + "' is none of 'parts'");
    }
    if (name.find("{version}") == std::string::npos) {
      refuse(item.second, "'" + name + "' has no {version}");
    }
    images[part] = name;
  }
  return images;
}

ReleaseFact parse_fact(const YAML::Node& node) {
  check_keys(node, {"name", "kind", "component", "what", "since", "until", "source"});
  static const std::vector<std::string> kKinds{"flag", "field", "api", "label", "wait"};
  ReleaseFact fact;
  fact.name = required(node, "name");
  fact.kind = required(node, "kind");
  fact.component = required(node, "component");
  fact.what = required(node, "what");
  fact.source = required(node, "source");
  if (!is_word(fact.name, "_")) refuse(node["name"], "'" + fact.name + "' is no name of a fact");
  if (std::find(kKinds.begin(), kKinds.end(), fact.kind) == kKinds.end()) {
    refuse(node["kind"], "'kind' must be " + join(kKinds, ", ") + ", not '" + fact.kind + "'");
  }
  if (node["since"]) fact.since = minor_at(node["since"]);
  if (node["until"]) fact.until = minor_at(node["until"]);
  if (!fact.since && !fact.until) refuse(node, "there is neither a 'since' nor an 'until'");
  if (fact.since && fact.until && *fact.since > *fact.until) {
    refuse(node["until"], "'until' is before 'since'");
  }
  return fact;
}

Version part_version_at(const YAML::Node& node, const std::string& text) {
  if (auto version = parse_version(text)) return *version;
  refuse(node, "'" + text + "' is no version such as v3.6.16");
}

/// What Kubernetes takes of a part: every release that is installed must have it within.
void check_range(const YAML::Node& node, const Releases& releases) {
  check_keys(node, {"part", "since", "until", "least", "below", "source"});
  const auto part = required(node, "part");
  required(node, "source");
  if (releases.parts.count(part) == 0) refuse(node["part"], "'" + part + "' is none of 'parts'");
  const auto least = part_version_at(node, required(node, "least"));
  const auto below = text(node, "below");
  for (const auto& release : releases.minors) {
    if (release.records_only || (node["since"] && release.minor < minor_at(node["since"])) ||
        (node["until"] && minor_at(node["until"]) < release.minor)) {
      continue;
    }
    const auto version = part_version_at(node, release.parts.at(part));
    const auto what = "Kubernetes " + release.minor.minor_text() + " has " + part + " " +
                      version.text() + ", and takes ";
    if (version < least) refuse(node, what + least.text() + " and later");
    if (!below.empty() && version >= part_version_at(node, below)) {
      refuse(node, what + "those before " + below);
    }
  }
}

/// A template could not tell two values of one name.
void check_names(const YAML::Node& facts, const Releases& releases) {
  std::set<std::string> names;
  const auto texts = releases.values(releases.default_version.text()).texts;
  for (const auto& [name, value] : texts) names.insert(name);
  for (const auto& node : facts) {
    auto name = text(node, "name");
    if (!names.insert(name).second) refuse(node["name"], "'" + name + "' is there twice");
  }
}

std::vector<Release> parse_minors(const YAML::Node& node,
                                  const std::map<std::string, std::string>& parts) {
  std::vector<Release> minors;
  for (const auto& item : node) {
    auto release = parse_release(item, parts);
    if (!minors.empty() && minors.back().minor >= release.minor) {
      refuse(item["minor"],
             release.minor.minor_text() + " must come before " + minors.back().minor.minor_text());
    }
    minors.push_back(std::move(release));
  }
  return minors;
}

}  // namespace

Releases parse_releases(const std::string& yaml) try {
  auto root = YAML::Load(yaml);
  check_keys(root, {"default", "releases", "parts", "ranges", "images", "facts"});
  for (const char* key : {"default", "releases", "parts"}) {
    if (!root[key]) refuse(root, "'" + std::string(key) + "' is missing");
  }
  for (const char* key : {"releases", "ranges", "facts"}) {
    if (root[key] && !root[key].IsSequence()) {
      refuse(root[key], "'" + std::string(key) + "' must be a list");
    }
  }
  Releases releases;
  releases.parts = parse_parts(root["parts"]);
  releases.minors = parse_minors(root["releases"], releases.parts);
  releases.default_version = version_at(root["default"]);
  const auto* chosen = releases.find(releases.default_version);
  if (chosen == nullptr ||
      std::ranges::find(chosen->tried, releases.default_version) == chosen->tried.end()) {
    refuse(root["default"], releases.default_version.text() + " is none of those 'tried'");
  }
  for (const auto& item : root["ranges"]) check_range(item, releases);
  releases.images = parse_images(root["images"], releases);
  for (const auto& item : root["facts"]) releases.facts.push_back(parse_fact(item));
  check_names(root["facts"], releases);
  return releases;
} catch (const YAML::Exception& error) {
  throw Error(std::string(kFile) + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
}

}  // namespace muster
