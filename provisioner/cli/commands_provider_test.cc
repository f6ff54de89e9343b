// provider test: what every provider must pass.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "providers/conformance/suite.h"
#include "providers/exec/exec.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/find_record.h"
#include "provisioner/cli/json_argument.h"
#include "provisioner/engine/lease.h"
#include "provisioner/engine/step_runner.h"
#include "provisioner/pki/pki.h"
#include "provisioner/report/table.h"

namespace muster {

namespace {

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

}  // namespace

int App::provider_test() {
  const auto known = store().providers();
  const auto* record = find_record(known, options_.arguments.front());
  const auto name = record == nullptr ? options_.arguments.front() : record->name;
  ConformanceInput input;
  input.provider = &providers().get(name);
  if (auto* exec = dynamic_cast<ExecProvider*>(input.provider)) input.program = &exec->program();
  input.hints = merged_hints(record == nullptr ? "{}" : record->hints, options_.hints);
  if (options_.creates > 0) input.creates = options_.creates;
  input.quota = options_.quota;
  // No deployment can have a dot in its name.
  const auto own_name = "provider.test." + name;
  // Claims with it are no claims of the state.
  input.tag = "test/" + deployment_tag(store(), own_name);
  input.authorized_key = make_ssh_key("muster-provider-test").public_key;
  input.only = options_.only_cases;
  input.note = [&](const std::string& line) { talk_ << "muster: " << line << std::endl; };
  RunOptions options;
  options.command = options_.command_line;
  options.stop = stop_;
  const auto results =
      with_lock(lock_place(), own_name, options, [&](const auto& held, const auto&) {
        input.stop = held.stop;
        return test_provider(input);
      });
  const auto failed = count_of_outcome(results, CaseOutcome::failed);
  if (options_.output == "json") {
    out_ << results_json(name, results);
  } else {
    out_ << results_table(results) << std::flush;
    talk_ << "muster: provider '" << name << "': " << count_of_outcome(results, CaseOutcome::passed)
          << " passed, " << failed << " failed, " << count_of_outcome(results, CaseOutcome::skipped)
          << " skipped\n";
  }
  return static_cast<int>(failed > 0 ? ExitCode::step_failed : ExitCode::done);
}

}  // namespace muster
