// test: a smoke test of a running cluster.
#include <iomanip>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/operations/smoke_test.h"
#include "provisioner/report/columns.h"

namespace muster {

namespace {

std::string word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "ok";
    case Verdict::failed:
      return "FAIL";
    case Verdict::skipped:
      break;
  }
  return "skip";
}

std::string line_of(const TestCase& test) {
  auto line = pad(word_of(test.verdict), 4) + "  " + test.name;
  if (test.verdict != Verdict::skipped) {
    line += "  (" + format_ms(test.ms) + ")";
  }
  if (!test.message.empty()) line += ": " + one_line(test.message);
  line += "\n";
  if (test.verdict != Verdict::failed) return line;
  for (const auto& said : split(trim(test.output), '\n'))
    line += "      | " + one_line(said) + "\n";
  return line;
}

std::string summary_of(const TestSuite& suite) {
  auto text = std::to_string(suite.count(Verdict::passed)) + " passed, " +
              std::to_string(suite.count(Verdict::failed)) + " failed";
  if (int skipped = suite.count(Verdict::skipped); skipped > 0) {
    text += ", " + std::to_string(skipped) + " skipped";
  }
  return text + " in " + format_ms(suite.ms);
}

struct TestOptions {
  std::string name;
  std::string junit_file;
  std::string output;
};

int run_test(Context& context, const TestOptions& options) {
  auto record = context.deployment(options.name);
  const auto cluster = context.cluster_of(record);
  if (!cluster.kubernetes) {
    throw Error("'" + record.name + "' has nothing of Kubernetes to test", ExitCode::usage);
  }
  const bool as_json = options.output == "json";
  auto reports = context.reporter();
  SmokeTestOptions test;
  test.stop = context.stop();
  test.on_note = [&](const std::string& line) { context.say(line); };
  test.on_case = [&](const TestCase& one) {
    if (!as_json) context.out() << line_of(one) << std::flush;
  };
  auto suite = smoke_test(context.world(*reports), cluster, record, test);
  if (as_json) context.out() << suite_json(suite);
  if (!options.junit_file.empty()) write_file(options.junit_file, junit_xml(suite));
  context.talk() << "muster: " << record.name << ": " << summary_of(suite) << "\n";
  if (context.stop().stop_requested()) return static_cast<int>(ExitCode::interrupted);
  return suite.count(Verdict::failed) == 0 ? kDone : kFailed;
}

}  // namespace

void add_test_commands(Table& table) {
  table.group(Group::verdicts);
  auto test =
      table.command("test", "try whether a running cluster works, with pods of its own", run_test);
  test.takes(name_argument(test->name),
             option("--junit FILE", "the result as JUnit XML, for CI", test->junit_file),
             output_option({"json"}, test->output))
      .example("test cluster01")
      .example("test cluster01 --junit result.xml")
      .is_run();
}

}  // namespace muster
