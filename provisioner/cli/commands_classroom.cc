// classroom plan, apply, destroy: a cluster for each student of a roster.
#include <unistd.h>

#include <algorithm>
#include <ostream>
#include <set>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/classroom/member.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/classroom.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/engine/reconcile.h"
#include "provisioner/report/table.h"
#include "provisioner/report/terminal.h"

namespace muster {

namespace {

bool on_terminal() { return ::isatty(STDIN_FILENO) == 1; }

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

int App::classroom() {
  if (options_.command == "classroom plan") return classroom_plan();
  if (options_.command == "classroom apply") return classroom_apply();
  if (options_.command == "classroom status") return classroom_status();
  if (options_.command == "classroom handout") return classroom_handout();
  if (options_.command == "classroom destroy") return classroom_destroy();
  bug("a classroom command that nobody runs");
}

std::optional<ClassroomInput> App::read_classroom() {
  ClassroomInput input;
  const auto known = rules();
  Overrides overrides;
  overrides.set = options_.set;
  overrides.provider = options_.provider;
  input.made_of = read_template(options_.template_file, overrides, known);
  auto roster = read_roster(options_.roster_file);
  bool good = report(input.made_of.diagnostics);
  good = report(roster.diagnostics) && good;
  if (!good) return std::nullopt;
  input.students = std::move(roster.students);
  for (const auto& student : input.students) {
    input.definitions.push_back(definition_of(input.made_of, student, known));
    good = report(input.definitions.back().diagnostics) && good;
  }
  if (!good) return std::nullopt;
  return input;
}

std::vector<DeploymentRecord> App::classroom_members(const std::string& classroom) {
  auto records = store().deployments();
  std::erase_if(records, [&](const DeploymentRecord& record) {
    auto member = classroom_member(record.definition_text);
    return !member || member->classroom != classroom;
  });
  return records;
}

ClassroomChange App::classroom_change(const ClassroomInput& input, std::size_t index,
                                      Diagnostics& found) {
  auto quiet = make_json_reporter(talk_);  // planning has no events
  const auto& made = input.definitions[index];
  ClassroomChange change{
      Change::changing, input.students[index].id, made.definition.name, &made, {}};
  change.planned = plan_definition(world(*quiet), made.definition, Against::record, found);
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

std::optional<std::vector<ClassroomChange>> App::classroom_changes(const ClassroomInput& input) {
  std::vector<ClassroomChange> changes;
  std::set<std::string> names;
  std::set<std::string> said;  // what is wrong with all is said once
  bool good = true;
  for (std::size_t i = 0; i < input.students.size(); ++i) {
    Diagnostics found(input.made_of.diagnostics.file(), input.made_of.text);
    changes.push_back(classroom_change(input, i, found));
    names.insert(changes.back().cluster);
    good = good && !found.has_errors();
    if (auto text = found.render(); !text.empty() && said.insert(text).second) talk_ << text;
  }
  if (!good) return std::nullopt;
  for (auto& record : classroom_members(input.made_of.classroom)) {
    if (names.contains(record.name)) continue;
    ClassroomChange change;
    change.change = Change::leaving;
    change.student = classroom_member(record.definition_text)->student;
    change.cluster = record.name;
    ask_what_is_wiped(providers(), record);
    change.planned.plan = plan_destroy(record, roles());
    change.planned.record = std::move(record);
    changes.push_back(std::move(change));
  }
  return changes;
}

int App::classroom_plan() {
  auto input = read_classroom();
  auto changes = input ? classroom_changes(*input) : std::nullopt;
  if (!changes) {
    talk_ << "muster: nothing can be planned until this is mended\n";
    return kUsage;
  }
  if (options_.json) {
    for (const auto& change : *changes) {
      if (change.change != Change::unchanged) out_ << plan_json(change.planned.plan);
    }
  } else {
    out_ << changes_text(input->made_of.classroom, *changes) << plans_text(*changes);
  }
  out_ << std::flush;
  auto joining = those(*changes, Change::joining);
  if (!joining.empty()) {
    auto quiet = make_json_reporter(talk_);
    for (const auto& why : provider_objections(world(*quiet), joining.front()->planned)) {
      talk_ << "muster: apply cannot create nodes here: " << why << "\n";
    }
  }
  bool changed = those(*changes, Change::unchanged).size() < changes->size();
  return options_.detailed_exitcode && changed ? kUsage : kDone;
}

int App::classroom_apply() {
  if (options_.destroy) return classroom_destroy();
  auto input = read_classroom();
  auto changes = input ? classroom_changes(*input) : std::nullopt;
  if (!changes) {
    talk_ << "muster: nothing was changed\n";
    return kUsage;
  }
  const auto& name = input->made_of.classroom;
  if (!options_.json) talk_ << changes_text(name, *changes) << "\n";
  std::vector<DefinitionResult> inputs;
  std::vector<std::string> leavers;
  for (const auto& change : *changes) {
    if (change.change == Change::leaving) leavers.push_back(change.cluster);
    if (change.input != nullptr && change.change != Change::unchanged) {
      inputs.push_back(*change.input);
    }
  }
  if (inputs.empty() && leavers.empty()) {
    talk_ << "muster: the classroom '" << name << "' is as it should be\n";
    return kDone;
  }
  if (!leavers.empty() && !options_.yes && !on_terminal()) {
    throw Error("the roster no longer has everybody: apply would destroy " + join(leavers, ", "),
                ExitCode::usage)
        .hint("without a terminal to ask on, say --yes; or put them back into " +
              typed(options_.roster_file));
  }
  return apply_students(inputs, leavers);
}

int App::apply_students(const std::vector<DefinitionResult>& inputs,
                        const std::vector<std::string>& leavers) {
  const auto again = "muster classroom apply --template " + typed(options_.template_file) +
                     " --roster " + typed(options_.roster_file);
  std::vector<Job> jobs;
  for (const auto& input : inputs) jobs.push_back({input.definition.name, &input, again});
  for (const auto& name : leavers) jobs.push_back({name, nullptr, "muster destroy " + name});
  return run_jobs(jobs);
}

std::string App::classroom_name() {
  if (!options_.arguments.empty()) return options_.arguments.front();
  Overrides overrides;
  overrides.set = options_.set;
  auto made_of = read_template(options_.template_file, overrides, rules());
  // A template that can name its classroom can be destroyed, whatever else is wrong.
  if (made_of.classroom.empty()) report(made_of.diagnostics);
  return made_of.classroom;
}

int App::classroom_destroy() {
  const auto name = classroom_name();
  if (name.empty()) return kUsage;
  if (!options_.yes && !on_terminal()) {
    throw Error("destroy deletes nodes and everything on them", ExitCode::usage)
        .hint("without a terminal to ask on, say --yes");
  }
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;
  for (const auto& record : classroom_members(name)) {
    names.push_back(record.name);
    rows.push_back({classroom_member(record.definition_text)->student, record.name,
                    std::to_string(record.nodes.size())});
  }
  if (names.empty()) {
    talk_ << "muster: there is no cluster of a classroom '" << name << "': nothing to destroy\n";
    return kDone;
  }
  if (!options_.json) talk_ << render_table({"STUDENT", "CLUSTER", "NODES"}, rows) << "\n";
  return apply_students({}, names);
}

}  // namespace muster
