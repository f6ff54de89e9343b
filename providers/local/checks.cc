#include "providers/local/checks.h"

#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "providers/local/forward_chains.h"
#include "providers/local/network.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kNeededBytes = std::uint64_t{2} << 30;
constexpr long kOverlayMagic = 0x794c7630;  // linux/magic.h

/// Programs and the Debian packages that hold them.
constexpr std::pair<const char*, const char*> kPrograms[]{{"systemd-nspawn", "systemd-container"},
                                                          {"ip", "iproute2"},
                                                          {"nft", "nftables"},
                                                          {"ssh-keygen", "openssh-client"},
                                                          {"nsenter", "util-linux"},
                                                          {"busctl", "systemd"},
                                                          {"mmdebstrap", "mmdebstrap"}};

bool program_exists(const std::string& name) {
  const char* path = std::getenv("PATH");
  auto folders = split(path != nullptr ? path : "", ':');
  folders.insert(folders.end(), {"/usr/sbin", "/sbin", "/usr/bin"});
  return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
    return ::access((folder + "/" + name).c_str(), X_OK) == 0;
  });
}

bool kernel_has_overlay() {
  if (read_file("/proc/filesystems").find("\toverlay\n") != std::string::npos) return true;
  // Loaded by the kernel itself at the first mount.
  utsname names{};
  ::uname(&names);
  fs::path modules = fs::path("/lib/modules") / names.release / "modules.dep";
  std::error_code failure;
  return fs::exists(modules, failure) &&
         read_file(modules).find("/overlay.ko") != std::string::npos;
}

fs::path nearest_existing(fs::path folder) {
  std::error_code failure;
  while (!fs::exists(folder, failure) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

std::string gibibytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GiB", static_cast<double>(bytes) / (1 << 30));
  return text;
}

/// The rules that nft does not show; nothing when iptables-legacy is not in use.
std::string legacy_forward_rules() {
  std::error_code failure;
  fs::path tables = "/proc/net/ip_tables_names";
  if (!fs::exists(tables, failure) || read_file(tables).find("filter\n") == std::string::npos ||
      !program_exists("iptables-legacy")) {
    return "";
  }
  ProcessSpec spec;
  spec.argv = {"iptables-legacy", "-S", "FORWARD"};
  return run_process(spec).output;
}

std::string package_of(const std::string& program) {
  for (const auto& [name, package] : kPrograms) {
    if (program == name) return package;
  }
  return program;
}

}  // namespace

Ipv4Range default_local_pool() { return *parse_ipv4_range("10.213.0.0/16"); }

LocalFacts gather_local_facts(const LocalRecords& records, bool image_ready) {
  LocalFacts facts;
  facts.root = ::geteuid() == 0;
  auto cgroups = cgroup_host();
  facts.cgroups = !cgroups.mounts.empty();
  for (const auto& [program, package] : kPrograms) {
    std::string name = program;
    if (name == "mmdebstrap" && image_ready) continue;
    if (name == "busctl" && !(cgroups.unified() && cgroups.systemd)) continue;
    if (!program_exists(name)) facts.missing_programs.push_back(name);
  }
  facts.folder = records.root().string();
  auto folder = nearest_existing(records.root());
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) == 0) facts.free_bytes = space.f_bavail * space.f_frsize;
  struct statfs system {};
  facts.folder_on_overlay =
      ::statfs(folder.c_str(), &system) == 0 && static_cast<long>(system.f_type) == kOverlayMagic;
  facts.overlay = kernel_has_overlay();
  facts.kmsg = ::access("/dev/kmsg", F_OK) == 0;
  if (facts.root) {
    auto ours = records.networks();
    for (const auto& range : host_ranges()) {
      bool own = std::any_of(ours.begin(), ours.end(),
                             [&](const auto& network) { return network.range.overlaps(range); });
      if (!own) facts.taken.push_back(range);
    }
    facts.forward_drops = legacy_forward_drops(legacy_forward_rules());
  }
  return facts;
}

std::vector<std::string> local_problems(const LocalFacts& facts, const LocalHints& hints) {
  std::vector<std::string> problems;
  if (!facts.root) {
    problems.push_back("provider 'local' needs root: it starts system containers; run with sudo");
  }
  for (const auto& program : facts.missing_programs) {
    problems.push_back("provider 'local' needs the program '" + program +
                       "'; run: apt-get install " + package_of(program));
  }
  if (!facts.overlay) {
    problems.push_back(
        "provider 'local' needs overlay file systems, which this kernel lacks; "
        "load the module 'overlay' or use a kernel with CONFIG_OVERLAY_FS");
  }
  if (!facts.cgroups) {
    problems.push_back(
        "provider 'local' needs cgroups, and none are mounted; mount them on /sys/fs/cgroup");
  }
  if (!facts.kmsg) {
    problems.push_back(
        "provider 'local' needs /dev/kmsg, which kubelets read, and there is none; "
        "run: mknod -m 600 /dev/kmsg c 1 11");
  }
  if (facts.forward_drops) {
    problems.push_back(
        "this machine's iptables drop forwarded packets, which would cut local nodes off; "
        "run: iptables-legacy -I FORWARD -i mub+ -j ACCEPT; "
        "iptables-legacy -I FORWARD -o mub+ -j ACCEPT");
  }
  if (facts.folder_on_overlay) {
    problems.push_back("provider 'local' cannot keep nodes in '" + facts.folder +
                       "', which is on an overlay file system; set MUSTER_LOCAL_DIR to a folder "
                       "on a real disk");
  }
  if (facts.free_bytes < kNeededBytes) {
    problems.push_back("provider 'local' needs " + gibibytes(kNeededBytes) + " free for '" +
                       facts.folder + "', and " + gibibytes(facts.free_bytes) +
                       " are; make room, or set MUSTER_LOCAL_DIR to a folder on a larger disk");
  }
  auto pool = hints.network.value_or(default_local_pool());
  if (!free_network(pool, facts.taken)) {
    problems.push_back("this machine already uses all of the address range '" + to_text(pool) +
                       "'; name a free one with the hint 'network'");
  }
  return problems;
}

}  // namespace muster
