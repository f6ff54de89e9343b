#include "providers/local/host_settings.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

// In /run, since a reboot resets both the settings and the record. There is one writer at a time,
// so what a killed one left is overwritten by the next, or removed with the last network.
constexpr const char* kRecord = "/run/muster-local.settings";
constexpr const char* kNewRecord = "/run/muster-local.settings.new";

/// Path below /proc/sys to the value before we changed it.
using Settings = std::map<std::string, std::string>;

Settings recorded() {
  Settings settings;
  if (::access(kRecord, F_OK) != 0) return settings;
  std::istringstream lines(read_file(kRecord));
  std::string name, value;
  while (lines >> name >> value) settings[name] = value;
  return settings;
}

void record(const Settings& settings) {
  std::ofstream file(kNewRecord, std::ios::trunc);
  for (const auto& [name, value] : settings) file << name << " " << value << "\n";
  file.close();
  if (!file || ::rename(kNewRecord, kRecord) != 0) {
    throw Error(std::string("cannot write '") + kRecord + "': " + std::strerror(errno));
  }
}

void set(const std::string& name, const std::string& value) {
  std::ofstream file("/proc/sys/" + name);
  if (!(file << value << std::flush)) {
    throw Error("cannot set the kernel's '" + name + "' to " + value)
        .hint("set it by hand with sysctl, then run again");
  }
}

void raise(const std::string& name, long wanted) {
  auto now = trim(read_file("/proc/sys/" + name));
  if (std::atol(now.c_str()) >= wanted) return;
  auto settings = recorded();
  settings.emplace(name, now);
  record(settings);
  set(name, std::to_string(wanted));
}

}  // namespace

void raise_host_settings(bool forwarding) {
  raise("fs/inotify/max_user_instances", 8192);
  if (forwarding) raise("net/ipv4/ip_forward", 1);
}

void restore_host_settings() {
  for (const auto& [name, value] : recorded()) set(name, value);
  ::unlink(kRecord);
  ::unlink(kNewRecord);
}

}  // namespace muster
