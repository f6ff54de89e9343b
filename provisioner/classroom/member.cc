#include "provisioner/classroom/member.h"

#include "provisioner/definition/value.h"

namespace muster {

std::optional<ClassroomMember> classroom_member(const std::string& definition_text) {
  // Most deployments of a big state may be others'.
  if (definition_text.find("classroom") == std::string::npos) return std::nullopt;
  auto first = definition_text.find_first_not_of(" \t\r\n");
  bool yaml = first != std::string::npos && definition_text[first] != '{';
  Diagnostics none;
  auto root = parse_value(definition_text, yaml, none);
  const auto* classroom = root.find("classroom");
  const auto* student = root.find("student");
  if (classroom == nullptr || !classroom->is_string() || classroom->text.empty()) return {};
  return ClassroomMember{classroom->text,
                         student != nullptr && student->is_string() ? student->text : ""};
}

}  // namespace muster
