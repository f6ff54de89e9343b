#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  const auto& ref = task.text("ref");
  return {"m_image", ref, task.artifact(), fingerprint(ref), task.text("name")};
}

std::vector<std::string> keys(const Args& args) { return {"image:" + args.text("ref")}; }

}  // namespace

Kind image_kind() {
  return {.name = "image",
          .args = {{"name", ArgType::text, true}, {"ref", ArgType::text, true}},
          .library = {"kinds/image"},
          .call = call,
          .keys = keys,
          .needs = needs_artifact};
}

}  // namespace muster
