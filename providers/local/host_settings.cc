#include "providers/local/host_settings.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr const char* kBridges = "br_netfilter";
constexpr const char* kLoaded = "module/br_netfilter";  // on record: it was not there before
constexpr std::array kOwnBridges = {"net/bridge/bridge-nf-call-arptables",
                                    "net/bridge/bridge-nf-call-ip6tables",
                                    "net/bridge/bridge-nf-call-iptables"};

}  // namespace

HostSettings::HostSettings(std::filesystem::path record, std::filesystem::path kernel,
                           LoadModule load)
    : record_(std::move(record)),
      new_record_(record_.string() + ".new"),
      kernel_(std::move(kernel)),
      load_(std::move(load)) {}

bool HostSettings::modprobe(const std::string& name, bool load) {
  ProcessSpec modprobe;
  modprobe.argv = {"modprobe", "-q", load ? name : "-r"};
  if (!load) modprobe.argv.push_back(name);
  try {
    return run_process(modprobe).exit_code == 0;
  } catch (const Error&) {  // there is none
    return false;
  }
}

void HostSettings::raise(bool forwarding) const {
  raise("fs/inotify/max_user_instances", 8192);
  if (forwarding) raise("net/ipv4/ip_forward", 1);
  filter_bridges();
}

void HostSettings::filter_bridges() const {
  if (std::filesystem::exists(kernel_ / kOwnBridges.front())) return;
  remember(kLoaded, "0");
  // Where it cannot be had, `muster test` says what does not work.
  if (!load_(kBridges, true)) return;
  for (const auto* name : kOwnBridges) set(name, "0");
}

/// Not while somebody else has come to need it.
void HostSettings::unload() const {
  for (const auto* name : kOwnBridges) {
    if (!std::filesystem::exists(kernel_ / name) || trim(read_file(kernel_ / name)) != "0") return;
  }
  load_(kBridges, false);
}

void HostSettings::restore() const {
  for (const auto& [name, value] : recorded()) {
    if (name == kLoaded) {
      unload();
    } else {
      set(name, value);
    }
  }
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

void HostSettings::remember(const std::string& name, const std::string& value) const {
  auto settings = recorded();
  settings.emplace(name, value);
  std::ofstream file(new_record_, std::ios::trunc);
  for (const auto& [known, before] : settings) file << known << " " << before << "\n";
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
  remember(name, now);
  set(name, std::to_string(wanted));
}

}  // namespace muster
