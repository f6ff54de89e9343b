#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "providers/provider.h"
#include "provisioner/base/secret.h"

namespace muster {

/// What a provider of kind `exec` runs, and what its program is told with every call.
struct ExecSettings {
  std::string name;     ///< the provider's own, e.g. "lab"
  std::string program;  ///< an absolute path, or a name that is looked up in PATH; empty: none
  /// Of a create, a destroy and a switch.
  std::chrono::seconds deadline{600};
  std::string hints =
      "{}";  ///< the record's own, without those that are muster's; JSON object text
  std::map<std::string, Secret> secrets;
  std::vector<std::string> mistakes;  ///< in the record
  int version = 1;                    ///< of the protocol, as the program speaks it
  bool wipes = true;                  ///< whether destroying a node wipes its machine

  /// Of a call that changes nothing.
  std::chrono::seconds question_deadline() const;
};

/// Never throws for what the user wrote. Without the hint "program" it is "muster-provider-NAME".
ExecSettings exec_settings(const GivenProvider& given);

/// A node's hints as its program gets them: without those that only a provider's record may have.
/// Adds to `mistakes` where they are no JSON object, or say another thing than the record: a
/// definition must not choose what is run on this machine.
std::string hints_for_program(const std::string& hints, const ExecSettings& settings,
                              std::vector<std::string>& mistakes);

}  // namespace muster
