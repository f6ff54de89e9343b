#include "providers/exec/program.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "providers/exec/protocol.h"
#include "providers/provider.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

using Json = nlohmann::json;

/// Of stdout and of stderr: the list of 10,000 nodes has 4 MiB.
constexpr std::size_t kMostOutput = 32u << 20;
constexpr std::size_t kShownLines = 15;
constexpr std::size_t kShownBytes = 4000;
/// Shorter lines of a secret, such as "}", would take half of a message away.
constexpr std::size_t kSecretLine = 8;
constexpr const char* kHidden = "(secret)";
constexpr const char* kProtocolPage = "the protocol is in docs/providers.md";

void replace_all(std::string& text, const std::string& what) {
  if (what.empty()) return;
  const std::string hidden = kHidden;
  for (auto at = text.find(what); at != std::string::npos;
       at = text.find(what, at + hidden.size())) {
    text.replace(at, what.size(), hidden);
  }
}

std::string in_json(const std::string& text) {
  auto quoted = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

/// What a terminal can show: it may be anything.
std::string plain(std::string text) {
  for (auto& c : text) {
    if (c != '\n' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) c = ' ';
  }
  return text;
}

std::string last_part(const std::string& text) {
  auto from = text.size() > kShownBytes ? text.size() - kShownBytes : 0;
  auto lines = split(trim(text.substr(from)), '\n');
  if (lines.size() > kShownLines) lines.erase(lines.begin(), lines.end() - kShownLines);
  return join(lines, "\n");
}

std::string text_of(const Json& answer, const char* key) {
  auto found = answer.find(key);
  return found != answer.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::string without_secrets(std::string text, const std::map<std::string, Secret>& secrets) {
  for (const auto& [name, secret] : secrets) {
    replace_all(text, secret.reveal());
    replace_all(text, in_json(secret.reveal()));
    for (const auto& line : split(secret.reveal(), '\n')) {
      if (trim(line).size() >= kSecretLine) replace_all(text, trim(line));
    }
  }
  return text;
}

std::string ExecProgram::shown(std::string text) const {
  return plain(without_secrets(std::move(text), settings_.secrets));
}

/// Behind a message: what the program said on stderr.
std::string ExecProgram::said(const ProcessResult& result) const {
  // Whole, before it is cut: half a secret would not be found.
  auto text = last_part(shown(result.error_output));
  return text.empty() ? "" : "; it said:\n" + text;
}

template <typename Kind>
void ExecProgram::fail(const std::string& call, const std::string& what,
                       const std::string& hint) const {
  Kind error("provider '" + settings_.name + "', asked to " + call + ": " + what);
  if (!hint.empty()) error.hint(hint);
  throw error;
}

void ExecProgram::pass_on(const std::string& call, const Json& answer,
                          const ProcessResult& result) const {
  auto what = shown(text_of(answer, "error"));
  if (what.empty()) what = "it failed, and its \"error\" is no text" + said(result);
  auto hint = shown(text_of(answer, "hint"));
  if (answer.value("temporary", Json()) == true) fail<TemporaryError>(call, what, hint);
  fail<Error>(call, what, hint);
}

ProcessResult ExecProgram::run(const std::string& request,
                               std::chrono::milliseconds deadline) const {
  ProcessSpec spec;
  spec.argv = {settings_.program};
  spec.input = request;
  spec.deadline = deadline;
  spec.output_limit = kMostOutput;
  return run_process(spec);
}

bool ExecProgram::is_done(const ProcessResult& result) {
  if (result.timed_out || result.exit_code != 0) return false;
  auto answer = Json::parse(result.output, nullptr, false);
  const auto version = answer.is_object() ? answer.value("muster", Json()) : Json();
  return (version == 1 || version == kExecProtocol) && !answer.contains("error");
}

void ExecProgram::fail_late(const std::string& call, const ProcessResult& result,
                            std::chrono::milliseconds deadline) const {
  fail<TemporaryError>(call,
                       "the program '" + settings_.program + "' did not answer within " +
                           format_ms(deadline.count()) + " and was ended" + said(result),
                       "give it more time with the provider's hint 'deadline_seconds'");
}

ExecSettings ExecProgram::agreed(const std::string& call) {
  std::lock_guard lock(mutex_);
  if (agreed_) return *agreed_;
  const auto deadline = settings_.question_deadline();
  auto settings = settings_;
  settings.version = kExecProtocol;
  const auto result = run(hello_request(settings), deadline);
  if (result.timed_out) fail_late(call, result, deadline);
  const auto answer = Json::parse(result.output, nullptr, false);
  if (!answer.is_object() || answer.value("muster", Json()) != kExecProtocol) {
    settings.version = 1;
    // What is no answer at all may be one the next time.
    if (answer.is_object() && answer.contains("muster")) agreed_ = settings;
    return settings;
  }
  if (answer.contains("error")) pass_on(call, answer, result);
  settings.wipes = answer.value("wipes", Json(true)) != Json(false);
  agreed_ = settings;
  return settings;
}

Json ExecProgram::ask(const std::string& call, const ExecRequest& request,
                      std::chrono::milliseconds deadline) const {
  const auto program = "the program '" + settings_.program + "' ";
  const auto result = run(request.text, deadline);
  if (result.timed_out) fail_late(call, result, deadline);
  if (result.too_much_output) {
    fail<Error>(call, program + "wrote without end, and was ended" + said(result), kProtocolPage);
  }
  if (result.exit_code > 128) {
    fail<TemporaryError>(
        call,
        program + "was ended by signal " + std::to_string(result.exit_code - 128) + said(result),
        "");
  }
  auto answer = Json::parse(result.output, nullptr, false);
  bool is_answer = answer.is_object() && answer.contains("muster");
  if (is_answer && answer["muster"] != request.version) {
    fail<Error>(call,
                program + "speaks version " + shown(answer["muster"].dump()) +
                    " of the protocol, and was asked in version " + std::to_string(request.version),
                "use versions of both that fit");
  }
  if (is_answer && answer.contains("error")) pass_on(call, answer, result);
  if (result.exit_code != 0) {
    fail<Error>(call,
                program + "ended with exit code " + std::to_string(result.exit_code) + said(result),
                "");
  }
  if (is_answer) return answer;
  auto got = shown(result.output.substr(0, 4096)).substr(0, 200);
  fail<Error>(call,
              program +
                  (trim(got).empty() ? "gave no answer"
                                     : "gave an answer that is none: '" + first_line(got) + "'") +
                  said(result),
              "an answer is one JSON object with \"muster\": " + std::to_string(request.version) +
                  "; " + kProtocolPage);
}

}  // namespace muster
