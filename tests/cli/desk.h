#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "provisioner/cli/context.h"
#include "provisioner/state/store.h"
#include "tests/support/folder.h"

namespace muster::testing {

/// No terminal on stdin, wherever the test runs.
class NoTerminal {
 public:
  NoTerminal() : kept_(::dup(STDIN_FILENO)) {
    int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, STDIN_FILENO);
    ::close(null);
  }
  ~NoTerminal() {
    ::dup2(kept_, STDIN_FILENO);
    ::close(kept_);
  }
  NoTerminal(const NoTerminal&) = delete;
  NoTerminal& operator=(const NoTerminal&) = delete;

 private:
  int kept_;
};

/// Runs commands on a state of its own, which begins with the deployment "demo" of tenant "blue".
class Desk {
 public:
  explicit Desk(const std::string& definition_text) : store_(open_store(folder_.path())) {
    DeploymentRecord record;
    record.name = "demo";
    record.tenant = "blue";
    record.definition_file = "demo.json";
    record.definition_text = definition_text;
    store_->begin_revision(record, "muster apply");
  }

  Store& store() { return *store_; }
  const TestFolder& folder() const { return folder_; }

  /// The exit code; what was said is in `out` and `talk`.
  int run(const std::vector<std::string>& words) {
    NoTerminal none;
    ::setenv("MUSTER_STATE", folder_.path().c_str(), 1);
    ::setenv("MUSTER_CACHE", folder_.path().c_str(), 1);
    std::ostringstream out_stream;
    std::ostringstream talk_stream;
    int code = run_muster(words, out_stream, talk_stream, {}, [] {});
    ::unsetenv("MUSTER_STATE");
    ::unsetenv("MUSTER_CACHE");
    out = out_stream.str();
    talk = talk_stream.str();
    return code;
  }

  std::string out;   ///< what the last run said on stdout
  std::string talk;  ///< and on stderr

 private:
  TestFolder folder_;
  std::unique_ptr<Store> store_;
};

}  // namespace muster::testing
