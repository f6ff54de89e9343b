#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "provisioner/base/clock.h"
#include "provisioner/operations/control_plane.h"
#include "provisioner/operations/smoke_test.h"

namespace muster {

/// The cases of one smoke test: runs each, tells of it, and keeps what came of it.
class SmokeCases {
 public:
  /// All are kept by reference.
  SmokeCases(ControlPlane& control_plane, const Clock& clock, const SmokeTestOptions& options,
             const std::string& deployment, std::string name_space);

  const std::string& name_space() const { return namespace_; }
  bool stopped() const { return options_.stop.stop_requested(); }
  void note(const std::string& line) const;
  void add(TestCase test);
  void skip(const char* name, const std::string& why);

  /// Runs one function of smoke_test.sh as a case; whether it passed.
  bool check(const char* name, const std::vector<std::string>& words, std::string* output = nullptr,
             bool can_stop = true);
  /// The same with what is no function; its case needs no name and no time.
  void time(const char* name, const std::function<TestCase()>& run);

  TestSuite take();

 private:
  TestCase judged(ScriptAnswer& answer) const;

  ControlPlane& control_plane_;
  const Clock& clock_;
  const SmokeTestOptions& options_;
  std::string namespace_;
  TestSuite suite_;
  std::int64_t began_ms_ = 0;
};

}  // namespace muster
