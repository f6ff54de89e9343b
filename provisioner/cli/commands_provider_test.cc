// provider test: what every provider must pass.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "providers/conformance/suite.h"
#include "providers/exec/exec.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/find_record.h"
#include "provisioner/cli/json_argument.h"
#include "provisioner/pki/pki.h"
#include "provisioner/report/table.h"
#include "provisioner/run/access.h"
#include "provisioner/run/lease.h"

namespace muster {

namespace {

constexpr int kMostNodes = 1000;

using Json = nlohmann::ordered_json;

/// Those of `word` over `own`, key by key, as a definition's are.
std::string merged_hints(const std::string& own, const std::string& word) {
  auto hints = Json::parse(own);
  if (word.empty()) return hints.dump();
  const auto argument = read_json_argument(word);
  auto over = Json::parse(argument.text, nullptr, false);
  if (!over.is_object()) {
    throw Error("the hints (" + argument.name + ") are no JSON object", ExitCode::usage)
        .hint("e.g. --hints '{\"file\": \"hosts.yaml\"}'");
  }
  hints.update(over);
  return hints.dump();
}

std::size_t count_of_outcome(const std::vector<CaseResult>& results, CaseOutcome outcome) {
  return static_cast<std::size_t>(std::ranges::count_if(
      results, [&](const CaseResult& result) { return result.outcome == outcome; }));
}

std::string results_json(const std::string& provider, const std::vector<CaseResult>& results) {
  Json json{{"provider", provider}, {"cases", Json::array()}};
  for (const auto& result : results) {
    json["cases"].push_back({{"case", result.name},
                             {"result", to_string(result.outcome)},
                             {"why", result.why},
                             {"ms", result.ms}});
  }
  for (auto outcome : {CaseOutcome::passed, CaseOutcome::failed, CaseOutcome::skipped}) {
    json[to_string(outcome)] = count_of_outcome(results, outcome);
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// What failed has its whole reason; a row is one line.
std::string results_table(const std::vector<CaseResult>& results) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& result : results) {
    auto lines = split(trim(result.why), '\n');
    for (auto& line : lines) line = trim(line);
    rows.push_back({result.name, to_string(result.outcome), join(lines, " | ")});
  }
  return render_table({"CASE", "RESULT", "WHY"}, rows);
}

struct ProviderTestOptions {
  std::string name;
  std::string hints;                    ///< JSON text, or a file with it
  std::vector<std::string> only_cases;  ///< empty: all
  int creates = 0;                      ///< at once; 0: as many as the suite makes
  int quota = 0;                        ///< 0: not known
  std::string output;
};

int run_provider_test(Context& context, const ProviderTestOptions& options) {
  context.keep_claims_out();
  const auto known = context.store().providers();
  const auto* record = find_record(known, options.name);
  const auto name = record == nullptr ? options.name : record->name;
  ConformanceInput input;
  input.provider = &context.providers().get(name);
  if (auto* exec = dynamic_cast<ExecProvider*>(input.provider)) input.program = &exec->program();
  input.hints = merged_hints(record == nullptr ? "{}" : record->hints, options.hints);
  if (options.creates > 0) input.creates = options.creates;
  input.quota = options.quota;
  // No deployment can have a dot in its name.
  const auto own_name = "provider.test." + name;
  // Claims with it are no claims of the state.
  input.tag = "test/" + deployment_tag(context.store(), own_name);
  input.authorized_key = make_ssh_key("muster-provider-test").public_key;
  input.only = options.only_cases;
  input.note = [&](const std::string& line) { context.say(line); };
  RunOptions run;
  run.command = context.command_line();
  run.stop = context.stop();
  const auto results =
      with_lock(context.lock_place(), own_name, run, [&](const auto& held, const auto&) {
        input.stop = held.stop;
        return test_provider(input);
      });
  const auto failed = count_of_outcome(results, CaseOutcome::failed);
  if (options.output == "json") {
    context.out() << results_json(name, results);
  } else {
    context.out() << results_table(results) << std::flush;
    context.talk() << "muster: provider '" << name
                   << "': " << count_of_outcome(results, CaseOutcome::passed) << " passed, "
                   << failed << " failed, " << count_of_outcome(results, CaseOutcome::skipped)
                   << " skipped\n";
  }
  return failed > 0 ? kFailed : kDone;
}

}  // namespace

void add_provider_test_commands(Table& table) {
  table.group(Group::records, 2);
  auto test = table.command("provider test", "put a provider through what every provider must pass",
                            run_provider_test);
  auto only = option("--case CASE", "only this case (repeatable)",
                     [&cases = test->only_cases](const std::string& value) -> std::string {
                       cases.push_back(value);
                       std::string one;
                       return choice("--case CASE", "", conformance_cases(), one).take(value);
                     });
  only.kind = WordKind::choice;
  only.choices = conformance_cases();
  test.takes(
          argument("NAME", "a provider, or a kind that is built in", WordKind::text, test->name),
          option("--hints JSON", "hints of its nodes, over its own: JSON, or a file", test->hints),
          number("--nodes N", "creates at once in the case 'parallel' (100)", {2, kMostNodes},
                 test->creates),
          number("--quota N", "how many nodes there can be, for the case 'quota'", {2, kMostNodes},
                 test->quota),
          only, output_option({"json"}, test->output))
      .example("provider test lab --quota 4 --nodes 4")
      .example("provider test inventory --hints hints.json")
      .is_run();
}

}  // namespace muster
