#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "providers/inventory/inventory.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "tests/support/folder.h"

namespace muster {

/// A hosts file, a folder of claims, and nodes that want hosts.
struct Yard {
  std::string file() const { return folder / "hosts.yaml"; }
  std::filesystem::path claims() const { return folder.path() / "claims"; }
  /// The hosts of the file, each as it stands in there.
  void write(const std::string& hosts) const { write_file(file(), "hosts:\n" + hosts); }
  /// `more`: hints besides the file, as in an object.
  NodeSpec spec(const std::string& name, const std::string& more = "",
                const std::string& deployment = "a") const {
    NodeSpec spec;
    spec.name = name;
    spec.deployment = deployment;
    spec.tag = "state/" + deployment;
    spec.token = deployment + "-" + name;
    spec.hints = "{\"file\": \"" + file() + "\"" + (more.empty() ? "" : ", " + more) + "}";
    return spec;
  }

  TestFolder folder;
};

inline std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace muster
