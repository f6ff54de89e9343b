#include "provisioner/artifacts/catalog.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "provisioner/artifacts/build.h"
#include "provisioner/base/error.h"
#include "provisioner/base/resources.h"
#include "provisioner/releases/releases.h"

using namespace muster;

namespace {

std::string mistake(const std::string& yaml) {
  try {
    parse_catalog(yaml);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("catalog: the embedded one names all that a cluster needs") {
  auto catalog = parse_catalog(std::string(find_resource("artifacts/catalog.yaml").value()));
  for (const char* name : {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet",
                           "kube-proxy", "kubectl", "etcd", "etcdctl", "etcdutl", "containerd",
                           "containerd-shim-runc-v2", "ctr", "runc", "crictl", "cni-bridge",
                           "cni-host-local", "cni-loopback", "cni-portmap", "pause-image"}) {
    CAPTURE(name);
    REQUIRE(catalog.find(name) != nullptr);
    CHECK(catalog.find(name)->optional.empty());
  }
  CHECK_FALSE(catalog.find("coredns-image")->optional.empty());
  CHECK_FALSE(catalog.find("busybox-image")->optional.empty());
}

TEST_CASE("catalog: the cluster's version fills the address; a fixed version stays") {
  auto catalog = parse_catalog(std::string(find_resource("artifacts/catalog.yaml").value()));
  const auto& kubelet = *catalog.find("kubelet");
  auto key = kubelet.key("v1.36.3", "amd64");
  CHECK(expand(kubelet.urls[0], key) ==
        "https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet");
  CHECK(expand(kubelet.sha256_url, key, expand(kubelet.urls[0], key)) ==
        "https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet.sha256");
  CHECK(catalog.find("busybox-image")->key("v1.36.3", "arm64").text() ==
        "busybox-image@1.35-arm64");
}

TEST_CASE("catalog: a part has the version that belongs to the cluster's release") {
  auto catalog = parse_catalog(std::string(find_resource("artifacts/catalog.yaml").value()));
  for (std::string version : {"v1.34.4", "v1.37.2", "v1.20.2"}) {
    CAPTURE(version);
    const auto& parts = known_releases().parts_of(version);
    CHECK(catalog.find("crictl")->key(version, "amd64").version == parts.at("crictl"));
    CHECK(catalog.find("cni-bridge")->key(version, "amd64").version == parts.at("cni-plugins"));
  }
  CHECK(catalog.find("crictl")->key("v1.34.4", "amd64").version !=
        catalog.find("crictl")->key("v1.37.2", "amd64").version);
}

TEST_CASE("catalog: images have on nodes the names that templates see") {
  auto catalog = parse_catalog(std::string(find_resource("artifacts/catalog.yaml").value()));
  auto texts = known_releases().values("v1.37.2").texts;
  for (std::string part : {"pause", "coredns"}) {
    const auto& image = *catalog.find(part + "-image");
    CHECK(expand(image.ref, image.key("v1.37.2", "amd64")) == texts.at(part + "_image"));
  }
}

TEST_CASE("catalog: all that the default release needs can be built, with pinned hashes") {
  auto catalog = parse_catalog(std::string(find_resource("artifacts/catalog.yaml").value()));
  Builder builder("", embedded_scripts());
  for (const auto& entry : catalog.entries) {
    CAPTURE(entry.name);
    const auto* rule = catalog.build(entry.build);
    REQUIRE(rule != nullptr);
    auto version = entry.key(known_releases().default_version.text(), "amd64").version;
    auto versions = builder.versions(*rule);
    CHECK(std::ranges::find(versions, version) != versions.end());
    if (rule->version.empty()) {
      CHECK(embedded_scripts().count("go/" + rule->name + "/" + version + "/go.sum") == 1);
    }
  }
}

TEST_CASE("catalog: a program of an archive is where upstream puts it") {
  auto catalog = parse_catalog(std::string(find_resource("artifacts/catalog.yaml").value()));
  const auto& ctr = *catalog.find("ctr");
  ArtifactKey key{"ctr", "v2.4.2", "arm64"};
  CHECK(expand(ctr.urls[0], key) ==
        "https://github.com/containerd/containerd/releases/download/v2.4.2/"
        "containerd-2.4.2-linux-arm64.tar.gz");
  CHECK(expand(ctr.member, key) == "bin/ctr");
  CHECK(expand(catalog.find("etcdutl")->member, {"etcdutl", "v3.6.16", "amd64"}) ==
        "etcd-v3.6.16-linux-amd64/etcdutl");
}

TEST_CASE("catalog: a version cannot leave the cache's folder") {
  auto catalog = parse_catalog(std::string(find_resource("artifacts/catalog.yaml").value()));
  CHECK_THROWS_WITH_AS(catalog.find("kubelet")->key("../../etc", "amd64"),
                       "there is no kubelet of version '../../etc' for 'amd64'", Error);
}

TEST_CASE("catalog: whether nodes may download a file") {
  auto parse = [](const std::string& line) {
    return parse_catalog(
               "artifacts:\n  - {name: a, version: v1, arch: [amd64], url: http://x, "
               "sha256_url: https://x" +
               line + "}\n")
        .entries.at(0)
        .node_downloads;
  };
  CHECK(parse("") == NodeDownloads::when_slow);
  CHECK(parse(", node_downloads: slow") == NodeDownloads::when_slow);
  CHECK(parse(", node_downloads: first") == NodeDownloads::first);
  CHECK(parse(", node_downloads: never") == NodeDownloads::never);
  CHECK_THROWS_WITH_AS(parse(", node_downloads: yes"),
                       "artifacts/catalog.yaml:2: 'node_downloads' must be slow, first or never",
                       Error);
}

TEST_CASE("catalog: mistakes are named with their line") {
  CHECK(mistake("artifacts:\n  - name: a\n    version: v1\n    color: red\n") ==
        "artifacts/catalog.yaml:4: unknown key 'color'");
  CHECK(mistake("artifacts:\n  - name: a\n    url: https://x/a\n") ==
        "artifacts/catalog.yaml:2: 'version' is missing");
  CHECK(mistake("artifacts:\n  - name: a\n    version: v1\n    url: https://x/a\n") ==
        "artifacts/catalog.yaml:2: a 'url' needs a 'sha256' or a 'sha256_url'");
  CHECK(mistake("artifacts:\n  - name: a\n    version: v1\n    build: b\n") ==
        "artifacts/catalog.yaml:4: no build 'b'");
  CHECK(mistake("artifacts:\n  - name: a\n    version: v1\n    url: https://x/a\n"
                "    sha256: {v1/amd64: abc}\n") ==
        "artifacts/catalog.yaml:5: 'abc' is no sha256 in lower-case hex");
  CHECK(mistake("artifacts:\n  - name: a\n    version: v1\n") ==
        "artifacts/catalog.yaml:2: there is neither a 'url' nor a 'manifest_url' nor a 'build'");
  CHECK(mistake("builds:\n  b: {run: x.sh, origin: o}\n") ==
        "artifacts/catalog.yaml:2: there is neither a 'version' nor a {version} in 'run'");
  CHECK(mistake("builds:\n  b: {run: \"x.sh {version}\", origin: o}\n") == "none");
  CHECK(mistake("artifacts:\n  - name: a\n    version: etdc\n    build: b\n") ==
        "artifacts/catalog.yaml:3: 'etdc' is neither a version nor a part of a release");
  CHECK(mistake("builds:\n  b: {version: v1, run: x.sh, origin: o}\n"
                "artifacts:\n  - name: a\n    version: v1\n    build: b\n    output: o\n"
                "    member: m\n") ==
        "artifacts/catalog.yaml:8: a 'member' needs the 'url' of its archive");
  CHECK(mistake("artifacts: [\n").rfind("artifacts/catalog.yaml:2: ", 0) == 0);
}
