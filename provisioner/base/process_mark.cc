#include "provisioner/base/process_mark.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "provisioner/base/text.h"

namespace muster {

namespace {

/// What /proc/PID/stat says behind the name, which may hold anything.
struct ProcStat {
  char state = '?';
  std::int64_t started = 0;
};

std::optional<ProcStat> read_stat(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  std::getline(file, line);
  auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  ProcStat stat;
  fields >> stat.state;
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  fields >> stat.started;
  return fields ? std::optional(stat) : std::nullopt;
}

std::string target_of(const char* link) {
  std::error_code failure;
  return std::filesystem::read_symlink(link, failure).string();
}

std::string place_here() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot;
  std::getline(file, boot);
  const auto pids = target_of("/proc/self/ns/pid");
  if (boot.empty() || pids.empty()) return "";
  // Where ticks count from is the time namespace's; old kernels have none.
  return boot + " " + pids + " " + target_of("/proc/self/ns/time");
}

/// Whether /proc has this pid namespace's numbers, not those of one around it.
bool proc_is_ours() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("NSpid:")) return trim(line.substr(6)) == std::to_string(::getpid());
  }
  return false;
}

}  // namespace

ProcessMark this_process() {
  auto stat = read_stat("self");
  return {place_here(), ::getpid(), stat ? stat->started : 0};
}

bool has_ended(const ProcessMark& process) {
  if (process.place.empty() || process.place != place_here()) return false;
  if (::kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH) return true;
  if (!proc_is_ours()) return false;
  auto stat = read_stat(std::to_string(process.pid));
  if (!stat) return false;  // it is not ours to see
  if (stat->state == 'Z' || stat->state == 'X') return true;
  return process.started != 0 && stat->started != process.started;
}

}  // namespace muster
