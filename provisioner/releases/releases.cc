#include "provisioner/releases/releases.h"

#include <algorithm>

#include "provisioner/base/resources.h"

namespace muster {

namespace {

constexpr const char* kVersionMark = "{version}";

std::string as_template_name(std::string part) {
  std::replace(part.begin(), part.end(), '-', '_');
  return part;
}

}  // namespace

bool Release::out_of_support(const std::string& today) const {
  return !today.empty() && supported_until < today;  // ISO dates sort as texts
}

bool ReleaseFact::holds(const Version& version) const {
  auto minor = version.of_minor();
  return (!since || *since <= minor) && (!until || minor <= *until);
}

const Release* Releases::find(const Version& version) const {
  auto found = std::find_if(minors.begin(), minors.end(), [&](const Release& release) {
    return release.minor == version.of_minor();
  });
  return found == minors.end() ? nullptr : &*found;
}

const std::map<std::string, std::string>& Releases::parts_of(const std::string& version) const {
  const auto* release = find(parse_version(version).value_or(Version{}));
  return release == nullptr ? parts : release->parts;
}

ReleaseValues Releases::values(const std::string& version) const {
  const auto parsed = parse_version(version).value_or(Version{});
  ReleaseValues values;
  values.texts = {{"version", version}, {"minor", parsed.minor_text()}};
  for (const auto& [part, number] : parts_of(version)) {
    values.texts[as_template_name(part)] = number;
    if (auto image = images.find(part); image != images.end()) {
      auto name = image->second;
      name.replace(name.find(kVersionMark), std::string_view(kVersionMark).size(), number);
      values.texts[as_template_name(part) + "_image"] = name;
    }
  }
  for (const auto& fact : facts) values.facts[fact.name] = fact.holds(parsed);
  return values;
}

const Releases& known_releases() {
  static const Releases releases = parse_releases(std::string(resource("roles/releases.yaml")));
  return releases;
}

}  // namespace muster
