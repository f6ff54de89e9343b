#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster {

/// One mounted cgroup hierarchy.
struct CgroupMount {
  std::filesystem::path path;
  bool v2 = false;
  std::vector<std::string> controllers;  ///< v1 only, with "name=systemd" and the like

  bool has(std::string_view controller) const;
};

/// How this machine groups processes: several v1 hierarchies, one v2, or both.
struct CgroupHost {
  std::vector<CgroupMount> mounts;
  bool systemd = false;  ///< systemd is this machine's init and owns a v2 tree

  /// True when the controllers are in the one v2 hierarchy.
  bool unified() const { return mounts.size() == 1 && mounts.front().v2; }
};

CgroupHost parse_cgroup_mounts(std::string_view proc_mounts, bool systemd);
CgroupHost cgroup_host();

struct CgroupLimits {
  double cpus = 0;    ///< 0: none
  int memory_mb = 0;  ///< 0: none
};

/// One cgroup of a node in one hierarchy, and what must be written to it before use.
struct CgroupPlan {
  std::filesystem::path path;
  bool copy_cpuset = false;         ///< a v1 cpuset starts empty and takes no process
  bool enable_controllers = false;  ///< v2 without systemd: in the parent's subtree_control
  bool made_by_systemd = false;     ///< a scope, see scope_command
  std::vector<std::pair<std::string, std::string>> settings;
  std::string entrance = "cgroup.procs";  ///< the file to write "0" to

  bool operator==(const CgroupPlan&) const = default;
};

std::vector<CgroupPlan> plan_cgroups(const CgroupHost& host, const std::string& id,
                                     const CgroupLimits& limits);

/// Where systemd owns the v2 tree it must be asked for a delegated subtree
/// (systemd's CGROUP_DELEGATION): the call that makes the scope and moves `pid` into it.
std::vector<std::string> scope_command(const std::string& id, const CgroupLimits& limits,
                                       pid_t pid);

/// The node's group where there is only cgroup v2, else "".
std::string unified_group(const CgroupHost& host, const std::string& id);

/// Makes the node's cgroups, but for a scope. Returns the files that a process of one thread writes
/// "0" to, to move itself into them: moving another process, or a whole one, costs a grace period
/// of the kernel for each hierarchy, 10 ms and more.
std::vector<std::filesystem::path> make_cgroups(const CgroupHost& host, const std::string& id,
                                                const CgroupLimits& limits);
/// Where systemd owns the tree: has it make the scope and move the process into it.
void enter_scope(const CgroupHost& host, const std::string& id, const CgroupLimits& limits,
                 pid_t pid);
bool cgroups_have_processes(const CgroupHost& host, const std::string& id);
/// Kills every process of the node, waits for their end, and removes the node's cgroups.
/// Fine when there are none.
void clear_cgroups(const CgroupHost& host, const std::string& id,
                   std::chrono::milliseconds deadline);

}  // namespace muster
