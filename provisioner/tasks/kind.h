#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "provisioner/tasks/args.h"
#include "provisioner/tasks/compile.h"
#include "provisioner/tasks/task_needs.h"

namespace muster {

/// Whether the shell itself can write this.
bool is_plain(const std::string& content);

/// What a kind may ask for while it turns one task into a shell call.
class TaskScript {
 public:
  TaskScript(const Args& args, const CompileInput& input, CompiledScript& script,
             std::map<std::string, std::string>& contents)
      : args(args), input_(input), script_(script), contents_(contents) {}

  const Args& args;

  const std::string& text(std::string_view name) const { return args.text(name); }
  /// The name of a shell function that runs its arguments with "content" or the rendered
  /// "template" of the task on stdin.
  std::string content();
  /// What that is; nullptr when the task did not ask.
  const std::string* rendered() const { return rendered_; }
  /// What the file that the task is about will hold, or where its link will lead with a newline, so
  /// that its sum is known when somebody has changed it. Not needed after content().
  void will_be(std::string text) { made_ = std::move(text); }
  const std::string* made() const {
    if (rendered_ != nullptr) return rendered_;
    return made_.empty() ? nullptr : &made_;
  }
  /// The path of the artifact in the node's store, which it is then sure to be in.
  std::string artifact();
  /// How an argument may be shown: as rendered, unless it names keys or secrets.
  std::string shown(std::string_view name) const;

 private:
  const CompileInput& input_;
  CompiledScript& script_;
  const std::string* rendered_ = nullptr;
  std::string made_;
  std::map<std::string, std::string>& contents_;  ///< text -> function
};

/// One kind of task: what it takes, the shell functions that do it, and how to call them.
///
/// The functions run in a subshell under "set -e" with stdin empty. Each change is written as
///   if m_change "what would be done"; then m_do the command; fi
/// which is false in check mode: that is the same script. Between the two, what there was is
/// written down: m_keep and its like (shell/ledger.sh). Later tasks must therefore cope with things
/// that an earlier one would have made. m_fail "why" ends the task.
struct Kind {
  std::string_view name;
  std::vector<ArgRule> args;
  std::vector<std::string_view> library;  ///< names of shell_text; each is taken once
  /// Runs programs that may print without end or leave others behind.
  bool chatty = false;
  /// The shell words of the call; each is quoted.
  std::vector<std::string> (*call)(TaskScript& task) = nullptr;
  /// What the task wants to be there, as keys of the ledger; where none says, its "path".
  std::vector<std::string> (*keys)(const Args& args) = nullptr;
  /// Where none says, the node is enough.
  TaskNeeds (*needs)(const Task& task) = nullptr;
  /// What is wrong with the arguments together; empty when nothing is.
  std::string (*check)(const Args& args) = nullptr;
};

const std::vector<Kind>& kinds();
const Kind* find_kind(std::string_view name);

/// Of a task that puts the artifact "name" somewhere.
TaskNeeds needs_artifact(const Task& task);
/// Whether the task takes away what others of its kind make.
bool is_absent(const Task& task);
/// "state" of the kinds that can take away what they made.
ArgRule state_rule();
/// Content that is written in one place: "content" or "template".
std::string check_content(const Args& args);
/// As fstab(5) and /proc/self/mounts write a field.
std::string kernel_escaped(const std::string& text);

// One for each kind, in kinds/<name>.cc.
Kind package_kind();
Kind file_kind();
Kind directory_kind();
Kind link_kind();
Kind line_kind();
Kind artifact_kind();
Kind unpack_kind();
Kind user_kind();
Kind authorized_key_kind();
Kind sysctl_kind();
Kind module_kind();
Kind mount_kind();
Kind firewall_kind();
Kind file_context_kind();
Kind selinux_boolean_kind();
Kind unit_kind();
Kind command_kind();
Kind wait_kind();
Kind manifest_kind();
Kind image_kind();

}  // namespace muster
