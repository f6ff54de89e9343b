#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace muster {

// Members of what a BMC sent, whatever it sent: what is not there, or is of another kind, is empty.

nlohmann::json member(const nlohmann::json& object, const std::string& key);
std::string text_of(const nlohmann::json& object, const std::string& key);
/// The path in the "@odata.id" of an object, or of one of its members.
std::string link_of(const nlohmann::json& object);
std::string link_of(const nlohmann::json& object, const std::string& key);

}  // namespace muster
