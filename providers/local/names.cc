#include "providers/local/names.h"

#include <algorithm>

#include "provisioner/base/text.h"

namespace muster {

namespace {
constexpr std::size_t kIdDigits = 10;
}

std::string local_node_id(const std::string& token) {
  return "mu" + fingerprint(token).substr(0, kIdDigits);
}

bool is_local_node_id(const std::string& text) {
  return text.size() == 2 + kIdDigits && text.starts_with("mu") &&
         text.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
}

std::string local_cable(const std::string& id) { return id + "h"; }

std::string local_machine_id(const std::string& id) {
  return fingerprint(id + " machine") + fingerprint("machine " + id);
}

std::string local_mac(const std::string& owner) {
  auto digits = fingerprint(owner + " mac");
  std::string mac = "02";
  for (std::size_t i = 0; i < 10; i += 2) mac += ":" + digits.substr(i, 2);
  return mac;
}

LocalOwner local_owner(const std::string& root, const NodeSpec& spec) {
  return {root, spec.tag.substr(0, spec.tag.find('/')), spec.tenant};
}

std::string local_bridge(const LocalOwner& owner) {
  return "mub" + fingerprint(owner.root + "\n" + owner.state + "\n" + owner.tenant).substr(0, 8);
}

std::string local_table(const std::string& bridge) { return "muster_" + bridge; }

}  // namespace muster
