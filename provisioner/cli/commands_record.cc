// deployment create, list, show, delete: apply, list, status and destroy by the names that Digital
// Rebar's users know.
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/find_record.h"
#include "provisioner/cli/json_argument.h"

namespace muster {

int App::deployment_as_record() {
  const auto& command = options_.command;
  if (command == "deployment create") return deployment_create();
  if (command == "deployment list") return list();
  const auto known = store().deployments();
  auto& word = options_.arguments.front();
  if (command == "deployment show") {
    word = need_record(known, word, "deployment").name;
    return status();
  }
  const auto* found = find_record(known, word);
  return destroy_named({found != nullptr ? found->name : word});
}

int App::deployment_create() {
  const auto word = options_.arguments.front();
  Overrides overrides{options_.set, options_.provider};
  auto input =
      is_json_text(word) ? parse_definition(kJsonWord, word, overrides, rules()) : read(word);
  const auto name = input.definition.name;
  if (!report(input.diagnostics)) {
    talk_ << "muster: nothing was changed\n";
    return static_cast<int>(ExitCode::usage);
  }
  options_.yes = true;
  const auto file = is_json_text(word) ? std::string("JSON") : word;
  int code = run_jobs({{name, &input, again("deployment create", file)}});
  if (options_.output == "json" && store().deployment(name)) {
    options_.arguments = {name};
    status();
  }
  return code;
}

}  // namespace muster
