#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "providers/exec/settings.h"
#include "providers/provider.h"

namespace muster {

// Requests to a provider's program in its version of the protocol, as JSON text, and what its
// answers mean. Readers throw Error for an answer that is not as docs/providers.md says.

std::string hello_request(const ExecSettings& settings);
std::string validate_request(const ExecSettings& settings, const std::string& hints);
/// `hints` are for the program (hints_for_program).
std::string create_request(const ExecSettings& settings, const NodeSpec& spec,
                           const std::string& hints);
std::string destroy_request(const ExecSettings& settings, const std::string& handle);
std::string list_request(const ExecSettings& settings, const std::string& tag);
std::string power_request(const ExecSettings& settings, const std::string& handle, bool on);
/// From version 2 on.
std::string presence_request(const ExecSettings& settings, const KnownNode& node);

std::vector<std::string> read_mistakes(const nlohmann::json& answer);

/// A token or name in the answer must be that of `spec`.
ProvidedNode read_made(const nlohmann::json& answer, const NodeSpec& spec);
std::vector<ProvidedNode> read_list(const nlohmann::json& answer);
PresenceNote read_presence(const nlohmann::json& answer, const KnownNode& node);

}  // namespace muster
