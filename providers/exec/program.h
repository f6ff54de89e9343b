#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "providers/exec/settings.h"
#include "provisioner/base/process.h"

namespace muster {

/// The version of the protocol that this muster speaks; docs/providers.md has it.
inline constexpr int kExecProtocol = 1;

/// Runs a provider's program: one process for one call, the request on its stdin, the answer on its
/// stdout. Any thread may call it, several at once.
class ExecProgram {
 public:
  explicit ExecProgram(ExecSettings settings) : settings_(std::move(settings)) {}

  const ExecSettings& settings() const { return settings_; }

  /// The answer, an object of our version without "error". Throws TemporaryError where asking again
  /// may help (the program says so, did not answer in time, or was killed), else Error; both have
  /// the end of what the program wrote to stderr, without its secrets.
  nlohmann::json ask(const std::string& call, const std::string& request,
                     std::chrono::milliseconds deadline) const;

  /// The same without judging what comes of it. At the deadline the program and what it started
  /// are killed.
  ProcessResult run(const std::string& request, std::chrono::milliseconds deadline) const;

  /// Something that it said, without its secrets and without control characters.
  std::string shown(std::string text) const;

  /// Whether `answer` is one of ours that says that something was done.
  static bool is_done(const ProcessResult& answer);

 private:
  std::string said(const ProcessResult& result) const;
  template <typename Kind>
  [[noreturn]] void fail(const std::string& call, const std::string& what,
                         const std::string& hint) const;
  [[noreturn]] void pass_on(const std::string& call, const nlohmann::json& answer,
                            const ProcessResult& result) const;

  ExecSettings settings_;
};

/// `text` without the secrets, nor any long line of one, as it stands or as in JSON.
std::string without_secrets(std::string text, const std::map<std::string, Secret>& secrets);

}  // namespace muster
