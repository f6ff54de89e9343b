#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster {

/// How a test case ended.
enum class Verdict { passed, failed, skipped };

std::string to_string(Verdict verdict);

/// One thing that was tested.
struct TestCase {
  std::string name;
  Verdict verdict = Verdict::passed;
  std::int64_t ms = 0;
  std::string message;  ///< why it failed or was skipped, in a line
  std::string output;   ///< of one that failed: what was run, and what came
};

/// What was tested in one go.
struct TestSuite {
  std::string name;
  std::int64_t started_ms = 0;  ///< wall clock
  std::int64_t ms = 0;
  std::vector<TestCase> cases;

  int count(Verdict verdict) const;
};

/// As JUnit's XML, which every CI system reads: one testsuite, a testcase for each case.
std::string junit_xml(const TestSuite& suite);

/// One JSON object: name, time, ms, counts, and the cases.
std::string suite_json(const TestSuite& suite);

}  // namespace muster
