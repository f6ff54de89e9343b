#include "provisioner/tasks/shell_text.h"

#include "provisioner/base/error.h"
#include "provisioner/base/resources.h"

namespace muster {

std::string shell_text(std::string_view name) {
  auto file = resource("provisioner/tasks/" + std::string(name) + ".sh");
  auto head = file.find("\n\n");
  if (head == file.npos) bug("a shell text without a head");
  return std::string(file.substr(head + 1));
}

}  // namespace muster
