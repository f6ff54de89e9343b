#include "provisioner/cli/rules.h"

#include <charconv>
#include <utility>

#include "provisioner/base/duration.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/attribs.h"
#include "provisioner/definition/names.h"
#include "provisioner/releases/check.h"

namespace muster {

namespace {

constexpr int kMostParallel = 10000;
constexpr int kMostRevisions = 1'000'000'000;
constexpr int kMostFailures = 1'000'000;
constexpr std::int64_t kMostDrainMs = 24 * 3600 * 1000;
constexpr int kMostRuns = 2'000'000'000;

auto into(std::string Options::*member) {
  return [member](Options& options, const std::string& value) {
    options.*member = value;
    return value.empty() ? "must not be empty" : "";
  };
}

auto into(std::filesystem::path Options::*member) {
  return [member](Options& options, const std::string& value) {
    options.*member = value;
    return value.empty() ? "must not be empty" : "";
  };
}

auto into(bool Options::*member) {
  return [member](Options& options, const std::string&) {
    options.*member = true;
    return "";
  };
}

/// Puts the number into `target`, or says what is wrong with it.
template <typename Target>
std::string take_number(const std::string& value, int least, int most, Target& target) {
  int number = 0;
  auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
  bool whole = problem == std::errc{} && end == value.data() + value.size();
  if (!whole || number < least || number > most) {
    return "must be " + std::to_string(least) + " to " + std::to_string(most) + ", not '" + value +
           "'";
  }
  target = number;
  return "";
}

std::string set_to(Options& options, const std::string& value) {
  return take_number(value, 1, kMostRevisions, options.to);
}

std::string set_run(Options& options, const std::string& value) {
  return take_number(value, 1, kMostRuns, options.run);
}

std::string add_set(Options& options, const std::string& value) {
  if (value.find('=') == std::string::npos || value.front() == '=') {
    return "must be PATH=VALUE, e.g. attribs.k8s-version=v1.37.2, not '" + value + "'";
  }
  options.set.push_back(value);
  return "";
}

std::string set_provider(Options& options, const std::string& value) {
  options.provider = value;
  return value.empty() ? "must not be empty" : "";
}

std::string set_version(Options& options, const std::string& value) {
  options.version = value;
  if (!is_kubernetes_version(value)) {
    return "must be a release such as v1.37.2, not '" + value + "'";
  }
  auto check = check_kubernetes_version(value);
  if (check.problem.empty()) return "";
  return "does not work: " + check.problem + "; use " + check.instead;
}

std::string add_roles(Options& options, const std::string& value) {
  options.roles.emplace_back(value);
  return value.empty() ? "must not be empty" : "";
}

std::string set_ttl(Options& options, const std::string& value) {
  options.ttl_ms = value == "none" ? 0 : parse_duration(value);
  return options.ttl_ms ? ""
                        : "must be a time such as 90m, 2h or 1d12h, or none, not '" + value + "'";
}

std::string set_name_suffix(Options& options, const std::string& value) {
  options.name_suffix = as_name_part(value);
  return options.name_suffix->empty() ? "must have a letter or a digit, not '" + value + "'" : "";
}

std::string set_drain_timeout(Options& options, const std::string& value) {
  auto timeout = parse_duration(value);
  bool good = timeout && *timeout <= kMostDrainMs;
  if (good) options.drain_seconds = static_cast<int>(*timeout / 1000);
  return good ? "" : "must be a time such as 90s or 30m, a day at most, not '" + value + "'";
}

std::string add_forgotten(Options& options, const std::string& value) {
  options.forgotten.push_back(value);
  return value.empty() ? "must not be empty" : "";
}

std::string set_interval(Options& options, const std::string& value) {
  auto interval = parse_duration(value);
  if (interval) options.interval_ms = *interval;
  return interval ? "" : "must be a time such as 2s or 1m, not '" + value + "'";
}

OptionRule option(std::string name, std::string value, std::string help) {
  OptionRule rule;
  rule.name = std::move(name);
  rule.value = std::move(value);
  rule.help = std::move(help);
  return rule;
}

ArgumentRule argument(std::string name, std::string help, WordKind kind, bool required) {
  ArgumentRule rule;
  rule.name = std::move(name);
  rule.help = std::move(help);
  rule.kind = kind;
  rule.required = required;
  return rule;
}

}  // namespace

ArgumentRule file_arguments() {
  auto rule = argument("FILE", "definitions (JSON or YAML); '-' is stdin", WordKind::file, true);
  rule.many = true;
  return rule;
}

ArgumentRule name_argument(bool required, std::string help) {
  return argument("NAME", std::move(help), WordKind::deployment, required);
}

ArgumentRule node_argument(bool required, std::string help) {
  return argument("NODE", std::move(help), WordKind::text, required);
}

OptionRule flag(std::string name, std::string letter, std::string help, bool Options::*member) {
  auto rule = option(std::move(name), "", std::move(help));
  rule.letter = std::move(letter);
  rule.set = into(member);
  return rule;
}

OptionRule path_option(std::string name, std::string help, std::filesystem::path Options::*member) {
  auto rule = option(std::move(name), "DIR", std::move(help));
  rule.set = into(member);
  rule.kind = WordKind::directory;
  return rule;
}

OptionRule file_option(std::string name, std::string help, std::string Options::*member) {
  auto rule = option(std::move(name), "FILE", std::move(help));
  rule.set = into(member);
  rule.kind = WordKind::file;
  return rule;
}

OptionRule set_option() {
  auto rule = option("--set", "PATH=VALUE", "set a value; again for more: attribs.k8s-ndots=2");
  rule.set = add_set;
  return rule;
}

OptionRule provider_option() {
  auto rule = option("--provider", "PROVIDER", "take all nodes from this provider, e.g. local");
  rule.set = set_provider;
  rule.kind = WordKind::choice;
  rule.choices = {"local"};
  return rule;
}

OptionRule yes_option() { return flag("--yes", "-y", "do not ask", &Options::yes); }

OptionRule to_option(std::string help) {
  auto rule = option("--to", "REVISION", std::move(help));
  rule.set = set_to;
  return rule;
}

OptionRule number_option(std::string name, std::string help, int least, int most,
                         int Options::*member) {
  auto rule = option(std::move(name), "N", std::move(help));
  rule.set = [=](Options& options, const std::string& value) {
    return take_number(value, least, most, options.*member);
  };
  return rule;
}

OptionRule parallel_option() {
  return number_option("--parallel", "steps at once, 1 to 10000 (1000)", 1, kMostParallel,
                       &Options::parallel);
}

OptionRule max_failures_option() {
  return number_option("--max-failures", "start nothing more after N failed steps (no limit)", 1,
                       kMostFailures, &Options::max_failures);
}

OptionRule events_option() {
  return flag("--json", "", "events on stdout, one JSON object a line", &Options::json);
}

OptionRule trace_option() {
  return file_option("--trace", "a trace of the run, for Perfetto", &Options::trace_file);
}

OptionRule output_option(std::vector<std::string> forms) {
  auto rule = option("--output", "FORM", "form of the output: " + join(forms, " or "));
  rule.letter = "-o";
  rule.set = into(&Options::output);
  rule.kind = WordKind::choice;
  rule.choices = std::move(forms);
  return rule;
}

OptionRule kubernetes_option() {
  auto rule = option("--kubernetes", "VERSION", "for this release of Kubernetes");
  rule.set = set_version;
  return rule;
}

OptionRule arch_option() {
  auto rule = option("--arch", "ARCH", "for nodes of this architecture, not this machine's");
  rule.set = into(&Options::arch);
  rule.kind = WordKind::choice;
  rule.choices = {"amd64", "arm64"};
  return rule;
}

OptionRule roles_option() {
  auto rule = option("--roles", "DIR", "roles/ and templates/ of yours; again for more");
  rule.set = add_roles;
  rule.kind = WordKind::directory;
  return rule;
}

OptionRule ttl_option() {
  auto rule = option("--ttl", "TIME", "'muster gc' destroys it after 2h, 1d12h, ...; none");
  rule.set = set_ttl;
  return rule;
}

OptionRule name_suffix_option() {
  auto rule = option("--name-suffix", "SUFFIX", "NAME-SUFFIX in place of the deployment's name");
  rule.set = set_name_suffix;
  return rule;
}

OptionRule interval_option() {
  auto rule = option("--interval", "TIME", "how often to look: 2s (that when absent), 1m, ...");
  rule.set = set_interval;
  return rule;
}

OptionRule run_option() {
  auto rule = option("--run", "ID", "which run; the last when absent");
  rule.set = set_run;
  return rule;
}

OptionRule drain_timeout_option() {
  auto rule = option("--drain-timeout", "TIME", "how long pods may take to leave a node (2m)");
  rule.set = set_drain_timeout;
  return rule;
}

OptionRule lost_option() {
  auto rule = option("--lost", "NODE", "gone for good, though its provider does not say so");
  rule.set = [](Options& options, const std::string& value) {
    options.given_up.nodes.push_back(value);
    return std::string(value.empty() ? "must not be empty" : "");
  };
  return rule;
}

OptionRule replace_lost_option() {
  auto rule = option("--replace-lost", "NAME", "what only lost nodes of NAME had is given up");
  rule.kind = WordKind::deployment;
  rule.set = [](Options& options, const std::string& value) {
    options.given_up.deployments.push_back(value);
    return std::string(value.empty() ? "must not be empty" : "");
  };
  return rule;
}

OptionRule force_drain_option() {
  return flag("--force-drain", "", "drain without asking PodDisruptionBudgets",
              &Options::force_drain);
}

OptionRule forget_option() {
  auto rule =
      option("--forget-unreachable", "NODE", "let go of one that is gone for good; again for more");
  rule.set = add_forgotten;
  return rule;
}

}  // namespace muster
