#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace muster {

/// A text file of the source tree (a role, a template, a script) inside the binary.
struct Resource {
  std::string_view path;  ///< as in the source tree, e.g. "roles/etcd/role.yaml"
  std::string_view content;
};

std::span<const Resource> resources();
std::optional<std::string_view> find_resource(std::string_view path);
/// Of one that muster itself is made with: aborts when there is none.
std::string_view resource(std::string_view path);

}  // namespace muster
