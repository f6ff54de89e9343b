#include "provisioner/artifacts/registry.h"

#include <nlohmann/json.hpp>

#include "provisioner/artifacts/downloads.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/sha256.h"

namespace muster {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// Both the Docker and the OCI names of a manifest and of a list of them, one for each platform.
constexpr const char* kAccept =
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

/// The hex digits of "sha256:<hex>"; they become a file's name.
std::string hex_of(const std::string& digest) {
  auto hex = digest.substr(0, 7) == "sha256:" ? digest.substr(7) : "";
  if (hex.size() != 64 || hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw Error("the registry sent the digest '" + digest + "', which is no sha256");
  }
  return hex;
}

/// Fetches the parts of one image. Throws Error inside; pull_image makes that a value.
class Pull {
 public:
  Pull(HttpClient& http, const RegistryImage& image, fs::path folder,
       const std::function<void(const std::string&)>& note)
      : http_(http), image_(image), folder_(std::move(folder)), note_(note) {}

  void run() {
    auto manifest = fetch_manifest(image_.manifest_url, "");
    if (manifest.contains("manifests")) {
      auto digest = for_our_platform(manifest).at("digest").get<std::string>();
      manifest = fetch_manifest(repository() + "/manifests/" + digest, hex_of(digest));
    }
    std::vector<std::string> layers;
    auto config = fetch_blob(manifest.at("config"), ".json");
    for (const auto& layer : manifest.at("layers")) layers.push_back(fetch_blob(layer, ".tar"));
    json index{{{"Config", config}, {"RepoTags", {image_.ref}}, {"Layers", layers}}};
    write_file(folder_ / "manifest.json", index.dump());
    pack(config, layers);
  }

 private:
  std::string repository() const {
    return image_.manifest_url.substr(0, image_.manifest_url.rfind("/manifests/"));
  }

  json fetch_manifest(const std::string& url, const std::string& hex) {
    auto request = text_request(url);
    request.headers["Accept"] = kAccept;
    const auto result = http_.call(request);
    if (!result.good()) throw Error(result.problem());
    const auto& text = result.response.body;
    if (!hex.empty() && sha256(text) != hex) throw Error("the manifest is not its digest's");
    return json::parse(text);
  }

  const json& for_our_platform(const json& list) const {
    for (const auto& manifest : list.at("manifests")) {
      const auto& platform = manifest.at("platform");
      if (platform.at("os") == "linux" && platform.at("architecture") == image_.arch) {
        return manifest;
      }
    }
    throw Error("the image is not made for " + image_.arch);
  }

  std::string fetch_blob(const json& descriptor, const std::string& suffix) {
    auto digest = descriptor.at("digest").get<std::string>();
    auto hex = hex_of(digest);
    auto name = hex + suffix;
    if (fs::exists(folder_ / name)) return name;
    auto part = folder_ / (hex + ".part");
    const auto url = repository() + "/blobs/" + digest;
    const auto result = http_.call(file_request(url, part, image_.ref, note_));
    if (!result.good()) throw Error(result.problem());
    if (sha256_of_file(part) != hex) {
      fs::remove(part);
      throw Error("the part '" + digest + "' came with another content");
    }
    fs::rename(part, folder_ / name);
    return name;
  }

  // The same image gives the same bytes.
  void pack(const std::string& config, const std::vector<std::string>& layers) {
    std::vector<std::string> tar{"tar",
                                 "--create",
                                 "--file=" + (folder_ / "image.tar").string(),
                                 "--directory=" + folder_.string(),
                                 "--format=ustar",
                                 "--mtime=@0",
                                 "--owner=0",
                                 "--group=0",
                                 "--numeric-owner",
                                 "--mode=0644",
                                 "manifest.json",
                                 config};
    tar.insert(tar.end(), layers.begin(), layers.end());
    run_or_throw(std::move(tar));
  }

  HttpClient& http_;
  const RegistryImage& image_;
  fs::path folder_;
  const std::function<void(const std::string&)>& note_;
};

}  // namespace

std::string pull_image(HttpClient& http, const RegistryImage& image, const fs::path& folder,
                       const std::function<void(const std::string&)>& note) try {
  make_directory(folder);
  Pull(http, image, folder, note).run();
  return "";
} catch (const json::exception&) {
  return "the registry's answer is not a manifest";
} catch (const Error& error) {
  if (error.exit_code() == ExitCode::interrupted) throw;
  return error.what();
}

}  // namespace muster
