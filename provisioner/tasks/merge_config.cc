#include "provisioner/tasks/merge_config.h"

#include <algorithm>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/indented_json.h"
#include "provisioner/definition/value.h"

namespace muster {

namespace {

Value object_of(const std::string& text) {
  Diagnostics mistakes("configuration", text);
  auto value = parse_value(text, true, mistakes);
  if (mistakes.has_errors()) throw Error(trim(mistakes.render()), ExitCode::usage);
  if (!value.is_object()) throw Error("configuration to merge must be an object", ExitCode::usage);
  return value;
}

void lay_over(Value& under, Value over) {
  if (!under.is_object() || !over.is_object()) {
    under = std::move(over);
    return;
  }
  for (auto& member : over.members) {
    auto there = std::ranges::find(under.members, member.key, &Value::Member::key);
    if (there == under.members.end()) {
      under.members.push_back(std::move(member));
    } else {
      lay_over(there->value, std::move(member.value));
    }
  }
}

}  // namespace

std::string merge_config(const std::string& config, const std::string& more) {
  auto merged = object_of(config);
  lay_over(merged, object_of(more));
  return "# Written by muster.\n" + indented_json(merged) + "\n";
}

}  // namespace muster
