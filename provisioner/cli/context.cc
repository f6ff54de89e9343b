#include "provisioner/cli/context.h"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/log.h"
#include "provisioner/base/process.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/find_record.h"
#include "provisioner/operations/named_providers.h"
#include "provisioner/pki/pki.h"
#include "provisioner/report/terminal.h"
#include "provisioner/report/trace.h"
#include "provisioner/run/store_claims.h"
#include "provisioner/tasks/compile.h"

namespace muster {

namespace {

/// Shows events, and has them in the trace too.
class TracedReporter : public Reporter {
 public:
  TracedReporter(std::unique_ptr<Reporter> shown, Reporter& trace)
      : shown_(std::move(shown)), trace_(trace) {}

  void on(const Event& event) noexcept override {
    shown_->on(event);
    trace_.on(event);
  }

 private:
  std::unique_ptr<Reporter> shown_;
  Reporter& trace_;
};

/// A run over a thousand nodes has more open than the 1,024 files that are usual.
void allow_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Context::Context(const Invocation& invocation, std::ostream& out, std::ostream& talk,
                 std::stop_token stop)
    : common_(invocation.common),
      command_(invocation.name),
      command_line_(invocation.command_line),
      out_(out),
      talk_(talk),
      stop_(std::move(stop)) {}

Context::~Context() = default;

std::string Context::today() const {
  return format_time(clock_.wall_ms()).substr(0, std::string_view("2026-01-31").size());
}

Store& Context::store() {
  if (!store_) store_ = open_store(common_.state);
  return *store_;
}

Store* Context::known_state() {
  std::error_code failure;
  bool there = store_ || std::filesystem::exists(common_.state / "muster.db", failure);
  return there ? &store() : nullptr;
}

ClaimLedger* Context::host_claims() {
  if (!host_claims_) {
    host_claims_ = std::make_unique<StoreClaims>(
        [this](bool make) { return make ? &store() : known_state(); });
  }
  return host_claims_.get();
}

ProviderRegistry& Context::providers() {
  if (!providers_) {
    ProviderEnvironment environment;
    environment.cache = common_.cache;
    environment.offline = offline_;
    if (!claims_out_) environment.claims = host_claims();
    providers_ = std::make_unique<ProviderRegistry>(environment);
    if (auto* known = known_state()) give_names(*providers_, *known);
  }
  return *providers_;
}

Artifacts& Context::artifacts() {
  if (!artifacts_) {
    auto catalog = find_resource("artifacts/catalog.yaml");
    if (!catalog) bug("the artifact catalog is not in the binary");
    artifacts_ = std::make_unique<Artifacts>(common_.cache, std::string(*catalog));
    if (const char* mirrors = std::getenv("MUSTER_MIRRORS")) {
      artifacts_->use_mirrors(Mirrors(mirrors));
    }
    if (offline_) artifacts_->stay_offline();
  }
  return *artifacts_;
}

const std::vector<Role>& Context::roles() {
  if (roles_.empty()) {
    roles_ = load_roles(common_.roles);
    for (const auto& role : roles_) check_role(role);
  }
  return roles_;
}

RunResources& Context::resources() {
  if (!resources_) {
    bastions_ = std::make_unique<StoredBastions>(store());
    resources_ = std::make_unique<RunResources>();
    resources_->bastions.remember_in(*bastions_);
  }
  return *resources_;
}

World Context::world(Reporter& reporter) {
  World world;
  world.store = &store();
  world.providers = &providers();
  world.artifacts = &artifacts();
  world.roles = &roles();
  world.role_directories = common_.roles;
  world.clock = &clock_;
  world.reporter = &reporter;
  world.resources = &resources();
  return world;
}

DefinitionRules Context::rules() {
  auto rules = definition_rules(roles(), providers(), known_state());
  rules.today = today();
  rules.are_certificates = are_certificates;
  return rules;
}

DefinitionResult Context::read(const std::string& file, const Overrides& overrides) {
  return read_definition(file, overrides, rules());
}

bool Context::report(const Diagnostics& diagnostics) {
  talk_ << diagnostics.render();
  return !diagnostics.has_errors();
}

DeploymentRecord Context::deployment(const std::string& name) {
  if (auto record = store().deployment(name)) return *record;
  std::vector<std::string> names;
  for (const auto& record : store().deployments()) names.push_back(record.name);
  throw no_record("deployment", name, names, "muster apply FILE");
}

Cluster Context::cluster_of(const DeploymentRecord& record) {
  if (auto cluster = wanted_cluster(record)) return *cluster;
  throw Error("the definition of '" + record.name + "' on record cannot be understood")
      .hint("apply a good one: muster apply FILE");
}

std::optional<Cluster> Context::wanted_cluster(const DeploymentRecord& record) {
  auto parsed = parse_recorded_definition(record.definition_file, record.definition_text,
                                          record.definition_defaults, rules());
  if (!parsed.plannable) return std::nullopt;
  auto cluster = expand(parsed.definition, roles(), parsed.diagnostics);
  keep_pod_cidrs(cluster, record);
  return cluster;
}

std::unique_ptr<Reporter> Context::reporter(const RunArguments& run, bool many) {
  std::unique_ptr<Reporter> shown;
  if (run.json) {
    shown = make_json_reporter(out_);
  } else {
    auto terminal = detect_terminal(STDERR_FILENO);
    terminal.verbose = common_.verbose;
    terminal.many = many;
    shown = make_terminal_reporter(talk_, terminal);
  }
  if (run.trace_file.empty()) return shown;
  if (!trace_) trace_ = make_trace_reporter(run.trace_file);
  return std::make_unique<TracedReporter>(std::move(shown), *trace_);
}

std::unique_ptr<Reporter> Context::quiet() { return make_json_reporter(talk_); }

RunOptions Context::run_options(const RunArguments& run) {
  on_stop_.emplace(stop_, [this, undo = run.atomic] {
    if (asking_) return;
    talk_ << "\nmuster: finishing what is in flight" << (undo ? ", then undoing it" : "")
          << "; once more to stop now" << std::endl;
  });
  RunOptions options;
  options.parallel = run.parallel;
  options.max_failures = run.max_failures;
  options.command = command_line_;
  options.stop = stop_;
  options.check_hosts = !run.skip_check;
  if (run.drain_seconds > 0) options.leaving.drain_seconds = run.drain_seconds;
  options.leaving.force = run.force_drain;
  options.given_up = run.given_up;
  if (run.ttl_ms) options.expires_ms = *run.ttl_ms > 0 ? clock_.wall_ms() + *run.ttl_ms : 0;
  return options;
}

void Context::say(const std::string& line) { talk_ << "muster: " << line << std::endl; }

bool Context::confirm(const std::string& question) {
  talk_ << question << " [y/N] " << std::flush;
  asking_ = true;
  std::string answer;
  bool answered = false;
  while (!answered && !stop_.stop_requested()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 100) <= 0) continue;
    char buffer[256];
    auto count = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (count <= 0) break;
    answer = trim({buffer, static_cast<std::size_t>(count)});
    answered = true;
  }
  if (!answered) talk_ << std::endl;
  asking_ = false;
  return answer == "y" || answer == "Y" || answer == "yes";
}

bool can_ask() { return ::isatty(STDIN_FILENO) == 1; }

void Context::need_terminal_or_yes(bool yes, const std::string& what,
                                   const std::string& else_hint) {
  if (yes || can_ask()) return;
  throw Error(what, ExitCode::usage).hint("without a terminal to ask on, say --yes" + else_hint);
}

std::string mistakes_in(const Diagnostics& diagnostics) {
  auto errors = std::ranges::count(diagnostics.items(), Severity::error, &Diagnostic::severity);
  return diagnostics.file() + " has " + std::to_string(errors) +
         (errors == 1 ? " mistake" : " mistakes");
}

const NodeRecord& node_of(const DeploymentRecord& record, const std::string& name) {
  if (const auto* node = record.find(name)) return *node;
  std::vector<std::string> names;
  for (const auto& node : record.nodes) names.push_back(node.name);
  throw Error("'" + record.name + "' has no node '" + name + "'", ExitCode::usage)
      .hint("its nodes: " + join(names, ", "));
}

int run_muster(const std::vector<std::string>& words, std::ostream& out, std::ostream& talk,
               std::stop_token stop, const std::function<void()>& watch_signals) {
  try {
    const auto table = all_commands();
    if (words.empty()) {
      talk << help_text(table);
      return static_cast<int>(ExitCode::usage);
    }
    const auto invocation = parse_command_line(table, words);
    if (invocation.stoppable) watch_signals();
    if (invocation.many_files) allow_open_files();
    if (!invocation.common.log_file.empty()) {
      open_log(invocation.common.log_file, invocation.common.verbose);
    }
    const InterruptScope interrupts(stop);
    Context context(invocation, out, talk, stop);
    int code = invocation.run(context);
    out.flush();
    if (!out && code == 0) {
      throw Error("cannot write the output").hint("is the disk full, or the reader gone?");
    }
    return code;
  } catch (const Error& error) {
    talk << "muster: " << error.what() << "\n";
    return static_cast<int>(error.exit_code());
  } catch (const std::exception& error) {
    talk << "muster: this is a bug: " << error.what() << "\n";
    return static_cast<int>(ExitCode::step_failed);
  }
}

}  // namespace muster
