#pragma once

#include <string>
#include <vector>

#include "provisioner/classroom/template.h"
#include "provisioner/cli/context.h"
#include "provisioner/operations/operations.h"

namespace muster {

/// Which classroom: by its name, or by what it is made of.
struct ClassroomArguments {
  std::string name;
  std::string template_file;
  std::string roster_file;
  Overrides overrides;
};

ArgumentRule classroom_argument(ClassroomArguments& options);
OptionRule template_option(ClassroomArguments& options);
OptionRule roster_option(ClassroomArguments& options);
/// What does not go together where a name will do.
std::string check_classroom(const std::string& command, const ClassroomArguments& options);

/// A template and a roster without mistakes.
struct ClassroomInput {
  Template made_of;
  std::vector<Student> students;
  std::vector<DefinitionResult> definitions;  ///< one for each of `students`
};

/// What an apply makes of one student's cluster.
enum class Change { joining, changing, unchanged, leaving };

std::string to_string(Change change);  ///< "joining", ...

struct ClassroomChange {
  Change change = Change::unchanged;
  std::string student;
  std::string cluster;
  const DefinitionResult* input = nullptr;  ///< none of one who leaves
  Planned planned;                          ///< of one who leaves: what deletes the cluster
};

/// The template and the roster of the command line; nothing when they have mistakes, which have
/// been said.
std::optional<ClassroomInput> read_classroom(Context& context, const ClassroomArguments& options);
/// The classroom that the command line names; empty when it names none, which has been said.
std::string classroom_name(Context& context, const ClassroomArguments& options);
std::vector<DeploymentRecord> classroom_members(Context& context, const std::string& classroom);

}  // namespace muster
