#include "provisioner/cli/options.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "provisioner/base/duration.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/names.h"

namespace muster {

namespace {

constexpr int kMostParallel = 10000;
constexpr int kMostRevisions = 1'000'000'000;
constexpr int kMostFailures = 1'000'000;
constexpr std::int64_t kMostDrainMs = 24 * 3600 * 1000;

WordKind kind_of(const std::string& value) {
  if (value == "FILE" || value == "JSON") return WordKind::file;
  return value == "DIR" ? WordKind::directory : WordKind::text;
}

/// Takes one of `choices`.
Take one_of(std::vector<std::string> choices, std::string& target) {
  return [choices = std::move(choices), &target](const std::string& value) -> std::string {
    target = value;
    if (std::ranges::find(choices, value) != choices.end()) return "";
    auto others = choices;
    others.pop_back();
    return "must be " + (others.empty() ? "" : join(others, ", ") + " or ") + choices.back() +
           ", not '" + value + "'";
  };
}

}  // namespace

OptionRule option(const std::string& shown, std::string help, Take take) {
  OptionRule rule;
  const auto dashes = shown.find("--");
  const auto space = shown.find(' ', dashes);
  rule.name = shown.substr(dashes, space - dashes);
  if (dashes > 0) rule.letter = shown.substr(0, 2);
  if (space != std::string::npos) rule.value = shown.substr(space + 1);
  rule.help = std::move(help);
  rule.take = std::move(take);
  rule.kind = kind_of(rule.value);
  return rule;
}

ArgumentRule argument(const std::string& shown, std::string help, WordKind kind, Take take) {
  ArgumentRule rule;
  rule.required = !shown.starts_with('[');
  rule.name = rule.required ? shown : shown.substr(1, shown.size() - 2);
  rule.many = rule.name.ends_with("...");
  if (rule.many) rule.name.resize(rule.name.size() - 3);
  rule.help = std::move(help);
  rule.kind = kind;
  rule.take = std::move(take);
  return rule;
}

OptionRule flag(const std::string& shown, std::string help, bool& target) {
  return option(shown, std::move(help), [&target](const std::string&) {
    target = true;
    return "";
  });
}

OptionRule number(const std::string& shown, std::string help, std::pair<int, int> range,
                  std::function<void(int)> take) {
  return option(shown, std::move(help), [=](const std::string& value) -> std::string {
    const auto [least, most] = range;
    int number = 0;
    auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
    bool whole = problem == std::errc{} && end == value.data() + value.size();
    if (!whole || number < least || number > most) {
      return "must be " + std::to_string(least) + " to " + std::to_string(most) + ", not '" +
             value + "'";
    }
    take(number);
    return "";
  });
}

OptionRule number(const std::string& shown, std::string help, std::pair<int, int> range,
                  int& target) {
  return number(shown, std::move(help), range, [&target](int value) { target = value; });
}

OptionRule choice(const std::string& shown, std::string help, std::vector<std::string> choices,
                  std::string& target) {
  auto rule = option(shown, std::move(help), one_of(choices, target));
  rule.kind = WordKind::choice;
  rule.choices = std::move(choices);
  return rule;
}

ArgumentRule choice_argument(const std::string& shown, std::string help,
                             std::vector<std::string> choices, std::string& target) {
  auto rule = argument(shown, std::move(help), WordKind::choice, one_of(choices, target));
  rule.choices = std::move(choices);
  return rule;
}

ArgumentRule files_argument(std::vector<std::string>& files) {
  return argument("FILE...", "definitions (JSON or YAML); '-' is stdin", WordKind::file, files);
}

ArgumentRule name_argument(std::string& name, std::string help) {
  return argument("NAME", std::move(help), WordKind::deployment, name);
}

ArgumentRule json_argument(std::string& json) {
  return argument("JSON", "JSON text, a file with it, or '-' for stdin", WordKind::file, json);
}

OptionRule output_option(std::vector<std::string> forms, std::string& form) {
  return choice("-o, --output FORM", "form of the output: " + join(forms, " or "), forms, form);
}

OptionRule yes_option(bool& yes) { return flag("-y, --yes", "do not ask", yes); }

OptionRule set_option(Overrides& overrides) {
  return option("--set PATH=VALUE", "set a value; again for more: attribs.k8s-ndots=2",
                [&overrides](const std::string& value) -> std::string {
                  overrides.set.push_back(value);
                  if (value.find('=') != std::string::npos && value.front() != '=') return "";
                  return "must be PATH=VALUE, e.g. attribs.k8s-version=v1.37.2, not '" + value +
                         "'";
                });
}

OptionRule provider_option(Overrides& overrides) {
  auto rule = option("--provider PROVIDER", "take all nodes from this provider, e.g. local",
                     overrides.provider);
  rule.kind = WordKind::choice;
  rule.choices = {"local"};  // a user's own may have any name
  return rule;
}

OptionRule name_suffix_option(Overrides& overrides) {
  return option("--name-suffix SUFFIX", "NAME-SUFFIX in place of the deployment's name",
                [&overrides](const std::string& value) -> std::string {
                  overrides.name_suffix = as_name_part(value);
                  if (!overrides.name_suffix->empty()) return "";
                  return "must have a letter or a digit, not '" + value + "'";
                });
}

std::vector<OptionRule> override_options(Overrides& overrides) {
  return {set_option(overrides), provider_option(overrides), name_suffix_option(overrides)};
}

OptionRule revision_option(std::string help, std::optional<int>& revision) {
  return number("--to REVISION", std::move(help), {1, kMostRevisions},
                [&revision](int value) { revision = value; });
}

OptionRule parallel_option(RunArguments& run) {
  return number("--parallel N", "steps at once, 1 to 10000 (1000)", {1, kMostParallel},
                run.parallel);
}

OptionRule max_failures_option(RunArguments& run) {
  return number("--max-failures N", "start nothing more after N failed steps (no limit)",
                {1, kMostFailures}, run.max_failures);
}

OptionRule skip_check_option(RunArguments& run) {
  return flag("--skip-check", "do not check the hosts of new nodes first", run.skip_check);
}

OptionRule ttl_option(RunArguments& run) {
  return option("--ttl TIME", "'muster gc' destroys it after 2h, 1d12h, ...; none",
                [&run](const std::string& value) -> std::string {
                  run.ttl_ms = value == "none" ? 0 : parse_duration(value);
                  if (run.ttl_ms) return "";
                  return "must be a time such as 90m, 2h or 1d12h, or none, not '" + value + "'";
                });
}

OptionRule forget_option(RunArguments& run) {
  return option("--forget-unreachable NODE", "let go of one that is gone for good; again for more",
                run.forgotten);
}

std::vector<OptionRule> event_options(RunArguments& run) {
  return {flag("--json", "events on stdout, one JSON object a line", run.json),
          option("--trace FILE", "a trace of the run, for Perfetto", run.trace_file)};
}

std::vector<OptionRule> drain_options(RunArguments& run) {
  return {option("--drain-timeout TIME", "how long pods may take to leave a node (2m)",
                 [&run](const std::string& value) -> std::string {
                   auto timeout = parse_duration(value);
                   bool good = timeout && *timeout <= kMostDrainMs;
                   if (good) run.drain_seconds = static_cast<int>(*timeout / 1000);
                   return good ? ""
                               : "must be a time such as 90s or 30m, a day at most, not '" + value +
                                     "'";
                 }),
          flag("--force-drain", "drain without asking PodDisruptionBudgets", run.force_drain)};
}

std::vector<OptionRule> lost_options(GivenUp& given_up) {
  auto replace = option("--replace-lost NAME", "what only lost nodes of NAME had is given up",
                        given_up.deployments);
  replace.kind = WordKind::deployment;
  return {
      option("--lost NODE", "gone for good, though its provider does not say so", given_up.nodes),
      replace};
}

}  // namespace muster
