#include "providers/local/image.h"

#include "providers/local/launch.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

std::string_view build_script() {
  auto script = find_resource("providers/local/build-node-image.sh");
  if (!script) bug("the script that builds the node image is not in the binary");
  return *script;
}

}  // namespace

fs::path node_image(const fs::path& cache) {
  return cache / "images" / ("node-" + fingerprint(build_script()).substr(0, 12));
}

void build_node_image(const fs::path& cache, const std::function<void(const std::string&)>& note) {
  auto image = node_image(cache);
  if (fs::exists(image)) return;
  make_directory(image.parent_path());
  FileLock lock(image.string() + ".lock");
  if (fs::exists(image)) return;
  auto script = fs::path(image.string() + ".sh");
  write_file(script, build_script(), 0700);
  ProcessSpec spec;
  spec.argv = {"sh", script.string(), image.string()};
  spec.deadline = std::chrono::minutes(30);
  spec.on_error_line = [&](std::string_view line) {
    if (line.starts_with("node image: ")) note(std::string(line));
  };
  auto result = run_process(spec);
  fs::remove(script);
  if (result.exit_code == 0 && !result.timed_out) return;
  throw Error(std::string("cannot build the node image") +
              (result.timed_out ? " within 30 minutes" : "") + "; its last words:\n" +
              last_lines(result.error_output, 10))
      .hint("it is built from a Debian mirror; name another with MUSTER_DEBIAN_MIRROR");
}

}  // namespace muster
