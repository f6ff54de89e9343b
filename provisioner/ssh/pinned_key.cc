#include "provisioner/ssh/pinned_key.h"

#include "inventory/record.h"
#include "provisioner/base/text.h"
#include "provisioner/ssh/host_key.h"

namespace muster {

bool is_pinned_key(const std::string& pinned, const std::string& line) {
  if (pinned.empty() || line.empty() || is_fingerprint(line)) return pinned == line;
  if (is_fingerprint(pinned)) {
    return sha256_of(parse_public_line(line).get()) == split(pinned, ' ').front();
  }
  auto wanted = split(trim(pinned), ' ');
  auto shown = split(trim(line), ' ');
  return wanted.size() > 1 && shown.size() > 1 && wanted[0] == shown[0] && wanted[1] == shown[1];
}

}  // namespace muster
