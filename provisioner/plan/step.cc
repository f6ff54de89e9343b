#include "provisioner/plan/plan.h"

namespace muster {

std::string to_string(Verb verb) {
  switch (verb) {
    case Verb::create_node:
      return "create";
    case Verb::apply_role:
      return "apply";
    case Verb::verify_role:
      return "verify";
    case Verb::undo_role:
      return "undo";
    case Verb::destroy_node:
      return "destroy";
  }
  return "";
}

std::string to_string(Opens opens) {
  switch (opens) {
    case Opens::all_well:
      return "all_well";
    case Opens::one_well:
      return "one_well";
    case Opens::ended:
      return "ended";
  }
  return "";
}

std::string Step::title() const {
  if (role.empty()) return to_string(verb) + " " + node;
  auto place = role + " on " + node;
  return verb == Verb::apply_role ? place : to_string(verb) + " " + place;
}

}  // namespace muster
