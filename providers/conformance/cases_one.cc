// One node, or a few: what is promised when nothing goes wrong.
#include <algorithm>
#include <thread>

#include "providers/conformance/trial.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/ssh/session.h"

namespace muster {

namespace {

constexpr std::chrono::seconds kReach{10};

std::string place(const ProvidedNode& node) {
  return node.endpoint.address + ", port " + std::to_string(node.endpoint.port);
}

}  // namespace

std::string case_hints(ProviderTrial& trial) {
  for (int time = 0; time < 2; ++time) {
    auto mistakes = trial.provider().validate(trial.input().hints);
    if (!mistakes.empty()) throw CaseFailed{join(mistakes, "; ")};
  }
  trial.must_list(trial.input().tag, {});
  return "good, and asking makes nothing";
}

std::string case_create(ProviderTrial& trial) {
  auto node = trial.create(trial.spec());
  return "'" + node.handle + "' at " + place(node);
}

std::string case_reach(ProviderTrial& trial) {
  auto node = trial.create(trial.spec());
  if (!node.when_silent.empty()) {
    throw CaseSkipped{"create does not say that the node answers: apply logs in to it"};
  }
  if (!answers_ssh(node.endpoint.address, node.endpoint.port, kReach)) {
    throw CaseFailed{"create has ended, and nothing answers on SSH at " + place(node)};
  }
  return "SSH answers at " + place(node);
}

std::string case_idempotent(ProviderTrial& trial) {
  auto spec = trial.spec();
  auto first = trial.create(spec);
  auto second = trial.create(spec);
  if (first.handle != second.handle) {
    throw CaseFailed{"a second create with the same token made another node: '" + first.handle +
                     "', then '" + second.handle + "'"};
  }
  trial.must_list(spec.tag, {first});
  trial.provider().destroy(first.handle);
  // As after the death of a muster whose call goes on.
  auto twin = trial.spec();
  auto attempts = trial.create_at_once({twin, twin});
  std::set<std::string> handles;
  for (const auto& attempt : attempts) {
    if (attempt.error.empty()) handles.insert(attempt.node.handle);
  }
  if (handles.empty()) {
    throw CaseFailed{"of two creates at once with one token both failed: " + attempts[0].error};
  }
  if (handles.size() > 1) {
    throw CaseFailed{"two creates at once with one token made two nodes: " +
                     join(std::vector(handles.begin(), handles.end()), ", ")};
  }
  auto node = trial.create(twin);
  trial.must_list(twin.tag, {node});
  return "one node for one token, also of two creates at once";
}

std::string case_list(ProviderTrial& trial) {
  const auto& tag = trial.input().tag;
  std::vector<ProvidedNode> mine;
  for (int i = 0; i < 2; ++i) mine.push_back(trial.create(trial.spec()));
  bool has_room = trial.input().quota == 0 || trial.input().quota > 2;
  auto other = trial.spec();
  other.tag = trial.other_tag();
  std::vector<ProvidedNode> others;
  if (has_room) others.push_back(trial.create(other));
  trial.must_list(tag, mine);
  // Our tag is its beginning.
  trial.must_list(other.tag, others);
  trial.must_list(tag.substr(0, tag.size() - 1), {});
  return "every node of a tag once, and of no other tag";
}

std::string case_destroy(ProviderTrial& trial) {
  const auto& tag = trial.input().tag;
  auto first = trial.create(trial.spec());
  auto second = trial.create(trial.spec());
  trial.provider().destroy(first.handle);
  trial.must_list(tag, {second});
  try {
    trial.provider().destroy(first.handle);
  } catch (const Error& error) {
    throw CaseFailed{std::string("destroying twice is no error for muster, and it was one: ") +
                     error.what()};
  }
  trial.must_list(tag, {second});
  trial.provider().destroy(second.handle);
  trial.must_list(tag, {});
  trial.must_have_all();
  return "that node and no other; twice is fine";
}

}  // namespace muster
