#include "provisioner/artifacts/catalog.h"

#include <doctest/doctest.h>

#include "provisioner/artifacts/build.h"
#include "provisioner/base/error.h"
#include "provisioner/base/resources.h"

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
                           "kube-proxy", "kubectl", "pause-image"}) {
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
  auto key = kubelet.key("v1.20.2", "amd64");
  CHECK(expand(kubelet.urls[0], key) ==
        "https://dl.k8s.io/release/v1.20.2/bin/linux/amd64/kubelet");
  CHECK(expand(kubelet.sha256_url, key, expand(kubelet.urls[0], key)) ==
        "https://dl.k8s.io/release/v1.20.2/bin/linux/amd64/kubelet.sha256");
  CHECK(catalog.find("pause-image")->key("v1.20.2", "arm64").text() == "pause-image@3.2-arm64");
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
  CHECK(mistake("builds:\n  b: {version: v1, run: x.sh, origin: o, needs: c/d}\n") ==
        "artifacts/catalog.yaml:2: no build 'c' above this one");
  CHECK(mistake("artifacts: [\n").rfind("artifacts/catalog.yaml:2: ", 0) == 0);
}
