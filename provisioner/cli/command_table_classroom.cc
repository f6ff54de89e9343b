// The commands of classrooms.
#include "provisioner/cli/command_table.h"
#include "provisioner/cli/rules.h"

namespace muster {

namespace {

std::string check_classroom(const Options& options) {
  const auto needs = "'muster " + options.command + "' needs ";
  if (options.command == "classroom plan" || options.command == "classroom apply") {
    if (options.template_file.empty()) return needs + "'--template FILE'";
    return options.roster_file.empty() ? needs + "'--roster FILE'" : "";
  }
  if (options.arguments.empty() && options.template_file.empty()) {
    return needs + "a CLASSROOM or '--template FILE'";
  }
  if (!options.arguments.empty() && !options.template_file.empty()) {
    return "name a CLASSROOM, or its '--template FILE', and not both";
  }
  if (!options.roster_file.empty() && options.template_file.empty()) {
    return "'--roster' goes with '--template FILE'";
  }
  if (!options.set.empty() && options.template_file.empty()) {
    return "'--set' goes with '--template FILE'";
  }
  bool handout = options.command == "classroom handout";
  return handout && options.out_directory.empty() ? needs + "'--out DIR'" : "";
}

}  // namespace

void add_classroom_commands(Table& table) {
  auto with_template = [] {
    return file_option("--template", "the definition that each student's is made of",
                       &Options::template_file);
  };
  auto with_roster = [] {
    return file_option("--roster", "the students, CSV or JSON: name, email, ssh key",
                       &Options::roster_file);
  };
  const std::string both = " --template template.json --roster roster.csv";
  ArgumentRule name{"CLASSROOM", "its name, without '--template'", WordKind::text, false, false,
                    {}};
  table.group("classrooms: a cluster for each student of a roster");
  table.command("classroom plan", "who joins, changes and leaves, and what apply would do")
      .option(with_template())
      .option(with_roster())
      .option(set_option())
      .option(provider_option())
      .option(flag("--json", "", "the plans as JSON", &Options::json))
      .option(flag("--detailed-exitcode", "",
                   "exit 2 when there are changes, 0 when there are none",
                   &Options::detailed_exitcode))
      .example("classroom plan" + both)
      .check(check_classroom);
  table.command("classroom apply", "make each student's cluster; destroy those who left")
      .option(with_template())
      .option(with_roster())
      .option(set_option())
      .option(provider_option())
      .option(yes_option())
      .option(parallel_option())
      .option(max_failures_option())
      .option(events_option())
      .option(trace_option())
      .option(flag("--destroy", "", "destroy the classroom instead", &Options::destroy))
      .option(skip_check_option())
      .option(forget_option())
      .example("classroom apply" + both)
      .check(check_classroom);
  table.command("classroom status", "the students' clusters")
      .argument(name)
      .option(with_template())
      .option(with_roster())
      .option(set_option())
      .option(output_option({"json"}))
      .example("classroom status lab")
      .check(check_classroom);
  table.command("classroom handout", "write what each student needs to begin")
      .argument(name)
      .option(with_template())
      .option(with_roster())
      .option(set_option())
      .option(path_option("--out", "where: a folder for each student", &Options::out_directory))
      .option(flag("--zip", "", "a zip file for each student instead", &Options::zip))
      .example("classroom handout lab --out handout")
      .check(check_classroom);
  table.command("classroom destroy", "delete all clusters of a classroom")
      .argument(name)
      .option(with_template())
      .option(set_option())
      .option(yes_option())
      .option(parallel_option())
      .option(events_option())
      .option(trace_option())
      .option(forget_option())
      .example("classroom destroy lab")
      .check(check_classroom);
}

}  // namespace muster
