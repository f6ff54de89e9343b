// test: a smoke test of a running cluster.
#include <iomanip>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/engine/smoke_test.h"
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

}  // namespace

int App::test() {
  auto record = deployment(options_.arguments.front());
  const auto cluster = cluster_of(record);
  if (!cluster.kubernetes) {
    throw Error("'" + record.name + "' has nothing of Kubernetes to test", ExitCode::usage);
  }
  const bool as_json = options_.output == "json";
  auto reports = view();
  SmokeTestOptions options;
  options.stop = stop_;
  options.on_note = [&](const std::string& line) { talk_ << "muster: " << line << std::endl; };
  options.on_case = [&](const TestCase& test) {
    if (!as_json) out_ << line_of(test) << std::flush;
  };
  auto suite = smoke_test(world(*reports), cluster, record, options);
  if (as_json) out_ << suite_json(suite);
  if (!options_.junit_file.empty()) write_file(options_.junit_file, junit_xml(suite));
  talk_ << "muster: " << record.name << ": " << summary_of(suite) << "\n";
  if (stop_.stop_requested()) return static_cast<int>(ExitCode::interrupted);
  return static_cast<int>(suite.count(Verdict::failed) == 0 ? ExitCode::done
                                                            : ExitCode::step_failed);
}

}  // namespace muster
