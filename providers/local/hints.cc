#include "providers/local/hints.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "providers/local/image.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

using Json = nlohmann::json;

const std::vector<std::string>& known_hints() {
  static const std::vector<std::string> names{"cpus", "memory_mb", "network", "internet", "os"};
  return names;
}

/// A hint that clouds have as well, with names of their own ("ubuntu_16_04"), which are passed
/// over.
void read_os(const Json& value, LocalHints& hints, std::vector<std::string>& mistakes) {
  if (!value.is_string() || !value.get<std::string>().starts_with("debian-")) return;
  auto os = value.get<std::string>();
  if (std::ranges::find(node_systems(), os) != node_systems().end()) {
    hints.os = os;
  } else {
    mistakes.push_back("hint 'os' is \"" + os + "\"; local nodes have one of " +
                       join(node_systems(), ", "));
  }
}

/// Hints that Digital Rebar's cloud providers took (cloudwrap: Google, AWS, OpenStack, Packet),
/// and those of our own cloud providers.
bool is_cloud_hint(const std::string& name) {
  static constexpr std::array kNames{"availability_zone",
                                     "billing_cycle",
                                     "boot_volume",
                                     "disks",
                                     "facility",
                                     "flavor",
                                     "flavor_id",
                                     "flavor_ref",
                                     "floating_ip",
                                     "hostname",
                                     "iam_instance_profile",
                                     "image_id",
                                     "image_name",
                                     "image_ref",
                                     "image",
                                     "instance_type",
                                     "key_name",
                                     "key_path",
                                     "labels",
                                     "machine_type",
                                     "metadata",
                                     "network_id",
                                     "networks",
                                     "nics",
                                     "os_facility",
                                     "plan",
                                     "preemptible",
                                     "project",
                                     "region",
                                     "scheduling",
                                     "security_group",
                                     "security_group_ids",
                                     "security_groups",
                                     "service_accounts",
                                     "size",
                                     "spot",
                                     "ssh_user",
                                     "subnet_id",
                                     "subnetwork",
                                     "tags",
                                     "user_data",
                                     "username",
                                     "volumes",
                                     "vpc_id",
                                     "zone",
                                     "zone_name"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

void read_hint(const std::string& name, const Json& value, LocalHints& hints,
               std::vector<std::string>& mistakes) {
  auto shown = "is " + value.dump();
  if (name == "cpus") {
    if (value.is_number() && value.get<double>() >= 0.1 && value.get<double>() <= 4096) {
      hints.cpus = value.get<double>();
    } else {
      mistakes.push_back("hint 'cpus' " + shown + "; give a number from 0.1 to 4096");
    }
  } else if (name == "memory_mb") {
    if (value.is_number_integer() && value >= 128 && value <= 1 << 30) {
      hints.memory_mb = value.get<int>();
    } else {
      mistakes.push_back("hint 'memory_mb' " + shown + "; give a whole number, 128 or more");
    }
  } else if (name == "os") {
    read_os(value, hints, mistakes);
  } else if (name == "internet") {
    if (value.is_boolean()) {
      hints.internet = value.get<bool>();
    } else {
      mistakes.push_back("hint 'internet' " + shown + "; give true or false");
    }
  } else {
    if (value.is_string()) hints.network = parse_ipv4_range(value.get<std::string>());
    if (hints.network && (hints.network->prefix < 8 || hints.network->prefix > 29)) {
      hints.network.reset();
    }
    if (!hints.network) {
      mistakes.push_back("hint 'network' " + shown +
                         "; give an IPv4 range from /8 to /29 such as \"10.213.0.0/16\"");
    }
  }
}

}  // namespace

LocalHints parse_local_hints(const std::string& json, std::vector<std::string>& mistakes) {
  LocalHints hints;
  auto object = Json::parse(json.empty() ? "{}" : json, nullptr, false);
  if (!object.is_object()) {
    mistakes.push_back("the hints of provider 'local' are no JSON object");
    return hints;
  }
  for (const auto& [name, value] : object.items()) {
    const auto& names = known_hints();
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      read_hint(name, value, hints, mistakes);
    } else if (!is_cloud_hint(name)) {
      auto near = nearest(name, names);
      mistakes.push_back("provider 'local' has no hint '" + name + "'; " +
                         (near ? "did you mean '" + *near + "'?" : "it has " + join(names, ", ")));
    }
  }
  return hints;
}

}  // namespace muster
