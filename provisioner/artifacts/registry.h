#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "provisioner/http/client.h"

namespace muster {

/// An image in a registry that anyone may read.
struct RegistryImage {
  std::string manifest_url;  ///< "https://registry.k8s.io/v2/coredns/coredns/manifests/v1.10.1"
  std::string ref;           ///< its name in the archive: "k8s.gcr.io/coredns:1.10.1"
  std::string arch;
};

/// Fetches an image and packs it as the archive that `ctr images import` takes, in `folder`
/// (kept on failure: the next pull goes on from there). Every part is checked against its digest.
/// Returns the problem, empty when `folder`/image.tar is there. Throws Error when interrupted.
std::string pull_image(HttpClient& http, const RegistryImage& image,
                       const std::filesystem::path& folder,
                       const std::function<void(const std::string&)>& note);

}  // namespace muster
