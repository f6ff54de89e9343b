#pragma once

#include <optional>
#include <string>

namespace muster {

/// Whose a deployment is, as the text of its definition says.
struct ClassroomMember {
  std::string classroom;
  std::string student;  ///< empty when the definition names none
};

/// Nothing for the definition of a deployment that is in no classroom, or that cannot be read.
std::optional<ClassroomMember> classroom_member(const std::string& definition_text);

}  // namespace muster
