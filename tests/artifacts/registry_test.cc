#include "provisioner/artifacts/registry.h"

#include <doctest/doctest.h>

#include "provisioner/artifacts/downloads.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/sha256.h"
#include "tests/support/folder.h"
#include "tests/support/http_server.h"

using namespace muster;
namespace fs = std::filesystem;

namespace {

/// A registry with one image of two layers, made for amd64 only.
struct Registry {
  Registry() {
    auto manifest = "{\"config\":{\"digest\":\"" + blob("the config") +
                    "\"},\"layers\":[{\"digest\":\"" + blob("layer one") + "\"},{\"digest\":\"" +
                    blob("layer two") + "\"}]}";
    auto digest = "sha256:" + sha256(manifest);
    server.serve("/v2/dns/manifests/" + digest, {manifest});
    server.serve("/v2/dns/manifests/v1",
                 {"{\"manifests\":[{\"digest\":\"sha256:0\",\"platform\":{\"os\":\"linux\","
                  "\"architecture\":\"s390x\"}},{\"digest\":\"" +
                  digest + "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}"});
  }

  std::string blob(const std::string& content) {
    auto digest = "sha256:" + sha256(content);
    server.serve("/v2/dns/blobs/" + digest, {content});
    return digest;
  }

  std::string pull(const std::string& arch) {
    HttpClient http(download_rules());
    return pull_image(http, {server.url("/v2/dns/manifests/v1"), "k8s.gcr.io/dns:1", arch},
                      folder.path() / "work", [](const std::string&) {});
  }

  fs::path image() const { return folder.path() / "work" / "image.tar"; }

  std::string member(const std::string& name) const {
    return run_or_throw({"tar", "-xOf", image(), name});
  }

  HttpServer server;
  TestFolder folder;
};

}  // namespace

TEST_CASE("registry: an image becomes an archive with its config, its layers and our name") {
  Registry registry;
  REQUIRE(registry.pull("amd64") == "");
  CHECK(registry.member("manifest.json") ==
        "[{\"Config\":\"" + sha256("the config") + ".json\",\"Layers\":[\"" + sha256("layer one") +
            ".tar\",\"" + sha256("layer two") + ".tar\"],\"RepoTags\":[\"k8s.gcr.io/dns:1\"]}]");
  CHECK(registry.member(sha256("the config") + ".json") == "the config");
  CHECK(registry.member(sha256("layer two") + ".tar") == "layer two");
}

TEST_CASE("registry: the same image gives the same bytes") {
  Registry registry;
  REQUIRE(registry.pull("amd64") == "");
  auto first = sha256_of_file(registry.image());
  fs::remove_all(registry.folder.path() / "work");
  REQUIRE(registry.pull("amd64") == "");
  CHECK(sha256_of_file(registry.image()) == first);
}

TEST_CASE("registry: a layer that is not its digest's is refused") {
  Registry registry;
  auto digest = "sha256:" + sha256("layer one");
  registry.server.serve("/v2/dns/blobs/" + digest, {"something else"});
  CHECK(registry.pull("amd64") == "the part '" + digest + "' came with another content");
  CHECK_FALSE(fs::exists(registry.image()));
}

TEST_CASE("registry: an image that is not made for the machine says so") {
  Registry registry;
  CHECK(registry.pull("arm64") == "the image is not made for arm64");
}

TEST_CASE("registry: a digest cannot name a path, a page is no manifest, a 404 is a 404") {
  Registry registry;
  registry.server.serve("/v2/dns/manifests/v1",
                        {"{\"config\":{\"digest\":\"sha256:../../x\"},\"layers\":[]}"});
  CHECK(registry.pull("amd64") ==
        "the registry sent the digest 'sha256:../../x', which is no sha256");
  registry.server.serve("/v2/dns/manifests/v1", {"<html>"});
  CHECK(registry.pull("amd64") == "the registry's answer is not a manifest");
  registry.server.serve("/v2/dns/manifests/v1", {"", 404});
  CHECK(registry.pull("amd64") == "the server answered 404");
}
