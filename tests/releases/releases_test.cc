#include "provisioner/releases/releases.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>

#include "provisioner/base/error.h"
#include "provisioner/base/resources.h"
#include "provisioner/releases/check.h"

using namespace muster;

namespace {

const std::string kSmall = R"(default: v1.37.2
releases:
  - {minor: v1.20, newest: v1.20.15, supported_until: 2022-02-28, records_only: true, source: s}
  - {minor: v1.33, newest: v1.33.13, supported_until: 2026-06-28, source: s}
  - {minor: v1.36, newest: v1.36.4, tried: [v1.36.3], supported_until: 2027-06-28, source: s,
     parts: {crictl: v1.34.0}}
  - {minor: v1.37, newest: v1.37.2, tried: [v1.37.2, v1.37.0], supported_until: 2027-10-28,
     source: s}
parts:
  cni-plugins: v1.10.0
  crictl: v1.37.0
  pause: 3.10.2
images:
  pause: registry.k8s.io/pause:{version}
facts:
  - {name: old_flag, kind: flag, component: kubelet, what: "--old", until: v1.36, source: s}
  - {name: new_field, kind: field, component: kubelet, what: new, since: v1.36, source: s}
  - {name: for_a_while, kind: api, component: kubelet, what: x, since: v1.33, until: v1.36, source: s}
)";

/// kSmall with one text in place of another.
std::string with(const std::string& part, const std::string& instead) {
  auto text = kSmall;
  auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), instead);
}

std::string mistake(const std::string& yaml) try {
  parse_releases(yaml);
  return "none";
} catch (const Error& error) {
  return error.what();
}

VersionCheck check(const std::string& version, const std::string& today = "") {
  return check_kubernetes_version(parse_releases(kSmall), version, today);
}

}  // namespace

TEST_CASE("releases: the built-in file is whole, and its default is tried and without warnings") {
  const auto& releases = known_releases();
  CHECK(releases.default_version.text() == "v1.37.2");
  auto own = check_kubernetes_version("v1.37.2", "2027-10-28");
  CHECK(own.problem == "");
  CHECK(own.warnings.empty());
  for (const char* minor : {"v1.34", "v1.35", "v1.36", "v1.37"}) {
    CAPTURE(minor);
    const auto* release = releases.find(*parse_minor(minor));
    REQUIRE(release != nullptr);
    CHECK(release->parts.at("etcd") == "v3.6.16");
  }
}

TEST_CASE("releases: every fact is asked by a role, a template or muster test") {
  auto is_asked = [](const ReleaseFact& fact) {
    if (fact.name == "kube_apiserver_exec_websocket") return true;  // by operations/smoke_test.cc
    return std::ranges::any_of(resources(), [&](const Resource& resource) {
      return resource.content.find("k8s." + fact.name) != std::string_view::npos;
    });
  };
  for (const auto& fact : known_releases().facts) {
    CAPTURE(fact.name);
    CHECK(is_asked(fact));
  }
}

TEST_CASE("releases: templates see the release, its parts, its images and what holds in it") {
  auto values = parse_releases(kSmall).values("v1.36.9");
  CHECK(values.texts ==
        std::map<std::string, std::string>{{"version", "v1.36.9"},
                                           {"minor", "v1.36"},
                                           {"cni_plugins", "v1.10.0"},
                                           {"crictl", "v1.34.0"},
                                           {"pause", "3.10.2"},
                                           {"pause_image", "registry.k8s.io/pause:3.10.2"}});
  CHECK(values.facts == std::map<std::string, bool>{
                            {"old_flag", true}, {"new_field", true}, {"for_a_while", true}});
  CHECK(parse_releases(kSmall).values("v1.37.0").facts ==
        std::map<std::string, bool>{
            {"old_flag", false}, {"new_field", true}, {"for_a_while", false}});
  CHECK(parse_releases(kSmall).values("v1.20.2").facts ==
        std::map<std::string, bool>{
            {"old_flag", true}, {"new_field", false}, {"for_a_while", false}});
}

TEST_CASE(
    "releases: a version that no release belongs to has the parts of those that say nothing") {
  auto values = parse_releases(kSmall).values("v1.6.0");
  CHECK(values.texts.at("crictl") == "v1.37.0");
  CHECK(values.facts.at("old_flag"));
  CHECK(parse_releases(kSmall).values("latest").texts.at("version") == "latest");
}

TEST_CASE("releases: a version that was tried has nothing said of it until its support ends") {
  CHECK(check("v1.36.3").warnings.empty());
  CHECK(check("v1.36.3", "2027-06-28").warnings.empty());
  auto late = check("v1.36.3", "2027-06-29");
  CHECK(late.problem == "");
  CHECK(late.instead == "v1.37.2");
  CHECK(late.warnings ==
        std::vector<std::string>{"Kubernetes v1.36 is out of support since 2027-06-28"});
}

TEST_CASE("releases: a patch release that was not tried works, and is said to be untried") {
  auto older = check("v1.37.1");
  CHECK(older.problem == "");
  CHECK(older.instead == "v1.37.2");
  CHECK(older.warnings == std::vector<std::string>{"Kubernetes v1.37.1 is untried: muster was "
                                                   "tried with v1.37.0, v1.37.2"});
  auto newer = check("v1.36.5");
  CHECK(newer.problem == "");
  CHECK(newer.instead == "v1.36.3");
  CHECK(newer.warnings == std::vector<std::string>{"Kubernetes v1.36.5 is untried: this muster "
                                                   "knows v1.36 up to v1.36.4"});
  CHECK(check("v1.33.6", "2026-11-30").warnings ==
        std::vector<std::string>{"Kubernetes v1.33.6 is untried: muster was tried with v1.36.3, "
                                 "v1.37.0, v1.37.2",
                                 "Kubernetes v1.33 is out of support since 2026-06-28"});
}

TEST_CASE("releases: a version that cannot be installed is refused with the nearest that works") {
  auto old = check("v1.28.3");
  CHECK(old.problem ==
        "Kubernetes v1.28.3 is older than v1.33, the oldest release that muster installs");
  CHECK(old.instead == "v1.36.3");
  CHECK(check("v1.28.3", "2027-06-28").instead == "v1.36.3");
  CHECK(check("v1.28.3", "2027-06-29").instead == "v1.37.0");
  CHECK(check("1.36", "2027-06-29").instead == "v1.37.0");
  auto between = check("v1.35.4");
  CHECK(between.problem == "muster knows no Kubernetes v1.35.4");
  CHECK(between.instead == "v1.36.3");
  auto recent = check("v1.38.0");
  CHECK(recent.problem ==
        "Kubernetes v1.38.0 is newer than v1.37, the newest release that this muster knows");
  CHECK(recent.instead == "v1.37.2");
  CHECK(check("v2.0.0").instead == "v1.37.2");
  auto recorded = check("v1.20.2");
  CHECK(recorded.problem ==
        "Kubernetes v1.20.2 is out of support since 2022-02-28: muster still knows the clusters "
        "that it made of it, and makes no new ones");
  CHECK(recorded.instead == "v1.37.2");
}

TEST_CASE("releases: what is no version is refused with what was probably meant") {
  for (std::string text : {"1.37.2", "v1.37", "v1.37.2-rc1", "v1.37.02", "v1.37.-2", "v1.37.2 ", "",
                           "v1.37.2.3", "v99999999999.0.0", "latest", "v1..2", "v", "v1.37.x"}) {
    CAPTURE(text);
    CHECK(check(text).problem == "'" + text + "' is no Kubernetes version such as v1.37.2");
    CHECK_FALSE(is_kubernetes_version(text));
  }
  CHECK(check("1.36.3").instead == "v1.36.3");
  CHECK(check("v1.36").instead == "v1.36.3");
  CHECK(check("1.36").instead == "v1.36.3");
  CHECK(check("latest").instead == "v1.37.2");
}

TEST_CASE("releases: a part beyond what Kubernetes takes of it is a mistake") {
  auto ranges = [](const std::string& range) {
    return mistake(kSmall + "ranges:\n  - {part: crictl, source: s, " + range + "}\n");
  };
  const std::string at = "roles/releases.yaml:20: ";
  CHECK(ranges("least: v1.34.0, below: v1.38.0") == "none");
  CHECK(ranges("since: v1.37, least: v1.37.0") == "none");
  CHECK(ranges("until: v1.33, least: v1.37.0") == "none");
  CHECK(ranges("least: v1.35.0") ==
        at + "Kubernetes v1.36 has crictl v1.34.0, and takes v1.35.0 and later");
  CHECK(ranges("least: v1.34.0, below: v1.37.0") ==
        at + "Kubernetes v1.33 has crictl v1.37.0, and takes those before v1.37.0");
  CHECK(ranges("least: newest") == at + "'newest' is no version such as v3.6.16");
  CHECK(ranges("below: v1.38.0") == at + "'least' is missing");
  CHECK(ranges("least: v1.0.0, from: v1.33") == at + "unknown key 'from'");
  CHECK(mistake(kSmall + "ranges: [{part: etc, least: v1.0.0, source: s}]\n") ==
        "roles/releases.yaml:19: 'etc' is none of 'parts'");
}

TEST_CASE("releases: etcd and containerd have a range that every release must keep to") {
  const auto yaml = std::string(resource("roles/releases.yaml"));
  auto with_part = [&](const std::string& part, const std::string& version) {
    auto text = yaml;
    const auto line = "\n  " + part + ": ";
    auto at = text.find(line);
    REQUIRE(at != std::string::npos);
    at += line.size();
    return mistake(text.replace(at, text.find('\n', at) - at, version));
  };
  CHECK(with_part("etcd", "v3.6.16") == "none");
  CHECK(with_part("etcd", "v3.4.23")
            .ends_with(": Kubernetes v1.34 has etcd v3.4.23, and takes v3.5.24 and later"));
  CHECK(with_part("containerd", "v1.7.28")
            .ends_with(": Kubernetes v1.29 has containerd v1.7.28, and takes v2.0.0 and later"));
  CHECK(with_part("containerd", "v3.0.0")
            .ends_with(": Kubernetes v1.29 has containerd v3.0.0, and takes those before v3.0.0"));
}

TEST_CASE("releases: each mistake in the file is told with its line") {
  const std::string at = "roles/releases.yaml:";
  CHECK(mistake(kSmall) == "none");
  CHECK(mistake(with("default: v1.37.2", "default: v1.37.1")) ==
        at + "1: v1.37.1 is none of those 'tried'");
  CHECK(mistake(with("default: v1.37.2", "default: newest")) ==
        at + "1: 'newest' is no release such as v1.37.2");
  CHECK(mistake(with("default: v1.37.2\n", "")) == at + "1: 'default' is missing");
  CHECK(mistake(with("images:", "image:")) ==
        at + "13: unknown key 'image' (did you mean 'images'?)");
  CHECK(mistake(with("newest: v1.33.13", "newest: v1.34.1")) ==
        at + "4: v1.34.1 is no release of v1.33");
  CHECK(mistake(with("minor: v1.33, newest: v1.33.13", "minor: v1.19, newest: v1.19.16")) ==
        at + "4: v1.19 must come before v1.20");
  CHECK(mistake(with("minor: v1.33", "minor: v1.33.1")) ==
        at + "4: 'v1.33.1' is no minor release such as v1.37");
  CHECK(mistake(with("tried: [v1.36.3]", "tried: [v1.36.7]")) ==
        at + "5: v1.36.7 is no known release of v1.36");
  CHECK(mistake(with("tried: [v1.36.3]", "tried: v1.36.3")) == at + "5: 'tried' must be a list");
  CHECK(mistake(with("2026-06-28", "2026-06")) == at + "4: '2026-06' is no date: YYYY-MM-DD");
  CHECK(mistake(with("2026-06-28", "2026-13-28")) == at + "4: '2026-13-28' is no date: YYYY-MM-DD");
  CHECK(mistake(with("records_only: true", "records_only: yes")) ==
        at + "3: 'records_only' must be true or false");
  CHECK(mistake(with("parts: {crictl:", "parts: {critctl:")) ==
        at + "6: 'critctl' is none of 'parts' at the top");
  CHECK(mistake(with("cni-plugins: v1.10.0", "cni_plugins: v1.10.0")) ==
        at + "10: 'cni_plugins' is no name of a part");
  CHECK(mistake(with("cni-plugins: v1.10.0", "cni-plugins: ../x")) ==
        at + "10: '../x' is no version such as v3.6.16");
  CHECK(mistake(with("pause: registry", "paus: registry")) == at + "14: 'paus' is none of 'parts'");
  CHECK(mistake(with("pause:{version}", "pause:3.2")) ==
        at + "14: 'registry.k8s.io/pause:3.2' has no {version}");
  CHECK(mistake(with("name: old_flag", "name: old-flag")) ==
        at + "16: 'old-flag' is no name of a fact");
  CHECK(mistake(with("name: old_flag", "name: pause_image")) ==
        at + "16: 'pause_image' is there twice");
  CHECK(mistake(with("name: old_flag", "name: new_field")) ==
        at + "17: 'new_field' is there twice");
  CHECK(mistake(with("kind: flag", "kind: flags")) ==
        at + "16: 'kind' must be flag, field, api, label, wait, not 'flags'");
  CHECK(mistake(with("until: v1.36, source: s}\n  - {name: new", "source: s}\n  - {name: new")) ==
        at + "16: there is neither a 'since' nor an 'until'");
  CHECK(mistake(with("since: v1.33, until: v1.36", "since: v1.37, until: v1.36")) ==
        at + "18: 'until' is before 'since'");
  CHECK(mistake(with("what: new, ", "")) == at + "17: 'what' is missing");
  CHECK(mistake(kSmall + "default: v1.37.0\n") == at + "19: 'default' is there twice");
  CHECK(mistake("default: [") == at + "1: end of sequence flow not found");
  CHECK(mistake("- 1\n") == at + "1: expected a map");
}
