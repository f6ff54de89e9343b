#include "provisioner/bmc/redfish_json.h"

#include <nlohmann/json.hpp>

#include "provisioner/bmc/redfish_session.h"

namespace muster {

using Json = nlohmann::json;

Json member(const Json& object, const std::string& key) {
  if (!object.is_object()) return {};
  auto found = object.find(key);
  return found == object.end() ? Json() : *found;
}

std::string text_of(const Json& object, const std::string& key) {
  const auto value = member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

std::string link_of(const Json& object) { return path_in(text_of(object, "@odata.id")); }

std::string link_of(const Json& object, const std::string& key) {
  return link_of(member(object, key));
}

}  // namespace muster
