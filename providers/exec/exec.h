#pragma once

#include <string>
#include <vector>

#include "providers/exec/program.h"
#include "providers/provider.h"

namespace muster {

/// Nodes of whatever a program of the user's makes: each call is one process that reads a request
/// and writes an answer (docs/providers.md). Secrets go to it on stdin alone.
class ExecProvider : public Provider {
 public:
  explicit ExecProvider(ExecSettings settings) : program_(std::move(settings)) {}

  ExecProgram& program() const { return program_; }

  /// As the program says from version 2 on; one of version 1 wipes.
  bool wipes() const override;
  /// What the program says of the hints; that it cannot be asked is a mistake as well.
  std::vector<std::string> validate(const std::string& hints) override;
  void prepare(const std::vector<std::string>&,
               const std::function<void(const std::string&)>&) override {}
  /// As the program says; nobody has asked the node yet.
  ProvidedNode create(const NodeSpec& spec) override;
  void destroy(const std::string& handle) override;
  std::vector<ProvidedNode> list(const std::string& tag) override;
  PresenceNote presence(const KnownNode& node) override;
  void set_power(const std::string& handle, bool on) override;

  /// What create asks its program. Throws Error for hints that are wrong.
  ExecRequest request_for(const NodeSpec& spec) const;

 private:
  template <typename Read>
  auto in_context(const Read& read) const;
  /// hints_for_program; `mistakes` is what is wrong with them, or with the record.
  std::string own_hints(const std::string& hints, std::vector<std::string>& mistakes) const;
  bool has_program() const { return !program_.settings().program.empty(); }

  mutable ExecProgram program_;  ///< learns which version it speaks
};

}  // namespace muster
