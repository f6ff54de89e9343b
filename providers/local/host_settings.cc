#include "providers/local/host_settings.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"

namespace muster {

HostSettings::HostSettings(std::filesystem::path record, std::filesystem::path kernel)
    : record_(std::move(record)),
      new_record_(record_.string() + ".new"),
      kernel_(std::move(kernel)) {}

void HostSettings::raise(bool forwarding) const {
  raise("fs/inotify/max_user_instances", 8192);
  if (forwarding) raise("net/ipv4/ip_forward", 1);
}

void HostSettings::restore() const {
  for (const auto& [name, value] : recorded()) set(name, value);
  ::unlink(record_.c_str());
  ::unlink(new_record_.c_str());
}

HostSettings::Settings HostSettings::recorded() const {
  Settings settings;
  if (::access(record_.c_str(), F_OK) != 0) return settings;
  std::istringstream lines(read_file(record_));
  std::string name, value;
  while (lines >> name >> value) settings[name] = value;
  return settings;
}

void HostSettings::record(const Settings& settings) const {
  std::ofstream file(new_record_, std::ios::trunc);
  for (const auto& [name, value] : settings) file << name << " " << value << "\n";
  file.close();
  if (!file || ::rename(new_record_.c_str(), record_.c_str()) != 0) {
    throw Error("cannot write '" + record_.string() + "': " + std::strerror(errno));
  }
}

void HostSettings::set(const std::string& name, const std::string& value) const {
  std::ofstream file(kernel_ / name);
  if (!(file << value << std::flush)) {
    throw Error("cannot set the kernel's '" + name + "' to " + value)
        .hint("set it by hand with sysctl, then run again");
  }
}

void HostSettings::raise(const std::string& name, long wanted) const {
  auto now = trim(read_file(kernel_ / name));
  if (std::atol(now.c_str()) >= wanted) return;
  auto settings = recorded();
  settings.emplace(name, now);
  record(settings);
  set(name, std::to_string(wanted));
}

}  // namespace muster
