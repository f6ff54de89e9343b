#include "providers/local/cgroups.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>
#include <thread>

#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds kPoll{5};

/// A cgroup file takes one write(2) and is never created.
bool try_write(const fs::path& file, std::string_view value) {
  int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  auto written = ::write(fd, value.data(), value.size());
  int error = errno;
  ::close(fd);
  errno = error;
  return written == static_cast<ssize_t>(value.size());
}

void write_value(const fs::path& file, const std::string& value) {
  if (try_write(file, value)) return;
  throw Error("cannot write '" + value + "' to '" + file.string() + "': " + std::strerror(errno));
}

/// The group and all below it, the deepest first. Groups may vanish while we look.
std::vector<fs::path> tree_of(const fs::path& group) {
  std::vector<fs::path> groups;
  std::error_code failure;
  for (fs::directory_iterator at(group, failure), end; !failure && at != end;
       at.increment(failure)) {
    std::error_code gone;
    if (!at->is_directory(gone)) continue;
    auto below = tree_of(at->path());
    groups.insert(groups.end(), below.begin(), below.end());
  }
  if (fs::exists(group, failure)) groups.push_back(group);
  return groups;
}

std::vector<pid_t> processes_in(const fs::path& group) {
  std::vector<pid_t> pids;
  for (const auto& path : tree_of(group)) {
    std::string text;
    try {
      text = read_file(path / "cgroup.procs");
    } catch (const Error&) {
      continue;  // it vanished
    }
    std::istringstream lines(text);
    for (pid_t pid = 0; lines >> pid;) {
      if (pid > 0) pids.push_back(pid);
    }
  }
  return pids;
}

/// Kills the process if it still belongs to the node: its number may be another's by now.
void kill_member(pid_t pid, const std::string& id) {
  auto handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (handle < 0) return;
  try {
    if (read_file("/proc/" + std::to_string(pid) + "/cgroup").find("/muster-" + id) !=
        std::string::npos) {
      ::syscall(SYS_pidfd_send_signal, handle, SIGKILL, nullptr, 0);
    }
  } catch (const Error&) {
    // it ended meanwhile
  }
  ::close(handle);
}

void kill_all(const CgroupPlan& plan, const std::string& id, const Deadline& deadline) {
  for (;;) {
    auto pids = processes_in(plan.path);
    if (pids.empty()) return;
    if (deadline.passed()) {
      throw Error("process " + std::to_string(pids.front()) + " of local node '" + id +
                  "' does not end")
          .hint(
              "it waits in the kernel (often for a disk or a network file system); free it, "
              "then destroy the node again");
    }
    try_write(plan.path / "cgroup.kill", "1");  // v2, Linux 5.14 and later
    for (const auto& group : tree_of(plan.path)) {
      try_write(group / "freezer.state", "THAWED");  // v1: a frozen process cannot die
    }
    for (auto pid : pids) kill_member(pid, id);
    std::this_thread::sleep_for(kPoll);
  }
}

void remove_group(const fs::path& path, const Deadline& deadline) {
  for (;;) {
    bool busy = false;
    for (const auto& group : tree_of(path)) {
      if (::rmdir(group.c_str()) != 0 && errno != ENOENT) busy = true;
    }
    if (!busy) return;
    if (deadline.passed()) {
      throw Error("cannot remove the cgroup '" + path.string() + "': it stays busy")
          .hint("destroy the node again");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

void make_group(const CgroupPlan& plan) {
  auto parent = plan.path.parent_path();
  if (plan.enable_controllers) {
    for (const auto& controller : split(trim(read_file(parent / "cgroup.controllers")), ' ')) {
      // A controller that the parent may not hand on is not to be had in the node.
      try_write(parent / "cgroup.subtree_control", "+" + controller);
    }
  }
  if (::mkdir(plan.path.c_str(), 0755) != 0 && errno != EEXIST) {
    throw Error("cannot create the cgroup '" + plan.path.string() + "': " + std::strerror(errno));
  }
  if (plan.copy_cpuset) {
    for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
      write_value(plan.path / file, trim(read_file(parent / file)));
    }
  }
  for (const auto& [file, value] : plan.settings) write_value(plan.path / file, value);
}

/// systemd does the move after it answered.
void make_scope(const CgroupPlan& plan, const std::string& id, const CgroupLimits& limits,
                pid_t pid) {
  run_or_throw(scope_command(id, limits, pid));
  Deadline deadline(std::chrono::seconds(10));
  while (processes_in(plan.path).empty()) {
    if (deadline.passed()) {
      throw Error("systemd did not start the scope '" + plan.path.filename().string() + "'")
          .hint("look at 'systemctl status " + plan.path.filename().string() + "'");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

std::vector<fs::path> make_cgroups(const CgroupHost& host, const std::string& id,
                                   const CgroupLimits& limits) {
  std::vector<fs::path> entrances;
  for (const auto& plan : plan_cgroups(host, id, limits)) {
    if (plan.made_by_systemd) continue;
    make_group(plan);
    entrances.push_back(plan.path / plan.entrance);
  }
  return entrances;
}

void enter_scope(const CgroupHost& host, const std::string& id, const CgroupLimits& limits,
                 pid_t pid) {
  for (const auto& plan : plan_cgroups(host, id, limits)) {
    if (plan.made_by_systemd) make_scope(plan, id, limits, pid);
  }
}

bool cgroups_have_processes(const CgroupHost& host, const std::string& id) {
  for (const auto& plan : plan_cgroups(host, id, {})) {
    if (!processes_in(plan.path).empty()) return true;
  }
  return false;
}

void clear_cgroups(const CgroupHost& host, const std::string& id,
                   std::chrono::milliseconds deadline) {
  Deadline end(deadline);
  auto plans = plan_cgroups(host, id, {});
  for (const auto& plan : plans) kill_all(plan, id, end);
  for (const auto& plan : plans) remove_group(plan.path, end);
}

}  // namespace muster
