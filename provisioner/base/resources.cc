#include "provisioner/base/resources.h"

#include "provisioner/base/error.h"

namespace muster {

namespace detail {
// Written by cmake/embed.cmake at build time.
extern const Resource kResources[];
extern const unsigned long kResourceCount;
}  // namespace detail

std::span<const Resource> resources() { return {detail::kResources, detail::kResourceCount}; }

std::optional<std::string_view> find_resource(std::string_view path) {
  for (const auto& resource : resources()) {
    if (resource.path == path) return resource.content;
  }
  return std::nullopt;
}

std::string_view resource(std::string_view path) {
  auto found = find_resource(path);
  if (!found) bug("a resource that is not in the binary");
  return *found;
}

}  // namespace muster
