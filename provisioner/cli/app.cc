#include "provisioner/cli/app.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/process.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/find_record.h"
#include "provisioner/engine/named_providers.h"
#include "provisioner/engine/store_claims.h"
#include "provisioner/pki/pki.h"
#include "provisioner/releases/releases.h"
#include "provisioner/report/terminal.h"
#include "provisioner/report/trace.h"
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

}  // namespace

App::App(Options options, std::ostream& out, std::ostream& talk, std::stop_token stop)
    : options_(std::move(options)), out_(out), talk_(talk), stop_(std::move(stop)) {}

App::~App() = default;

int App::run() {
  const InterruptScope interrupts(stop_);
  const auto& command = options_.command;
  if (command == "validate") return validate();
  if (command == "plan") return plan();
  if (command == "apply") return apply();
  if (command == "rollback") return rollback();
  if (command == "destroy") return destroy();
  if (command == "list") return list();
  if (command == "status") return status();
  if (command == "history") return history();
  if (command == "kubeconfig") return kubeconfig();
  if (command == "ssh") return ssh();
  if (command == "logs") return logs();
  if (command == "power") return power();
  if (command == "unlock") return unlock();
  if (command == "version") return version();
  if (command == "versions") return versions();
  if (command == "gc") return gc();
  if (command == "test") return test();
  if (command == "report") return report_run();
  if (command.rfind("artifacts", 0) == 0) return artifacts();
  if (command.starts_with("tenant ")) return tenant();
  if (command.starts_with("provider ")) return provider();
  if (command.starts_with("deployment ")) return deployment_as_record();
  if (command.rfind("classroom", 0) == 0) return classroom();
  if (command == "hosts") return hosts();
  if (command == "check") return check();
  if (command.starts_with("etcd ") || command == "recover") return etcd();
  if (command.starts_with("certs ")) return certs();
  if (command == "import kubespray") return import_kubespray();
  if (command == "export ansible") return export_ansible();
  if (command.starts_with("bundle ")) return bundle();
  if (command.starts_with("bmc ")) return bmc();
  if (command == "schema") {
    out_ << definition_schema();
    return 0;
  }
  if (command == "completion") {
    out_ << completion_script(options_.arguments.front());
    return 0;
  }
  bug("a command that nobody runs");
}

Store& App::store() {
  if (!store_) store_ = open_store(options_.state);
  return *store_;
}

Store* App::known_state() {
  std::error_code failure;
  bool there = store_ || std::filesystem::exists(options_.state / "muster.db", failure);
  return there ? &store() : nullptr;
}

ClaimLedger* App::host_claims() {
  if (!host_claims_) {
    host_claims_ = std::make_unique<StoreClaims>(
        [this](bool make) { return make ? &store() : known_state(); });
  }
  return host_claims_.get();
}

ProviderRegistry& App::providers() {
  if (!providers_) {
    ProviderEnvironment environment;
    environment.cache = options_.cache;
    environment.offline = !options_.bundle_file.empty();
    // A test forks, and a state's connection must not be used by two processes.
    if (options_.command != "provider test") environment.claims = host_claims();
    providers_ = std::make_unique<ProviderRegistry>(environment);
    if (auto* known = known_state()) give_names(*providers_, *known);
  }
  return *providers_;
}

Artifacts& App::artifact_cache() {
  if (!artifacts_) {
    auto catalog = find_resource("artifacts/catalog.yaml");
    if (!catalog) bug("the artifact catalog is not in the binary");
    artifacts_ = std::make_unique<Artifacts>(options_.cache, std::string(*catalog));
    if (const char* mirrors = std::getenv("MUSTER_MIRRORS")) {
      artifacts_->use_mirrors(Mirrors(mirrors));
    }
    if (!options_.bundle_file.empty()) artifacts_->stay_offline();
  }
  return *artifacts_;
}

const std::vector<Role>& App::roles() {
  if (roles_.empty()) {
    roles_ = load_roles(options_.roles);
    for (const auto& role : roles_) check_role(role);
  }
  return roles_;
}

World App::world(Reporter& reporter) {
  World world;
  world.store = &store();
  world.providers = &providers();
  world.artifacts = &artifact_cache();
  world.roles = &roles();
  world.role_directories = options_.roles;
  world.clock = &clock_;
  world.reporter = &reporter;
  world.resources = &resources();
  return world;
}

RunResources& App::resources() {
  if (!resources_) {
    bastions_ = std::make_unique<StoredBastions>(store());
    resources_ = std::make_unique<RunResources>();
    resources_->bastions.remember_in(*bastions_);
  }
  return *resources_;
}

std::unique_ptr<Reporter> App::reporter(bool many) {
  if (options_.trace_file.empty()) return view(many);
  if (!trace_) trace_ = make_trace_reporter(options_.trace_file);
  return std::make_unique<TracedReporter>(view(many), *trace_);
}

std::unique_ptr<Reporter> App::view(bool many) {
  if (options_.json) return make_json_reporter(out_);
  auto terminal = detect_terminal(STDERR_FILENO);
  terminal.verbose = options_.verbose;
  terminal.many = many;
  return make_terminal_reporter(talk_, terminal);
}

DefinitionRules App::rules() {
  auto rules = definition_rules(roles(), providers(), known_state());
  rules.today = today();
  rules.are_certificates = are_certificates;
  return rules;
}

std::string App::today() const {
  return format_time(clock_.wall_ms()).substr(0, std::string_view("2026-01-31").size());
}

DefinitionResult App::read(const std::string& file) {
  Overrides overrides;
  overrides.set = options_.set;
  overrides.provider = options_.provider;
  overrides.name_suffix = options_.name_suffix;
  return read_definition(file, overrides, rules());
}

std::string mistakes_in(const Diagnostics& diagnostics) {
  auto errors = std::ranges::count_if(
      diagnostics.items(), [](const Diagnostic& item) { return item.severity == Severity::error; });
  return diagnostics.file() + " has " + std::to_string(errors) +
         (errors == 1 ? " mistake" : " mistakes");
}

bool App::report(const Diagnostics& diagnostics) {
  talk_ << diagnostics.render();
  return !diagnostics.has_errors();
}

DeploymentRecord App::deployment(const std::string& name) {
  if (auto record = store().deployment(name)) return *record;
  std::vector<std::string> names;
  for (const auto& record : store().deployments()) names.push_back(record.name);
  throw no_record("deployment", name, names, "muster apply FILE");
}

Cluster App::cluster_of(const DeploymentRecord& record) {
  if (auto cluster = wanted_cluster(record)) return *cluster;
  throw Error("the definition of '" + record.name + "' on record cannot be understood")
      .hint("apply a good one: muster apply FILE");
}

const NodeRecord& App::node_of(const DeploymentRecord& record, const std::string& name) {
  if (const auto* node = record.find(name)) return *node;
  std::vector<std::string> names;
  for (const auto& node : record.nodes) names.push_back(node.name);
  throw Error("'" + record.name + "' has no node '" + name + "'", ExitCode::usage)
      .hint("its nodes: " + join(names, ", "));
}

bool App::confirm(const std::string& question) {
  talk_ << question << " [y/N] " << std::flush;
  asking_ = true;
  bool yes = answered_yes();
  asking_ = false;
  return yes;
}

bool App::answered_yes() {
  while (!stop_.stop_requested()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 100) <= 0) continue;
    char answer[256];
    auto count = ::read(STDIN_FILENO, answer, sizeof answer);
    auto text = trim({answer, static_cast<std::size_t>(std::max<ssize_t>(count, 0))});
    if (count <= 0) break;
    return text == "y" || text == "Y" || text == "yes";
  }
  talk_ << std::endl;
  return false;
}

RunOptions App::run_options() {
  on_stop_.emplace(stop_, [this] {
    if (asking_) return;
    talk_ << "\nmuster: finishing what is in flight" << (options_.atomic ? ", then undoing it" : "")
          << "; once more to stop now" << std::endl;
  });
  RunOptions run;
  run.parallel = options_.parallel;
  run.max_failures = options_.max_failures;
  run.command = options_.command_line;
  run.stop = stop_;
  run.check_hosts = !options_.skip_check;
  if (options_.drain_seconds > 0) run.leaving.drain_seconds = options_.drain_seconds;
  run.leaving.force = options_.force_drain;
  run.given_up = options_.given_up;
  if (options_.ttl_ms)
    run.expires_ms = *options_.ttl_ms > 0 ? clock_.wall_ms() + *options_.ttl_ms : 0;
  return run;
}

std::string App::again(const std::string& command, const std::string& file) const {
  auto text = "muster " + command + " " + typed(file);
  for (const auto& set : options_.set) text += " --set " + recorded(set);
  if (options_.provider) text += " --provider " + typed(*options_.provider);
  if (!options_.bundle_file.empty()) text += " --bundle " + typed(options_.bundle_file);
  if (options_.name_suffix) text += " --name-suffix " + typed(*options_.name_suffix);
  return text;
}

std::string App::kubernetes_version() const {
  return options_.version.empty() ? known_releases().default_version.text() : options_.version;
}

}  // namespace muster
