#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "provisioner/definition/role.h"

namespace muster {

/// A file that tasks install by content; a run sees to it that the node has it in its store.
struct ArtifactRef {
  std::string name;  ///< as the task names it, e.g. "kube-apiserver"
  std::string sha256;
};

/// Where the node keeps artifacts: <store>/<sha256>.
inline constexpr const char* kNodeStore = "/opt/muster/store";

enum class Mode { apply, check };

/// Where scripts keep their own things on a node; tests move them.
struct NodeLayout {
  std::string run = "/run";  ///< the lock and temporary files; $TMPDIR when it cannot be written
  std::string state = "/var/lib/muster";  ///< what must outlive a reboot
  std::string store = kNodeStore;
  int lock_seconds = 120;  ///< to wait for another run's script to end
};

/// What compiling needs from outside; all of it pure for the same inputs.
struct CompileInput {
  const Role* role = nullptr;
  const std::vector<Task>* tasks = nullptr;  ///< role->tasks or role->undo
  Mode mode = Mode::apply;
  const nlohmann::json* context = nullptr;  ///< what templates see
  std::string nonce;  ///< unguessable letters and digits; marks our lines in the reply
  std::function<std::string(const std::string&)> load_template;  ///< name -> text
  std::function<std::string(const std::string&)>
      artifact_sha256;  ///< name -> sha256; throws if unknown
  /// A tar in the node's store, which is an apt repository: apt is to install from it and from
  /// nothing else. Empty: from the node's own sources.
  std::string packages_sha256 = "";
  NodeLayout layout = {};
  int patience = 1;  ///< a factor for what tasks wait
  /// False of a role that the node never had: then no older version of it has left anything there,
  /// and the script is without what would look for that, which is half of it.
  bool had_before = true;
  /// Of a machine that was there before muster: the id of the state, a space, and for people which
  /// deployment it is. The script keeps it there, and does nothing where another state's is
  /// (kOthersExit). Empty: the machine is muster's own.
  std::string owner = "";
};

/// One exchange with a node: a POSIX sh script for stdin of "sh", and how to read the answer.
/// The script answers each task in order, stops after the first that failed, and says "end" in
/// either case; it exits with kLockedExit when another script holds the node.
struct CompiledScript {
  std::string script;
  std::vector<std::string> task_names;  ///< tasks, then handlers; index = number in the reply
  std::vector<ArtifactRef> artifacts;   ///< needed in the node's store before the script runs
  std::vector<std::string> warnings;    ///< of the role, those that are so on this node
};

inline constexpr int kLockedExit = 75;
inline constexpr int kOthersExit = 76;

/// Renders and compiles. Throws Error with role file and line for a bad task or a template that
/// names something missing, and where the role refuses the node.
CompiledScript compile(const CompileInput& input);

/// A script for "sh" that ends the one with this nonce and what it started, should it still run:
/// sshd does not, and until then nothing else can be done on the node.
std::string stop_script(const std::string& nonce, const NodeLayout& layout = {});

/// What can be said of a role's tasks without a node: unknown kinds and arguments, missing ones,
/// wrong types. Throws Error naming all of them.
void check_role(const Role& role);

/// Strict mustache: escaping off; a name that is missing is an Error with file and line.
std::string render_template(const std::string& text, const std::string& file,
                            const nlohmann::json& context);

}  // namespace muster
