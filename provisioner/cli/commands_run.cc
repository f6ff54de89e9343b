// apply, rollback, destroy: what changes clusters, one or many in one run.
#include <unistd.h>

#include <algorithm>
#include <map>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/log.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/definition_files.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/definition/expansion.h"
#include "provisioner/engine/kubeconfig.h"
#include "provisioner/engine/revisions.h"
#include "provisioner/report/table.h"
#include "provisioner/report/terminal.h"

namespace muster {

namespace {

/// As it is named on a command line.
std::string shown_file(const Diagnostics& diagnostics) {
  return diagnostics.file() == "stdin" ? "-" : diagnostics.file();
}

/// The plan in `file`, which must be one of `deployment`.
Plan saved_plan(const std::filesystem::path& file, const std::string& deployment) {
  std::string text;
  try {
    text = read_file(file);
  } catch (const Error& problem) {
    throw Error(problem.what(), ExitCode::usage).hint("make it: muster plan FILE --out FILE");
  }
  try {
    auto plan = plan_from_json(text);
    if (plan.deployment == deployment) return plan;
    throw Error("the saved plan is of '" + plan.deployment + "', not of '" + deployment + "'",
                ExitCode::usage)
        .hint("name the definition that it was made of");
  } catch (Error& problem) {
    throw problem.while_doing("reading the saved plan '" + file.string() + "'");
  }
}

int exit_code_of(const JointResult& run) {
  return run.error ? static_cast<int>(run.error->exit_code()) : exit_code_of(run.result.run);
}

int exit_code_of(const std::vector<JointResult>& runs) {
  int code = kDone;
  for (const auto& run : runs) code = std::max(code, exit_code_of(run));
  return code;
}

/// Two definitions of one deployment would undo each other.
void refuse_twins(const std::vector<Job>& jobs) {
  std::map<std::string, std::string> files;  // by deployment
  for (const auto& job : jobs) {
    auto file = job.input != nullptr ? shown_file(job.input->diagnostics) : job.name;
    auto [known, fresh] = files.emplace(job.name, file);
    if (!fresh) {
      throw Error(
          "'" + known->second + "' and '" + file + "' are both of deployment '" + job.name + "'",
          ExitCode::usage)
          .hint("name one of them");
    }
  }
}

std::string question_of(const std::vector<const Plan*>& plans, const std::vector<Job>& jobs) {
  std::vector<std::string> made;
  std::vector<std::string> destroyed;
  for (const auto* plan : plans) {
    auto job = std::ranges::find(jobs, plan->deployment, &Job::name);
    bool destroys = job != jobs.end() && job->input == nullptr;
    (destroys ? destroyed : made).push_back("'" + plan->deployment + "'");
  }
  auto names = [](const std::vector<std::string>& list) {
    return list.size() > 1 ? std::to_string(list.size()) + " clusters" : list.front();
  };
  if (destroyed.empty()) return "apply these changes to " + names(made) + "?";
  auto gone = "destroy " + names(destroyed) + " and all on " +
              (destroyed.size() > 1 ? "their" : "its") + " nodes?";
  return made.empty() ? gone : "apply these changes to " + names(made) + ", and " + gone;
}

/// In a table's cell.
std::string result_words(const Job& job, const JointResult& run) {
  if (run.error) return first_line(run.error->what());
  const auto& result = run.result;
  if (result.declined) return "not changed";
  if (result.undone) return result.undone->run.good() ? "failed, undone" : "failed, not all undone";
  if (result.run.interrupted) return "stopped";
  if (!result.run.good()) {
    return std::to_string(result.run.failed) + " failed, " +
           std::to_string(result.run.skipped + result.run.canceled) + " not done";
  }
  if (job.input == nullptr) return "gone";
  return job.input->definition.commit ? "up" : "proposed";
}

}  // namespace

int App::apply() {
  std::vector<DefinitionResult> inputs;
  int code = kDone;
  for (const auto& file : definition_files(options_.arguments)) {
    auto input = read(file);
    // A definition that can name its deployment can be destroyed, whatever else is wrong.
    bool enough = options_.destroy && !input.definition.name.empty();
    if (report(input.diagnostics) || enough) {
      inputs.push_back(std::move(input));
      continue;
    }
    talk_ << "muster: " << mistakes_in(input.diagnostics) << "\n";
    code = kUsage;
  }
  if (inputs.empty()) {
    talk_ << "muster: nothing was changed\n";
    return code;
  }
  if (options_.destroy) {
    std::vector<std::string> names;
    for (const auto& input : inputs) names.push_back(input.definition.name);
    return std::max(code, destroy_named(names));
  }
  if (code != kDone) talk_ << "muster: going on without it\n";
  if (!options_.bundle_file.empty()) take_bundle();
  std::vector<Job> jobs;
  for (const auto& input : inputs) {
    jobs.push_back({input.definition.name, &input, again("apply", shown_file(input.diagnostics))});
  }
  return std::max(code, run_jobs(jobs));
}

int App::rollback() {
  const auto& name = options_.arguments.front();
  auto quiet = make_json_reporter(talk_);
  int revision = options_.to ? *options_.to : revision_before(store(), name);
  auto definition = recorded_definition(world(*quiet), name, revision);
  report(definition.diagnostics);  // warnings
  talk_ << "muster: to revision " << revision << " of '" << name << "'\n";
  return run_jobs(
      {{name, &definition, "muster rollback " + name + " --to " + std::to_string(revision)}});
}

int App::destroy() {
  std::vector<std::string> names;
  for (const auto& word : options_.arguments) {
    if (!names_files(word)) {
      names.push_back(word);
      continue;
    }
    for (const auto& file : definition_files({word})) {
      auto input = read(file);
      names.push_back(input.definition.name);
      if (names.back().empty()) {
        report(input.diagnostics);
        return kUsage;
      }
    }
  }
  return destroy_named(names);
}

int App::destroy_named(const std::vector<std::string>& names) {
  if (!options_.yes && ::isatty(STDIN_FILENO) == 0) {
    throw Error("destroy deletes nodes and everything on them", ExitCode::usage)
        .hint("without a terminal to ask on, say --yes");
  }
  std::vector<Job> jobs;
  for (const auto& name : names) {
    if (store().deployment(name)) {
      jobs.push_back({name, nullptr, "muster destroy " + name});
    } else {
      talk_ << "muster: there is no deployment '" << name << "': nothing to destroy\n";
    }
  }
  return jobs.empty() ? kDone : run_jobs(jobs);
}

std::set<std::string> App::forgotten_nodes(const std::vector<std::string>& deployments) {
  std::map<std::string, std::vector<std::string>> known;  // by what they may be called
  for (const auto& name : deployments) {
    if (options_.forgotten.empty()) break;
    for (const auto& node : store().deployment(name).value_or(DeploymentRecord{}).nodes) {
      const auto full = name + "/" + node.name;
      known[full].push_back(full);
      known[node.name].push_back(full);
    }
  }
  std::set<std::string> forgotten;
  for (const auto& word : options_.forgotten) {
    const auto& found = known[word];
    if (found.size() > 1) {
      throw Error("'" + word + "' is a node of several deployments", ExitCode::usage)
          .hint("say which: --forget-unreachable " + found.front());
    }
    if (found.empty())
      talk_ << "muster: no node '" << word << "' is on record: nothing to forget\n";
    forgotten.insert(found.begin(), found.end());
  }
  return forgotten;
}

int App::run_jobs(const std::vector<Job>& jobs) {
  refuse_twins(jobs);
  std::vector<std::string> names;
  for (const auto& job : jobs) names.push_back(job.name);
  const auto forgotten = forgotten_nodes(names);
  auto reports = reporter(jobs.size() > 1);
  SharedReporter shared(*reports);
  const auto everything = world(shared);
  std::vector<JointTask> tasks;
  for (const auto& job : jobs) {
    tasks.push_back({job.name, [this, &job, &everything](const RunOptions& options) {
                       return run_job(job, everything, options);
                     }});
  }
  auto options = run_options();
  options.leaving.forgotten = forgotten;
  options.on_findings = [&](const auto& hosts) { keep_findings(shared, hosts); };
  auto runs = run_jointly(tasks, options, [&](const std::vector<const Plan*>& plans) {
    if (!options_.json) talk_ << plan_text(plans) << std::flush;
    show_findings(findings_, talk_);
    if (options_.skip_check) talk_ << "muster: the hosts are not checked (--skip-check)\n";
    bool ask = !options_.yes && ::isatty(STDIN_FILENO) == 1;
    return !ask || confirm(question_of(plans, jobs));
  });
  reports.reset();  // the live view is wiped before we talk on
  on_stop_.reset();
  forget_old_runs();
  if (jobs.size() == 1) {
    if (runs.front().error) throw *runs.front().error;
    tell(jobs.front(), runs.front().result);
  } else {
    tell_all(jobs, runs);
  }
  return exit_code_of(runs);
}

void App::forget_old_runs() {
  try {
    store().prune({});
  } catch (const Error& error) {
    log_info(error.what());  // the next run does it
  }
}

Result App::run_job(const Job& job, const World& everything, const RunOptions& options) {
  if (job.input == nullptr) return muster::destroy(everything, job.name, options);
  ApplyRequest request;
  request.input = job.input;
  request.atomic = options_.atomic;
  request.reorder = job.reorder;
  if (!options_.plan_file.empty()) request.exactly = saved_plan(options_.plan_file, job.name);
  return muster::apply(everything, request, options);
}

void App::tell(const Job& job, const Result& result) {
  if (result.undone) {
    tell_undone(job.name, *result.undone);
  } else if (result.declined) {
    talk_ << "muster: nothing was changed\n";
  } else if (job.input == nullptr) {
    tell_destroyed(job.name, result);
  } else {
    tell_applied(job, result);
  }
}

void App::tell_all(const std::vector<Job>& jobs, const std::vector<JointResult>& runs) {
  if (std::ranges::all_of(runs, [](const auto& run) { return run.result.declined; })) {
    talk_ << "muster: nothing was changed\n";
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < jobs.size(); ++i) rows.push_back(row_of(jobs[i], runs[i]));
  if (!options_.json) {
    out_ << render_table({"CLUSTER", "NODES", "TIME", "ENDPOINT", "RESULT"}, rows) << std::flush;
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (exit_code_of(runs[i]) == kDone) continue;
    if (runs[i].error) {
      talk_ << "muster: '" << jobs[i].name << "': " << runs[i].error->what() << "\n";
    } else {
      tell(jobs[i], runs[i].result);
    }
  }
}

std::vector<std::string> App::row_of(const Job& job, const JointResult& run) {
  std::string endpoint;
  std::size_t nodes = 0;
  if (auto record = store().deployment(job.name)) {
    nodes = record->nodes.size();
    auto cluster = wanted_cluster(*record);
    if (cluster) endpoint = api_server(*cluster, *record).value_or("");
  }
  return {job.name, std::to_string(nodes), format_ms(run.ms), endpoint, result_words(job, run)};
}

std::string App::undo_command(const std::string& name) {
  return (find_revision_before(store(), name) ? "muster rollback " : "muster destroy ") + name;
}

void App::tell_applied(const Job& job, const Result& result) {
  const auto& name = job.name;
  if (result.run.interrupted) {
    talk_ << "muster: " << (options_.arguments.size() > 1 ? "'" + name + "' was " : "")
          << "stopped; what is done stays\n  go on:  " << job.again
          << "\n  undo:   " << undo_command(name) << "\n";
  } else if (!result.run.good()) {
    talk_ << "muster: '" << name << "' is not complete; what works stays"
          << (options_.atomic ? ", since its definition is the one that it had before" : "")
          << "\n  see all:    muster logs " << name << "\n  try again:  " << job.again
          << "\n  undo:       " << undo_command(name) << "\n";
  } else if (job.input->definition.commit) {
    talk_ << "muster: '" << name << "' is up\n";
    if (makes_kubernetes(job.input->definition, roles())) {
      talk_ << "  use it:  muster kubeconfig " << name << " > " << name << ".kubeconfig\n";
    }
  } else {
    talk_ << "muster: '" << name << "' is proposed (\"commit\": false): its nodes exist, no role "
          << "was applied\n";
    if (options_.command == "apply") talk_ << "  go on:  " << job.again << " --set commit=true\n";
  }
}

void App::tell_destroyed(const std::string& name, const Result& result) {
  if (result.run.good()) {
    talk_ << "muster: '" << name << "' is gone\n";
    return;
  }
  talk_ << "muster: what is left of '" << name << "' is still on record\n  see all:    muster logs "
        << name << "\n  try again:  muster destroy " << name << "\n";
}

void App::tell_undone(const std::string& name, const Undone& undone) {
  const auto revision = std::to_string(undone.back_to);
  if (undone.run.good()) {
    talk_ << "muster: "
          << (undone.back_to == 0 ? "all of it was undone: there is no '" + name + "'"
                                  : "'" + name + "' is back at revision " + revision)
          << "\n  see why:  muster logs " << name << " --all\n";
    return;
  }
  talk_ << "muster: '" << name << "' could not be undone wholly\n  see all:    muster logs " << name
        << "\n  try again:  muster "
        << (undone.back_to == 0 ? "destroy " + name : "rollback " + name + " --to " + revision)
        << "\n";
}

}  // namespace muster
