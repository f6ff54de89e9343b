#pragma once

#include <filesystem>
#include <string>

#include "provisioner/classroom/roster.h"
#include "provisioner/definition/definition.h"

namespace muster {

/// A definition from which each student's is made: {{student}}, {{name}}, {{email}} and {{ssh_key}}
/// in its strings stand for the student's. Made by read_template.
struct Template {
  std::string classroom;    ///< the classroom's name; empty when the template has none
  Value root;               ///< with the overrides
  Overrides overrides;      ///< tell where values at line 0 came from
  Diagnostics diagnostics;  ///< what is wrong for every student, said once
  std::string text;         ///< as in the file, with secrets crossed out
};

/// Reads the file, JSON or YAML: at most 8 MiB. Never throws for what the user wrote.
Template read_template(const std::filesystem::path& file, const Overrides& overrides,
                       const DefinitionRules& rules);
Template parse_template(const std::string& file, std::string text, const Overrides& overrides,
                        const DefinitionRules& rules);

/// The student's definition: its text is whole, as a user may have written it. Where the template
/// does not use the student in them, the name becomes "<name>-<student>", and the student's key is
/// added to the public keys; the tenant is then the name. The diagnostics are only those that the
/// template has not, and name the student. `made_of` has no mistakes.
DefinitionResult definition_of(const Template& made_of, const Student& student,
                               const DefinitionRules& rules);

}  // namespace muster
