#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "providers/exec/settings.h"
#include "provisioner/base/process.h"

namespace muster {

/// The newest version of the protocol that this muster speaks, besides version 1;
/// docs/providers.md has it.
inline constexpr int kExecProtocol = 2;

/// What is written to a program.
struct ExecRequest {
  std::string text;  ///< JSON
  int version = 1;   ///< of the protocol: that of the answer, too
};

/// Runs a provider's program: one process for one call, the request on its stdin, the answer on its
/// stdout. Any thread may call it, several at once.
class ExecProgram {
 public:
  explicit ExecProgram(ExecSettings settings) : settings_(std::move(settings)) {}

  /// As they are on record: the program has not been asked.
  const ExecSettings& settings() const { return settings_; }

  /// With what the program says of itself (the call "hello"), which it is asked once; one that does
  /// not know that call speaks version 1. `call` is what it is asked for besides, for messages;
  /// throws as ask does.
  ExecSettings agreed(const std::string& call);

  /// The answer to the text of `request`, an object of its version without "error". Throws
  /// TemporaryError where asking again may help (the program says so, did not answer in time, or
  /// was killed), else Error; both have the end of what the program wrote to stderr, without its
  /// secrets.
  nlohmann::json ask(const std::string& call, const ExecRequest& request,
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
  [[noreturn]] void fail_late(const std::string& call, const ProcessResult& result,
                              std::chrono::milliseconds deadline) const;
  template <typename Kind>
  [[noreturn]] void fail(const std::string& call, const std::string& what,
                         const std::string& hint) const;
  [[noreturn]] void pass_on(const std::string& call, const nlohmann::json& answer,
                            const ProcessResult& result) const;

  ExecSettings settings_;
  std::mutex mutex_;  ///< guards agreed_; held while the program is asked for it
  std::optional<ExecSettings> agreed_;
};

/// `text` without the secrets, nor any long line of one, as it stands or as in JSON.
std::string without_secrets(std::string text, const std::map<std::string, Secret>& secrets);

}  // namespace muster
