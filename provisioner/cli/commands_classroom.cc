// classroom plan, apply, destroy: a cluster for each student of a roster.
#include <algorithm>
#include <ostream>
#include <set>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/classroom/member.h"
#include "provisioner/cli/classroom.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/jobs.h"
#include "provisioner/operations/objections.h"
#include "provisioner/operations/reconcile.h"
#include "provisioner/report/table.h"
#include "provisioner/report/terminal.h"

namespace muster {

namespace {

std::vector<const ClassroomChange*> those(const std::vector<ClassroomChange>& changes,
                                          Change wanted) {
  std::vector<const ClassroomChange*> found;
  for (const auto& change : changes) {
    if (change.change == wanted) found.push_back(&change);
  }
  return found;
}

/// "classroom lab: 2 joining, 1 leaving", and a row for each student.
std::string changes_text(const std::string& classroom,
                         const std::vector<ClassroomChange>& changes) {
  std::vector<std::string> counts;
  for (auto kind : {Change::joining, Change::changing, Change::unchanged, Change::leaving}) {
    auto count = those(changes, kind).size();
    if (count > 0) counts.push_back(std::to_string(count) + " " + to_string(kind));
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& change : changes) {
    auto nodes = change.change == Change::leaving ? change.planned.record->nodes.size()
                                                  : change.planned.cluster.nodes.size();
    rows.push_back({change.student, change.cluster, std::to_string(nodes), to_string(change.change),
                    std::to_string(change.planned.plan.steps.size())});
  }
  return "classroom " + classroom + ": " + join(counts, ", ") + "\n\n" +
         render_table({"STUDENT", "CLUSTER", "NODES", "CHANGE", "STEPS"}, rows);
}

/// The plans, of those who join the first one's: the others' are alike.
std::string plans_text(const std::vector<ClassroomChange>& changes) {
  std::string text;
  auto joining = those(changes, Change::joining);
  if (!joining.empty()) text += "\n" + plan_text(joining.front()->planned.plan);
  if (joining.size() > 1) {
    text += "\nand so for the other " + std::to_string(joining.size() - 1) + " who " +
            (joining.size() == 2 ? "joins" : "join") + "\n";
  }
  for (auto kind : {Change::changing, Change::leaving}) {
    for (const auto* change : those(changes, kind)) text += "\n" + plan_text(change->planned.plan);
  }
  return text;
}

}  // namespace

std::string to_string(Change change) {
  switch (change) {
    case Change::joining:
      return "joining";
    case Change::changing:
      return "changing";
    case Change::unchanged:
      return "unchanged";
    case Change::leaving:
      return "leaving";
  }
  bug("a change without a name");
}

std::optional<ClassroomInput> read_classroom(Context& context, const ClassroomArguments& options) {
  ClassroomInput input;
  const auto known = context.rules();
  input.made_of = read_template(options.template_file, options.overrides, known);
  auto roster = read_roster(options.roster_file);
  bool good = context.report(input.made_of.diagnostics);
  good = context.report(roster.diagnostics) && good;
  if (!good) return std::nullopt;
  input.students = std::move(roster.students);
  for (const auto& student : input.students) {
    input.definitions.push_back(definition_of(input.made_of, student, known));
    good = context.report(input.definitions.back().diagnostics) && good;
  }
  if (!good) return std::nullopt;
  return input;
}

std::vector<DeploymentRecord> classroom_members(Context& context, const std::string& classroom) {
  auto records = context.store().deployments();
  std::erase_if(records, [&](const DeploymentRecord& record) {
    auto member = classroom_member(record.definition_text);
    return !member || member->classroom != classroom;
  });
  return records;
}

std::string classroom_name(Context& context, const ClassroomArguments& options) {
  if (!options.name.empty()) return options.name;
  auto made_of = read_template(options.template_file, options.overrides, context.rules());
  // A template that can name its classroom can be destroyed, whatever else is wrong.
  if (made_of.classroom.empty()) context.report(made_of.diagnostics);
  return made_of.classroom;
}

namespace {

struct ClassroomOptions {
  ClassroomArguments of;
  RunArguments run;
  bool detailed_exitcode = false;
  bool destroy = false;
};

/// Of one of the students; what is wrong goes to `found`.
ClassroomChange classroom_change(Context& context, const ClassroomInput& input, std::size_t index,
                                 Diagnostics& found) {
  auto quiet = context.quiet();  // planning has no events
  const auto& made = input.definitions[index];
  ClassroomChange change{
      Change::changing, input.students[index].id, made.definition.name, &made, {}};
  change.planned = plan_definition(context.world(*quiet), made.definition, Against::record, found);
  const auto& record = change.planned.record;
  if (!record) {
    change.change = Change::joining;
    return change;
  }
  auto member = classroom_member(record->definition_text);
  if (!member || member->classroom != input.made_of.classroom) {
    found.error({},
                "there is a deployment '" + change.cluster + "' already, which is not of '" +
                    input.made_of.classroom + "'",
                "give the template another name, or: muster destroy " + change.cluster);
  }
  bool same = record->applied && record->definition_text == made.text;
  if (same && change.planned.plan.empty()) change.change = Change::unchanged;
  return change;
}

/// In the order of the roster, those who leave last; nothing when something is wrong, which has
/// been said.
std::optional<std::vector<ClassroomChange>> classroom_changes(Context& context,
                                                              const ClassroomInput& input) {
  std::vector<ClassroomChange> changes;
  std::set<std::string> names;
  std::set<std::string> said;  // what is wrong with all is said once
  bool good = true;
  for (std::size_t i = 0; i < input.students.size(); ++i) {
    Diagnostics found(input.made_of.diagnostics.file(), input.made_of.text);
    changes.push_back(classroom_change(context, input, i, found));
    names.insert(changes.back().cluster);
    good = good && !found.has_errors();
    if (auto text = found.render(); !text.empty() && said.insert(text).second)
      context.talk() << text;
  }
  if (!good) return std::nullopt;
  for (auto& record : classroom_members(context, input.made_of.classroom)) {
    if (names.contains(record.name)) continue;
    ClassroomChange change;
    change.change = Change::leaving;
    change.student = classroom_member(record.definition_text)->student;
    change.cluster = record.name;
    ask_what_is_wiped(context.providers(), record);
    change.planned.plan = plan_destroy(record, context.roles());
    change.planned.record = std::move(record);
    changes.push_back(std::move(change));
  }
  return changes;
}

int run_classroom_plan(Context& context, const ClassroomOptions& options) {
  auto input = read_classroom(context, options.of);
  auto changes = input ? classroom_changes(context, *input) : std::nullopt;
  if (!changes) {
    context.talk() << "muster: nothing can be planned until this is mended\n";
    return kUsage;
  }
  if (options.run.json) {
    for (const auto& change : *changes) {
      if (change.change != Change::unchanged) context.out() << plan_json(change.planned.plan);
    }
  } else {
    context.out() << changes_text(input->made_of.classroom, *changes) << plans_text(*changes);
  }
  context.out() << std::flush;
  auto joining = those(*changes, Change::joining);
  if (!joining.empty()) {
    auto quiet = context.quiet();
    for (const auto& why : provider_objections(context.world(*quiet), joining.front()->planned)) {
      context.talk() << "muster: apply cannot create nodes here: " << why << "\n";
    }
  }
  bool changed = those(*changes, Change::unchanged).size() < changes->size();
  return options.detailed_exitcode && changed ? kUsage : kDone;
}

/// Destroys the deployments `leavers` and applies `inputs`, in one run.
int apply_students(Context& context, const ClassroomOptions& options,
                   const std::vector<DefinitionResult>& inputs,
                   const std::vector<std::string>& leavers) {
  const auto again = "muster classroom apply --template " + typed(options.of.template_file) +
                     " --roster " + typed(options.of.roster_file);
  std::vector<Job> jobs;
  for (const auto& input : inputs) jobs.push_back({input.definition.name, &input, again});
  for (const auto& name : leavers) jobs.push_back({name, nullptr, "muster destroy " + name});
  return run_jobs(context, options.run, jobs);
}

int run_classroom_destroy(Context& context, const ClassroomOptions& options) {
  const auto name = classroom_name(context, options.of);
  if (name.empty()) return kUsage;
  context.need_terminal_or_yes(options.run.yes, "destroy deletes nodes and everything on them");
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;
  for (const auto& record : classroom_members(context, name)) {
    names.push_back(record.name);
    rows.push_back({classroom_member(record.definition_text)->student, record.name,
                    std::to_string(record.nodes.size())});
  }
  if (names.empty()) {
    context.talk() << "muster: there is no cluster of a classroom '" << name
                   << "': nothing to destroy\n";
    return kDone;
  }
  if (!options.run.json)
    context.talk() << render_table({"STUDENT", "CLUSTER", "NODES"}, rows) << "\n";
  return apply_students(context, options, {}, names);
}

int run_classroom_apply(Context& context, const ClassroomOptions& options) {
  if (options.destroy) return run_classroom_destroy(context, options);
  auto input = read_classroom(context, options.of);
  auto changes = input ? classroom_changes(context, *input) : std::nullopt;
  if (!changes) {
    context.talk() << "muster: nothing was changed\n";
    return kUsage;
  }
  const auto& name = input->made_of.classroom;
  if (!options.run.json) context.talk() << changes_text(name, *changes) << "\n";
  std::vector<DefinitionResult> inputs;
  std::vector<std::string> leavers;
  for (const auto& change : *changes) {
    if (change.change == Change::leaving) leavers.push_back(change.cluster);
    if (change.input != nullptr && change.change != Change::unchanged) {
      inputs.push_back(*change.input);
    }
  }
  if (inputs.empty() && leavers.empty()) {
    context.talk() << "muster: the classroom '" << name << "' is as it should be\n";
    return kDone;
  }
  if (!leavers.empty() && !options.run.yes && !can_ask()) {
    throw Error("the roster no longer has everybody: apply would destroy " + join(leavers, ", "),
                ExitCode::usage)
        .hint("without a terminal to ask on, say --yes; or put them back into " +
              typed(options.of.roster_file));
  }
  return apply_students(context, options, inputs, leavers);
}

std::string check_made_of(const std::string& command, const ClassroomArguments& options) {
  if (options.template_file.empty()) return "'muster " + command + "' needs '--template FILE'";
  return options.roster_file.empty() ? "'muster " + command + "' needs '--roster FILE'" : "";
}

}  // namespace

std::string check_classroom(const std::string& command, const ClassroomArguments& options) {
  if (options.name.empty() && options.template_file.empty()) {
    return "'muster " + command + "' needs a CLASSROOM or '--template FILE'";
  }
  if (!options.name.empty() && !options.template_file.empty()) {
    return "name a CLASSROOM, or its '--template FILE', and not both";
  }
  if (!options.template_file.empty()) return "";
  if (!options.roster_file.empty()) return "'--roster' goes with '--template FILE'";
  return options.overrides.set.empty() ? "" : "'--set' goes with '--template FILE'";
}

ArgumentRule classroom_argument(ClassroomArguments& options) {
  return argument("[CLASSROOM]", "its name, without '--template'", WordKind::text, options.name);
}

OptionRule template_option(ClassroomArguments& options) {
  return option("--template FILE", "the definition that each student's is made of",
                options.template_file);
}

OptionRule roster_option(ClassroomArguments& options) {
  return option("--roster FILE", "the students, CSV or JSON: name, email, ssh key",
                options.roster_file);
}

void add_classroom_commands(Table& table) {
  const std::string both = " --template template.json --roster roster.csv";
  table.group(Group::classrooms);
  auto plan =
      table.command("classroom plan", "who joins, changes and leaves, and what apply would do",
                    run_classroom_plan);
  plan.takes(template_option(plan->of), roster_option(plan->of), set_option(plan->of.overrides),
             provider_option(plan->of.overrides),
             flag("--json", "the plans as JSON", plan->run.json),
             flag("--detailed-exitcode", "exit 2 when there are changes, 0 when there are none",
                  plan->detailed_exitcode))
      .example("classroom plan" + both)
      .check([](const ClassroomOptions& o) { return check_made_of("classroom plan", o.of); });
  auto apply =
      table.command("classroom apply", "make each student's cluster; destroy those who left",
                    run_classroom_apply);
  apply
      .takes(template_option(apply->of), roster_option(apply->of), set_option(apply->of.overrides),
             provider_option(apply->of.overrides), yes_option(apply->run.yes),
             parallel_option(apply->run), max_failures_option(apply->run),
             event_options(apply->run),
             flag("--destroy", "destroy the classroom instead", apply->destroy),
             skip_check_option(apply->run), forget_option(apply->run))
      .example("classroom apply" + both)
      .check([](const ClassroomOptions& o) { return check_made_of("classroom apply", o.of); })
      .is_run();
  table.group(Group::classrooms, 2);
  auto destroy = table.command("classroom destroy", "delete all clusters of a classroom",
                               run_classroom_destroy);
  destroy
      .takes(classroom_argument(destroy->of), template_option(destroy->of),
             set_option(destroy->of.overrides), yes_option(destroy->run.yes),
             parallel_option(destroy->run), event_options(destroy->run),
             forget_option(destroy->run))
      .example("classroom destroy lab")
      .check([](const ClassroomOptions& o) { return check_classroom("classroom destroy", o.of); })
      .is_run();
}

}  // namespace muster
