// What is asked is wrong, or some of it is.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "providers/conformance/trial.h"
#include "providers/exec/program.h"
#include "providers/exec/protocol.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr int kGoodOnes = 3;
constexpr std::chrono::seconds kRefusal{10};

/// A request that no program may take for one.
struct NoRequest {
  std::string what;
  std::string text;
};

std::vector<NoRequest> no_requests(ExecProgram& program, const std::string& tag) {
  std::vector<NoRequest> all{{"nothing at all", ""},
                             {"'{'", "{"},
                             {"a list", "[]"},
                             {"bytes that are no text", "\x01\xff\xfe"},
                             {"an object without a call", R"({"muster": 1})"}};
  const auto good = nlohmann::json::parse(list_request(program.agreed("list nodes"), tag));
  auto changed = good;
  changed["call"] = "no-such-call";
  all.push_back({"the call 'no-such-call'", changed.dump()});
  changed = good;
  changed["muster"] = kExecProtocol + 998;
  all.push_back({"a request of another version of the protocol", changed.dump()});
  return all;
}

void must_refuse_hints(ProviderTrial& trial, const std::string& hints, const std::string& what) {
  try {
    if (!trial.provider().validate(hints).empty()) return;
  } catch (const Error&) {
    return;
  }
  throw CaseFailed{what + " for a good one"};
}

void must_refuse_requests(ProviderTrial& trial) {
  auto* program = trial.input().program;
  if (program == nullptr) return;
  for (const auto& request : no_requests(*program, trial.input().tag)) {
    auto result = program->run(request.text, kRefusal);
    if (result.timed_out) {
      throw CaseFailed{"the program did not refuse " + request.what + " within " +
                       std::to_string(kRefusal.count()) + " seconds"};
    }
    if (ExecProgram::is_done(result)) {
      throw CaseFailed{"the program takes " + request.what + " for a request that it knows"};
    }
  }
}

}  // namespace

std::string case_partial_failure(ProviderTrial& trial) {
  const auto quota = trial.input().quota;
  const int good = quota == 0 ? kGoodOnes : std::min(quota, kGoodOnes);
  std::vector<NodeSpec> specs;
  for (int i = 0; i < 2 * good; ++i) {
    specs.push_back(trial.spec());
    if (i % 2 == 1) specs.back().hints = trial.unknown_hints();
  }
  const auto attempts = trial.create_at_once(specs);
  auto is_wrong = [&](const Attempt& one) { return one.spec.hints != trial.input().hints; };
  // First these: they may have taken the places of the good ones.
  std::set<std::string> failed;
  for (const auto& attempt : attempts) {
    if (!is_wrong(attempt)) continue;
    if (attempt.error.empty()) {
      throw CaseFailed{
          "a node was made with a hint that there is not: a mistyped one would make "
          "other nodes than were meant"};
    }
    failed.insert(attempt.spec.token);
  }
  std::vector<ProvidedNode> made;
  for (const auto& attempt : attempts) {
    if (is_wrong(attempt)) continue;
    if (!attempt.error.empty()) {
      throw CaseFailed{"a create failed because others beside it did: " + attempt.error};
    }
    made.push_back(attempt.node);
  }
  for (const auto& node : trial.listed(trial.input().tag)) {
    if (failed.contains(node.token) && node.complete) {
      throw CaseFailed{"the create of '" + node.name + "' failed, and list shows it whole"};
    }
    // Half made it may be, as long as it can be destroyed.
    if (failed.contains(node.token)) trial.provider().destroy(node.handle);
  }
  trial.must_list(trial.input().tag, made);
  trial.clear();
  trial.must_have_all();
  return std::to_string(good) + " of " + std::to_string(2 * good) +
         " at once failed, the others are whole";
}

std::string case_garbage(ProviderTrial& trial) {
  const auto& tag = trial.input().tag;
  auto node = trial.create(trial.spec());
  must_refuse_hints(trial, "{\"", "it takes a text that is no JSON");
  must_refuse_hints(trial, "[]", "it takes a list of hints");
  must_refuse_hints(trial, trial.unknown_hints(), "it takes a hint that there is not");
  for (const char* handle : {"../no/such/handle", "-", "'\"; $(no such)"}) {
    try {
      trial.provider().destroy(handle);
    } catch (const Error&) {
      // Either is right: it is no node of its, or it is gone.
    }
  }
  must_refuse_requests(trial);
  trial.must_list(tag, {node});
  trial.must_list("no such/tag'\"; $(no such)", {});
  return "refused, and nothing comes of it";
}

}  // namespace muster
