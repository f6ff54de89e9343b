#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provisioner/releases/version.h"

namespace muster {

/// The releases of one minor: what is known of them, and what belongs to them.
struct Release {
  Version minor;                ///< patch 0
  Version newest;               ///< patch release that is known
  std::vector<Version> tried;   ///< that muster was tried with, oldest first
  std::string supported_until;  ///< by upstream: "2027-10-28"
  bool records_only = false;    ///< nothing new is installed; what is on record is still read
  std::map<std::string, std::string> parts;  ///< "etcd" -> "v3.6.16"
  std::string source;                        ///< where its dates are from

  /// Whether upstream's support has ended on `today` ("2026-11-30"); never when that is empty.
  bool out_of_support(const std::string& today) const;
};

/// Something that only some releases have or want: a flag, a field of a config file, ...
struct ReleaseFact {
  std::string name;       ///< what templates ask: {{#k8s.NAME}}
  std::string kind;       ///< flag, field, api, label or wait
  std::string component;  ///< "kubelet"
  std::string what;
  std::optional<Version> since;  ///< the first minor, empty: all before `until`
  std::optional<Version> until;  ///< the last minor, empty: all from `since` on
  std::string source;

  bool holds(const Version& version) const;
};

/// The texts and truths of one release for templates: k8s.NAME.
struct ReleaseValues {
  std::map<std::string, std::string> texts;  ///< version, minor, parts with "_" for "-", images
  std::map<std::string, bool> facts;
};

/// roles/releases.yaml.
struct Releases {
  Version default_version;
  std::vector<Release> minors;                ///< oldest first
  std::map<std::string, std::string> parts;   ///< of releases that say nothing else
  std::map<std::string, std::string> images;  ///< part -> name with {version}
  std::vector<ReleaseFact> facts;

  /// Of the version's minor; nullptr when that is unknown.
  const Release* find(const Version& version) const;
  const std::map<std::string, std::string>& parts_of(const std::string& version) const;
  /// Of any version: a definition that wants an unknown one can be planned all the same.
  ReleaseValues values(const std::string& version) const;
};

/// Throws Error with file and line for the first mistake.
Releases parse_releases(const std::string& yaml);

/// Those that this muster was built with.
const Releases& known_releases();

}  // namespace muster
