#include "tests/simulator/canned.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <utility>

#include "provisioner/base/text.h"

namespace muster::simulator {

namespace {

constexpr std::string_view kNonce = "m_nonce=";
constexpr std::string_view kFactsStore = " m_store=";
/// In the facts script of a node that is checked.
constexpr std::string_view kCheckStart = "\nm_ports='";
constexpr std::string_view kStoreStart = "m_store=";
constexpr std::string_view kStopStart = "m_id=";
/// What all calls of a role's script come after.
constexpr std::string_view kRoleStart = "\nm_all() {\n  [ -n \"${m_nonce:-}\" ] || exit 1\n";
constexpr std::string_view kWantsStart = "\nm_wants_file=";
constexpr std::string_view kChanged = "changed by the simulator\n";

/// The words of one command, which may span lines when quoted, as shell_quote() quotes; leaves
/// `text` after its end.
std::vector<std::string> take_command(std::string_view& text) {
  std::vector<std::string> words(1);
  bool quoted = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    char c = text[at];
    if (c == '\'') {
      quoted = !quoted;
    } else if (quoted) {
      words.back() += c;
    } else if (c == '\n') {
      break;
    } else if (c == ' ') {
      words.emplace_back();
    } else if (c == '\\' && at + 1 < text.size()) {
      words.back() += text[++at];
    } else {
      words.back() += c;
    }
  }
  text.remove_prefix(std::min(at + 1, text.size()));
  return words;
}

std::string without(std::string_view text, const std::string& word) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    auto next = word.empty() ? text.npos : text.find(word, at);
    out += text.substr(at, next - at);
    at = next == text.npos ? text.size() : next + word.size();
  }
  return out;
}

void read_call(std::vector<std::string> words, Script& script) {
  words.erase(words.begin(), std::ranges::find_if(words, [](auto& w) { return !w.empty(); }));
  if (words.empty()) return;
  const auto& first = words[0];
  if (first == "m_begin") script.begins = true;
  if (first == "m_end") script.ends = true;
  if (first == "m_mode=check") script.check = true;
  if (first == "m_forget_handlers") script.undo = true;
  if ((first == "m_task" || first == "m_chatty_task") && words.size() > 2) {
    script.calls.push_back({std::atoi(words[1].c_str()), split(words[2], ' '), ""});
  }
  if (first == "m_handler" && words.size() > 3) {
    script.calls.push_back({std::atoi(words[3].c_str()), {}, words[2]});
  }
}

/// The value that the line sets which begins with `name`; or empty.
std::string value_of(std::string_view text, std::string_view name) {
  auto at = text.starts_with(name) ? 0 : text.find("\n" + std::string(name));
  if (at == text.npos) return "";
  text.remove_prefix(text.find('=', at) + 1);
  return take_command(text).front();
}

void remove_line(std::string& text, const std::string& start, std::size_t from) {
  auto at = text.find("\n" + start, from);
  if (at != text.npos) text.erase(at, text.find('\n', at + 1) - at);
}

Script read_role(std::string_view text) {
  Script script;
  auto start = text.rfind(kRoleStart);
  auto body = text.substr(start + kRoleStart.size());
  script.nonce = value_of(text, kNonce);
  while (!body.empty() && !body.starts_with("}\n")) read_call(take_command(body), script);
  if (!script.begins || !script.ends || script.nonce.empty()) return {};
  script.kind = Script::Kind::role;
  // What is wanted and done, whatever shell comes with it; a role that was here before asks too
  // what an older version of it left.
  auto same = without(text.substr(text.rfind(kWantsStart)), script.nonce);
  for (const char* name : {"  m_id=", "  m_mode=", "  m_leave_former "}) {
    remove_line(same, name, same.rfind(kRoleStart));
  }
  script.hash = std::hash<std::string>{}(same);
  return script;
}

Script of_kind(Script::Kind kind, std::string nonce) {
  Script script;
  script.kind = kind;
  script.nonce = std::move(nonce);
  return script;
}

void replace_value(std::string& text, std::size_t from, const std::string& name,
                   const std::string& value) {
  auto at = text.find("\n  " + name + "=", from);
  if (at == text.npos) return;
  at += name.size() + 4;
  text.replace(at, text.find('\n', at) - at, shell_quote(value));
}

}  // namespace

Script read_script(std::string_view text) {
  auto first = text.substr(0, text.find('\n'));
  if (first.starts_with(kNonce) && text.rfind(kRoleStart) != text.npos) return read_role(text);
  if (first.starts_with(kNonce) && first.find(kFactsStore) != first.npos) {
    auto facts = of_kind(Script::Kind::facts,
                         std::string(first.substr(kNonce.size(), first.find(' ') - kNonce.size())));
    facts.check = text.find(kCheckStart) != text.npos;
    return facts;
  }
  if (first.starts_with(kStopStart)) return of_kind(Script::Kind::stop, "");
  auto nonce = value_of(text, kNonce);
  if (!first.starts_with(kStoreStart) || nonce.empty() || stored_file(text).empty()) return {};
  auto script = of_kind(Script::Kind::store, nonce);
  script.sha256 = stored_file(text);
  return script;
}

std::vector<CannedFrame> canned_frames(const Script& script, SimulatedNode& node, long task_ms) {
  bool changed = !node.applied.contains(script.hash);
  if (script.undo) {
    node.applied.clear();
  } else if (!script.check) {
    node.applied.insert(script.hash);
  }
  std::vector<CannedFrame> frames;
  std::set<std::string> notified;
  for (const auto& call : script.calls) {
    if (!call.handler.empty() && !notified.contains(call.handler)) continue;
    if (changed) notified.insert(call.notifies.begin(), call.notifies.end());
    auto index = std::to_string(call.index);
    auto done = script.nonce + " done " + index + (changed ? " changed" : " unchanged") + " 0 " +
                std::to_string(task_ms) + " 0 ";
    done += changed ? std::to_string(kChanged.size()) + "\n" + std::string(kChanged) : "0\n";
    frames.push_back({script.nonce + " start " + index + "\n", done});
  }
  return frames;
}

std::string canned_facts(const Script& script, const SimulatedNode& node) {
  std::string answer;
  auto fact = [&](const std::string& text) { answer += script.nonce + " " + text + "\n"; };
  for (const char* text : {"posix=true",
                           "uid=0",
                           "arch=amd64",
                           "os=debian",
                           "os_version=12",
                           "kernel=6.1.0-simulated",
                           "cpus=2",
                           "memory_mb=4096",
                           "container=false",
                           "cgroup=v2",
                           "cgroup_v1=false",
                           "nftables=true",
                           "oom_score_adj=true",
                           "nameserver=true",
                           "systemd=true",
                           "openrc=false",
                           "apt=true",
                           "dnf=false",
                           "apk=false",
                           "selinux=false",
                           "resolv_conf=/etc/resolv.conf"}) {
    fact(text);
  }
  for (const auto& sha256 : node.store) fact("store=" + sha256);
  if (script.check) {
    auto now = std::chrono::system_clock::now().time_since_epoch();
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    fact("check.clock=" + std::to_string(seconds));
    fact("check.packages=apt-get");
    fact("check.disk=/ 50000000 /");
  }
  fact("end");
  return answer;
}

std::string moved_script(std::string_view text, const Script& script, const std::string& folder) {
  std::string moved(text);
  if (script.kind == Script::Kind::facts) {
    auto at = moved.find(kFactsStore) + kFactsStore.size();
    moved.replace(at, moved.find('\n', at) - at, shell_quote(folder + "/store"));
  } else if (script.kind == Script::Kind::role) {
    auto from = moved.rfind(kRoleStart);
    replace_value(moved, from, "m_run_dir", folder + "/run");
    replace_value(moved, from, "m_state", folder + "/state");
  }
  return moved;
}

bool runs_script(std::string_view command) {
  if (command.starts_with("sudo -n ")) command.remove_prefix(8);
  return command == "sh" || command == "/bin/sh" || command == "sh -s" || command == "/bin/sh -s";
}

std::string canned_store(const Script& script, const SimulatedNode& node) {
  auto say = [&](const std::string& text) { return script.nonce + " " + text + "\n"; };
  if (node.store.contains(script.sha256)) return say("has=true") + say("end");
  return say("free=1000000 4096") + say("end");
}

std::string stored_file(std::string_view text) {
  auto sha256 = text.starts_with(kStoreStart) ? value_of(text, "m_sha=") : "";
  return sha256.size() == 64 ? sha256 : "";
}

}  // namespace muster::simulator
