// What changes clusters, one or many in one run, and what is said of it.
#include "provisioner/cli/jobs.h"

#include <algorithm>
#include <map>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/log.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/definition/expansion.h"
#include "provisioner/operations/kubeconfig.h"
#include "provisioner/operations/revisions.h"
#include "provisioner/report/table.h"
#include "provisioner/report/terminal.h"

namespace muster {

namespace {

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
    auto file = job.input == nullptr                       ? job.name
                : job.input->diagnostics.file() == "stdin" ? std::string("-")
                                                           : job.input->diagnostics.file();
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

/// One run of several jobs.
class JobRun {
 public:
  JobRun(Context& context, const RunArguments& run, const std::vector<Job>& jobs)
      : context_(context), run_(run), jobs_(jobs) {}
  int run();

 private:
  Result run_one(const Job& job, const World& everything, const RunOptions& options);
  bool may_begin(const std::vector<const Plan*>& plans);
  void keep_findings(Reporter& reporter, const std::vector<HostFindings>& hosts);
  void tell(const Job& job, const Result& result);
  void tell_applied(const Job& job, const Result& result);
  void tell_undone(const std::string& name, const Undone& undone);
  void tell_all(const std::vector<JointResult>& runs);
  std::vector<std::string> row_of(const Job& job, const JointResult& run);

  Context& context_;
  const RunArguments& run_;
  const std::vector<Job>& jobs_;
  std::mutex findings_mutex_;  ///< guards findings_
  std::vector<HostFindings> findings_;
};

int JobRun::run() {
  refuse_twins(jobs_);
  std::vector<std::string> names;
  for (const auto& job : jobs_) names.push_back(job.name);
  const auto forgotten = forgotten_nodes(context_, run_, names);
  auto reports = context_.reporter(run_, jobs_.size() > 1);
  SharedReporter shared(*reports);
  const auto everything = context_.world(shared);
  std::vector<JointTask> tasks;
  for (const auto& job : jobs_) {
    tasks.push_back({job.name, [this, &job, &everything](const RunOptions& options) {
                       return run_one(job, everything, options);
                     }});
  }
  auto options = context_.run_options(run_);
  options.leaving.forgotten = forgotten;
  options.on_findings = [&](const auto& hosts) { keep_findings(shared, hosts); };
  auto runs = run_jointly(tasks, options, [&](const auto& plans) { return may_begin(plans); });
  reports.reset();  // the live view is wiped before we talk on
  context_.run_ended();
  forget_old_runs(context_);
  if (jobs_.size() == 1) {
    if (runs.front().error) throw *runs.front().error;
    tell(jobs_.front(), runs.front().result);
  } else {
    tell_all(runs);
  }
  return exit_code_of(runs);
}

Result JobRun::run_one(const Job& job, const World& everything, const RunOptions& options) {
  if (job.input == nullptr) return destroy(everything, job.name, options);
  ApplyRequest request;
  request.input = job.input;
  request.atomic = run_.atomic;
  request.reorder = job.reorder;
  if (!job.plan_file.empty()) request.exactly = saved_plan(job.plan_file, job.name);
  return apply(everything, request, options);
}

bool JobRun::may_begin(const std::vector<const Plan*>& plans) {
  auto& talk = context_.talk();
  if (!run_.json) talk << plan_text(plans) << std::flush;
  show_findings(context_, findings_, talk);
  if (run_.skip_check) talk << "muster: the hosts are not checked (--skip-check)\n";
  return run_.yes || !can_ask() || context_.confirm(question_of(plans, jobs_));
}

/// For below the plan, or as events. Any thread may call it.
void JobRun::keep_findings(Reporter& reporter, const std::vector<HostFindings>& hosts) {
  if (run_.json) return tell_findings(context_, reporter, hosts);
  std::lock_guard lock(findings_mutex_);
  findings_.insert(findings_.end(), hosts.begin(), hosts.end());
}

void JobRun::tell(const Job& job, const Result& result) {
  const auto& name = job.name;
  auto& talk = context_.talk();
  if (result.undone) {
    tell_undone(name, *result.undone);
  } else if (result.declined) {
    talk << "muster: nothing was changed\n";
  } else if (job.input != nullptr) {
    tell_applied(job, result);
  } else if (result.run.good()) {
    talk << "muster: '" << name << "' is gone\n";
  } else {
    talk << "muster: what is left of '" << name
         << "' is still on record\n  see all:    muster logs " << name
         << "\n  try again:  muster destroy " << name << "\n";
  }
}

void JobRun::tell_all(const std::vector<JointResult>& runs) {
  if (std::ranges::all_of(runs, [](const auto& run) { return run.result.declined; })) {
    context_.talk() << "muster: nothing was changed\n";
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < jobs_.size(); ++i) rows.push_back(row_of(jobs_[i], runs[i]));
  if (!run_.json) {
    context_.out() << render_table({"CLUSTER", "NODES", "TIME", "ENDPOINT", "RESULT"}, rows)
                   << std::flush;
  }
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    if (exit_code_of(runs[i]) == kDone) continue;
    if (runs[i].error) {
      context_.talk() << "muster: '" << jobs_[i].name << "': " << runs[i].error->what() << "\n";
    } else {
      tell(jobs_[i], runs[i].result);
    }
  }
}

std::vector<std::string> JobRun::row_of(const Job& job, const JointResult& run) {
  std::string endpoint;
  std::size_t nodes = 0;
  if (auto record = context_.store().deployment(job.name)) {
    nodes = record->nodes.size();
    auto cluster = context_.wanted_cluster(*record);
    if (cluster) endpoint = api_server(*cluster, *record).value_or("");
  }
  return {job.name, std::to_string(nodes), format_ms(run.ms), endpoint, result_words(job, run)};
}

void JobRun::tell_applied(const Job& job, const Result& result) {
  const auto& name = job.name;
  auto& talk = context_.talk();
  // What takes the last change back.
  auto undo = [&] {
    bool before = find_revision_before(context_.store(), name).has_value();
    return (before ? "muster rollback " : "muster destroy ") + name;
  };
  if (result.run.interrupted) {
    talk << "muster: " << (jobs_.size() > 1 ? "'" + name + "' was " : "")
         << "stopped; what is done stays\n  go on:  " << job.again << "\n  undo:   " << undo()
         << "\n";
  } else if (!result.run.good()) {
    talk << "muster: '" << name << "' is not complete; what works stays"
         << (run_.atomic ? ", since its definition is the one that it had before" : "")
         << "\n  see all:    muster logs " << name << "\n  try again:  " << job.again
         << "\n  undo:       " << undo() << "\n";
  } else if (job.input->definition.commit) {
    talk << "muster: '" << name << "' is up\n";
    if (makes_kubernetes(job.input->definition, context_.roles())) {
      talk << "  use it:  muster kubeconfig " << name << " > " << name << ".kubeconfig\n";
    }
  } else {
    talk << "muster: '" << name << "' is proposed (\"commit\": false): its nodes exist, no role "
         << "was applied\n";
    if (job.can_commit) talk << "  go on:  " << job.again << " --set commit=true\n";
  }
}

void JobRun::tell_undone(const std::string& name, const Undone& undone) {
  const auto revision = std::to_string(undone.back_to);
  auto& talk = context_.talk();
  if (undone.run.good()) {
    talk << "muster: "
         << (undone.back_to == 0 ? "all of it was undone: there is no '" + name + "'"
                                 : "'" + name + "' is back at revision " + revision)
         << "\n  see why:  muster logs " << name << " --all\n";
    return;
  }
  talk << "muster: '" << name << "' could not be undone wholly\n  see all:    muster logs " << name
       << "\n  try again:  muster "
       << (undone.back_to == 0 ? "destroy " + name : "rollback " + name + " --to " + revision)
       << "\n";
}

}  // namespace

int run_jobs(Context& context, const RunArguments& run, const std::vector<Job>& jobs) {
  return JobRun(context, run, jobs).run();
}

int destroy_named(Context& context, const RunArguments& run,
                  const std::vector<std::string>& names) {
  context.need_terminal_or_yes(run.yes, "destroy deletes nodes and everything on them");
  std::vector<Job> jobs;
  for (const auto& name : names) {
    if (context.store().deployment(name)) {
      jobs.push_back({name, nullptr, "muster destroy " + name});
    } else {
      context.talk() << "muster: there is no deployment '" << name << "': nothing to destroy\n";
    }
  }
  return jobs.empty() ? kDone : run_jobs(context, run, jobs);
}

std::set<std::string> forgotten_nodes(Context& context, const RunArguments& run,
                                      const std::vector<std::string>& deployments) {
  std::map<std::string, std::vector<std::string>> known;  // by what they may be called
  for (const auto& name : deployments) {
    if (run.forgotten.empty()) break;
    for (const auto& node : context.store().deployment(name).value_or(DeploymentRecord{}).nodes) {
      const auto full = name + "/" + node.name;
      known[full].push_back(full);
      known[node.name].push_back(full);
    }
  }
  std::set<std::string> forgotten;
  for (const auto& word : run.forgotten) {
    const auto& found = known[word];
    if (found.size() > 1) {
      throw Error("'" + word + "' is a node of several deployments", ExitCode::usage)
          .hint("say which: --forget-unreachable " + found.front());
    }
    if (found.empty()) {
      context.talk() << "muster: no node '" << word << "' is on record: nothing to forget\n";
    }
    forgotten.insert(found.begin(), found.end());
  }
  return forgotten;
}

void forget_old_runs(Context& context) {
  try {
    context.store().prune({});
  } catch (const Error& error) {
    log_info(error.what());  // the next run does it
  }
}

std::string again(const std::string& command, const std::string& file, const Overrides& overrides,
                  const std::string& bundle) {
  auto text = "muster " + command + " " + typed(file);
  for (const auto& set : overrides.set) text += " --set " + recorded(set);
  if (overrides.provider) text += " --provider " + typed(*overrides.provider);
  if (!bundle.empty()) text += " --bundle " + typed(bundle);
  if (overrides.name_suffix) text += " --name-suffix " + typed(*overrides.name_suffix);
  return text;
}

}  // namespace muster
