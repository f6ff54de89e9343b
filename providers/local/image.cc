#include "providers/local/image.h"

#include <algorithm>
#include <array>

#include "providers/local/launch.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

struct NodeSystem {
  const char* os;
  const char* suite;
};
constexpr std::array kSystems{NodeSystem{"debian-12", "bookworm"},
                              NodeSystem{"debian-13", "trixie"}};

/// The script names the suite of the first system; for another it is the same with another name.
std::string build_script(const std::string& os) {
  auto script = find_resource("providers/local/build-node-image.sh");
  if (!script) bug("the script that builds the node image is not in the binary");
  const auto* system = std::ranges::find(kSystems, os, &NodeSystem::os);
  if (system == kSystems.end()) bug("a local node of an unknown system");
  const std::string setting = "\nsuite=";
  const auto first = setting + kSystems[0].suite + "\n";
  std::string text(*script);
  auto at = text.find(first);
  if (at == std::string::npos) bug("the script that builds the node image names no suite");
  return text.replace(at, first.size(), setting + system->suite + "\n");
}

}  // namespace

const std::vector<std::string>& node_systems() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const auto& system : kSystems) out.emplace_back(system.os);
    return out;
  }();
  return names;
}

fs::path node_image(const fs::path& cache, const std::string& os) {
  return cache / "images" / ("node-" + fingerprint(build_script(os)).substr(0, 12));
}

void build_node_image(const fs::path& cache, const std::string& os,
                      const std::function<void(const std::string&)>& note) {
  auto image = node_image(cache, os);
  if (fs::exists(image)) return;
  make_directory(image.parent_path());
  FileLock lock(image.string() + ".lock");
  if (fs::exists(image)) return;
  ProcessSpec spec;
  spec.argv = {"sh", "-c", build_script(os), "sh", image.string()};
  spec.deadline = std::chrono::minutes(30);
  spec.interruptible = true;
  spec.on_error_line = [&](std::string_view line) {
    if (line.starts_with("node image: ")) note(std::string(line));
  };
  auto result = run_process(spec);
  if (result.exit_code == 0 && !result.timed_out) return;
  throw Error(std::string("cannot build the node image") +
              (result.timed_out ? " within 30 minutes" : "") + "; its last words:\n" +
              last_lines(result.error_output, 10))
      .hint("it is built from a Debian mirror; name another with MUSTER_DEBIAN_MIRROR");
}

}  // namespace muster
