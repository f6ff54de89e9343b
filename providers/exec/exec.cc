#include "providers/exec/exec.h"

#include <nlohmann/json.hpp>

#include "providers/exec/protocol.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr const char* kNoProgram =
    "provider 'exec' runs a program of yours; give it a name and say which: muster provider create "
    R"('{"name": "lab", "kind": "exec", "hints": {"program": "/path/to/it"}}')";

}  // namespace

template <typename Read>
auto ExecProvider::in_context(const Read& read) const {
  try {
    return read();
  } catch (Error& error) {
    error.while_doing("reading the answer of provider '" + program_.settings().name + "'");
    throw;
  }
}

std::string ExecProvider::own_hints(const std::string& hints,
                                    std::vector<std::string>& mistakes) const {
  const auto& settings = program_.settings();
  mistakes = settings.mistakes;
  if (!has_program() && mistakes.empty()) mistakes.emplace_back(kNoProgram);
  return hints_for_program(hints, settings, mistakes);
}

std::vector<std::string> ExecProvider::validate(const std::string& hints) {
  std::vector<std::string> mistakes;
  const auto own = own_hints(hints, mistakes);
  if (!mistakes.empty()) return mistakes;
  try {
    const std::string call = "check hints";
    const auto settings = program_.agreed(call);
    auto answer = program_.ask(call, {validate_request(settings, own), settings.version},
                               settings.question_deadline());
    mistakes = in_context([&] { return read_mistakes(answer); });
    for (auto& mistake : mistakes) mistake = program_.shown(std::move(mistake));
    return mistakes;
  } catch (const Error& error) {
    return {error.what()};
  }
}

bool ExecProvider::wipes() const {
  if (!has_program()) return true;
  try {
    return program_.agreed("say whether a destroy wipes the machine").wipes;
  } catch (const Error&) {
    return false;  // then its roles are undone first, which is never wrong
  }
}

ExecRequest ExecProvider::request_for(const NodeSpec& spec) const {
  std::vector<std::string> mistakes;
  const auto hints = own_hints(spec.hints, mistakes);
  if (!mistakes.empty()) throw Error(join(mistakes, "\n"), ExitCode::usage);
  const auto settings = program_.agreed("create node '" + spec.name + "'");
  return {create_request(settings, spec, hints), settings.version};
}

ProvidedNode ExecProvider::create(const NodeSpec& spec) {
  const auto call = "create node '" + spec.name + "'";
  auto answer = program_.ask(call, request_for(spec), program_.settings().deadline);
  auto made = in_context([&] { return read_made(answer, spec); });
  made.when_silent =
      "does the machine run, with an sshd that lets in the key that its program "
      "was given? (provider '" +
      program_.settings().name + "')";
  return made;
}

void ExecProvider::destroy(const std::string& handle) {
  if (!has_program()) throw Error(kNoProgram, ExitCode::usage);
  const auto call = "destroy '" + handle + "'";
  const auto settings = program_.agreed(call);
  program_.ask(call, {destroy_request(settings, handle), settings.version}, settings.deadline);
}

std::vector<ProvidedNode> ExecProvider::list(const std::string& tag) {
  if (!has_program()) return {};
  const std::string call = "list nodes";
  const auto settings = program_.agreed(call);
  auto answer = program_.ask(call, {list_request(settings, tag), settings.version},
                             settings.question_deadline());
  return in_context([&] { return read_list(answer); });
}

PresenceNote ExecProvider::presence(const KnownNode& node) {
  if (!has_program()) return {Presence::untold, "it has no program"};
  const auto call =
      "say whether '" + (node.handle.empty() ? node.token : node.handle) + "' is there";
  const auto settings = program_.agreed(call);
  if (settings.version < 2) {
    return {Presence::untold,
            "its program speaks version 1 of the protocol, which has no word "
            "for it"};
  }
  auto answer = program_.ask(call, {presence_request(settings, node), settings.version},
                             settings.question_deadline());
  auto note = in_context([&] { return read_presence(answer, node); });
  note.why = program_.shown(std::move(note.why));
  return note;
}

void ExecProvider::set_power(const std::string& handle, bool on) {
  if (!has_program()) throw Error(kNoProgram, ExitCode::usage);
  const auto call = "switch '" + handle + (on ? "' on" : "' off");
  const auto settings = program_.agreed(call);
  program_.ask(call, {power_request(settings, handle, on), settings.version}, settings.deadline);
}

}  // namespace muster
