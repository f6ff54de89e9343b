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

/// How long a machine may take to be gone for good after its destroy.
constexpr int kGoneTries = 20;
constexpr std::chrono::milliseconds kGonePause{500};

std::string word_of(Presence presence) {
  switch (presence) {
    case Presence::there:
      return "there";
    case Presence::gone:
      return "gone";
    case Presence::unsure:
      return "unsure";
    case Presence::untold:
      return "nothing";
  }
  return "";
}

/// What it says of `node` by its handle, or by its token alone.
PresenceNote said_of(ProviderTrial& trial, const ProvidedNode& node, bool by_handle) {
  return trial.provider().presence({by_handle ? node.handle : "", node.token, trial.input().tag});
}

void must_be_there(ProviderTrial& trial, const ProvidedNode& node) {
  for (bool by_handle : {true, false}) {
    const auto note = said_of(trial, node, by_handle);
    if (note.presence != Presence::there) {
      throw CaseFailed{"of node '" + node.handle + "', which is there, it says by its " +
                       (by_handle ? "handle: " : "token: ") + word_of(note.presence)};
    }
    if (!by_handle && std::ranges::count(note.handles, node.handle) != 1) {
      throw CaseFailed{"by the token of node '" + node.handle +
                       "' it has the handles: " + join(note.handles, ", ")};
    }
  }
}

void must_be_gone(ProviderTrial& trial, const ProvidedNode& node) {
  for (bool by_handle : {true, false}) {
    // A machine that was there before stays, and nobody says that it is gone.
    const bool stays = by_handle && !trial.provider().wipes();
    Presence last{};
    for (int i = 0; i < kGoneTries; ++i) {
      last = said_of(trial, node, by_handle).presence;
      if (last != Presence::unsure || stays) break;
      std::this_thread::sleep_for(kGonePause);
    }
    if (last == Presence::gone || (stays && last == Presence::unsure)) continue;
    throw CaseFailed{"of node '" + node.handle + "', which was destroyed, it says by its " +
                     (by_handle ? "handle: " : "token: ") + word_of(last)};
  }
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
  if (!answers_ssh(node.endpoint.address, node.endpoint.port, kReach + node.boots_for)) {
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

std::string case_presence(ProviderTrial& trial) {
  auto first = trial.create(trial.spec());
  if (said_of(trial, first, true).presence == Presence::untold) {
    throw CaseSkipped{"it has no word on one node: of one that its list lacks the user is asked"};
  }
  auto second = trial.create(trial.spec());
  must_be_there(trial, first);
  trial.provider().destroy(first.handle);
  must_be_gone(trial, first);
  must_be_there(trial, second);
  const auto never = trial.spec();
  ProvidedNode unknown;
  unknown.token = never.token;
  if (said_of(trial, unknown, false).presence == Presence::there) {
    throw CaseFailed{"a node that nobody has asked for is there, it says"};
  }
  return "there until it is destroyed, gone then";
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
  auto later = trial.create(trial.spec());
  if (later.handle == first.handle || later.handle == second.handle) {
    throw CaseFailed{
        "the handle '" + later.handle +
        "' of a destroyed node was given to a later one: a destroy that was cut and is "
        "tried again would take that one away"};
  }
  trial.provider().destroy(later.handle);
  trial.must_have_all();
  return "that node and no other; twice is fine";
}

}  // namespace muster
