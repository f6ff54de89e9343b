#pragma once

#include <string>
#include <vector>

#include "provisioner/classroom/template.h"
#include "provisioner/engine/operations.h"

namespace muster {

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

}  // namespace muster
