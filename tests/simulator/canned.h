#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace muster::simulator {

/// What the simulator remembers of one node.
struct SimulatedNode {
  int index = 0;
  bool slow = false;
  int startups = 0;                         ///< connections that have not logged in
  std::unordered_set<std::size_t> applied;  ///< hashes of role scripts
  std::set<std::string> store;              ///< sha256 of what was uploaded
  bool has_folder = false;
  std::chrono::steady_clock::time_point lap;  ///< see World::lap_us
};

/// A call of m_task or m_chatty_task in a compiled script.
struct ScriptCall {
  int index = 0;
  std::vector<std::string> notifies;  ///< slugs of handlers
  std::string handler;                ///< the slug, when this is a handler; or empty
};

/// A script of muster's, as provisioner/tasks makes them, read rather than run.
struct Script {
  /// `other` is none of muster's, or has a layout that the simulator does not know.
  enum class Kind { facts, role, store, stop, other };
  Kind kind = Kind::other;
  std::string nonce;
  bool begins = false;  ///< what a role's script calls first
  bool ends = false;    ///< and last
  std::string sha256;   ///< the file that a store is asked for
  bool check = false;   ///< only says what would change
  bool undo = false;
  std::vector<ScriptCall> calls;
  std::size_t hash = 0;  ///< of the text without its nonce, id and mode
};

Script read_script(std::string_view text);

/// What a node answers to one task: `start`, then, when the task is done, `done`.
struct CannedFrame {
  std::string start;
  std::string done;
};

/// The frames for a role script, the end not among them; the node remembers that it ran.
std::vector<CannedFrame> canned_frames(const Script& script, SimulatedNode& node, long task_ms);
std::string canned_facts(const Script& script, const SimulatedNode& node);
/// Whether the node has the file that the script asks for; all tools but sh are missing there.
std::string canned_store(const Script& script, const SimulatedNode& node);

/// The script with its own places (lock, state, store) below `folder`, so that nodes that share a
/// machine do not wait for each other.
std::string moved_script(std::string_view text, const Script& script, const std::string& folder);

/// The command reads a script from its stdin.
bool runs_script(std::string_view command);
/// The sha256 of the file that an upload's script is about, which its input begins with; or empty.
std::string stored_file(std::string_view text);

}  // namespace muster::simulator
