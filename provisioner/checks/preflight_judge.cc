// What is to be said of one node.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "provisioner/base/text.h"
#include "provisioner/checks/clock_limits.h"
#include "provisioner/checks/preflight_leftovers.h"
#include "provisioner/checks/preflight_networks.h"
#include "provisioner/checks/preflight_rules.h"

namespace muster {

namespace {

constexpr long long kRootMb = 100;
constexpr long long kStoreMb = 1'000;
constexpr long long kLeastDataMb = 1'000;
constexpr long long kGoodDataMb = 5'000;
constexpr int kEvictionPercent = 15;  ///< kubelet's default for images and writable layers
constexpr int kUsualMtu = 1500;

/// An Error's text taken apart: what went wrong, and the lines below on what to do.
std::pair<std::string, std::string> parts_of(const std::string& text) {
  std::string message;
  std::string hints;
  for (const auto& line : split(text, '\n')) {
    auto& part = line.starts_with("  ") ? hints : message;
    part += (part.empty() ? "" : " ") + trim(line);
  }
  return {message, hints};
}

std::string gigabytes(long long mb) {
  return mb < 1'024 ? std::to_string(mb) + " MB" : std::to_string((mb + 512) / 1'024) + " GB";
}

/// Adds up what is said of one node.
class Judge {
 public:
  Judge(const NodeNeeds& needs, const Look& look) : needs_(needs), look_(look), seen_(look.seen) {}

  std::vector<Finding> all() {
    login();
    if (seen_.facts.values.empty()) return std::move(findings_);
    owner();
    system();
    clock();
    disks();
    ports();
    if (!needs_.kubernetes) return std::move(findings_);
    size();
    kernel();
    leftovers();
    names();
    mtu();
    address();
    judge_networks(needs_, seen_, findings_);
    return std::move(findings_);
  }

 private:
  void say(Level level, const std::string& check, std::string detail, std::string remedy = "") {
    findings_.push_back({level, check, std::move(detail), std::move(remedy)});
  }
  void good(const std::string& check, std::string detail) {
    say(Level::ok, check, std::move(detail));
  }
  void warn(const std::string& check, std::string detail, std::string remedy) {
    say(Level::warning, check, std::move(detail), std::move(remedy));
  }
  void refuse(const std::string& check, std::string detail, std::string remedy) {
    say(Level::error, check, std::move(detail), std::move(remedy));
  }

  std::string fact(const std::string& name) const { return muster::fact(seen_.facts, name); }
  /// 0 when it did not say.
  long number(const std::string& name) const { return std::atol(fact(name).c_str()); }
  bool in_container() const { return fact("container") == "true"; }

  void login() {
    if (look_.no_root.empty()) {
      good("sudo", "scripts run as root");
    } else {
      auto [message, hints] = parts_of(look_.no_root);
      refuse("sudo", message, hints);
    }
  }

  void owner() {
    const auto space = std::min(seen_.owner.find(' '), seen_.owner.size());
    if (seen_.owner.empty() || seen_.owner.substr(0, space) == needs_.state) return;
    refuse("owner", "it is in use by" + seen_.owner.substr(space),
           "destroy that deployment first; if it is gone for good, remove /var/lib/muster/owner "
           "there");
  }

  void system() {
    family();
    if (needs_.packages && (seen_.packages == "none" || seen_.packages == "zypper")) {
      refuse("packages", "it has no package manager that muster knows",
             "use a system with apt, dnf, yum or apk");
    }
    bundled_packages();
    init();
    architecture();
  }

  /// On which muster's Kubernetes has been run, and those whose packages and ways it knows.
  void family() {
    const auto os = fact("os");
    const auto version = fact("os_version");
    const auto major = version.substr(0, version.find('.'));
    const auto shown = trim(os + " " + version);
    static const std::set<std::string> kLikeRhel{"almalinux", "centos", "ol", "rhel", "rocky"};
    const bool run = os == "debian" && (version == "12" || version == "13");
    const bool known = (os == "ubuntu" && (version == "22.04" || version == "24.04")) ||
                       (kLikeRhel.contains(os) && (major == "9" || major == "10"));
    if (!needs_.kubernetes || run) return good("os", shown + ", Linux " + fact("kernel"));
    warn("os", "it runs " + shown,
         known ? "muster knows its packages, but its Kubernetes has been run on Debian 12 and 13 "
                 "alone: try it first"
               : "muster's Kubernetes is tried on Debian 12 and 13: try it first");
  }

  void init() {
    if (!needs_.kubernetes || fact("systemd") != "false") return;
    const bool openrc = fact("openrc") == "true" || fact("os") == "alpine";
    refuse("init",
           openrc ? "it runs " + trim(fact("os") + " " + fact("os_version")) +
                        " with OpenRC, and muster's roles of Kubernetes write units of systemd"
                  : "systemd does not run there",
           openrc ? "use a system with systemd; only roles of your own can go there"
                  : "use a system that was started by systemd");
  }

  void bundled_packages() {
    const auto& missing = seen_.missing_packages;
    if (!needs_.has_packages || missing.empty()) return;
    auto arch = muster::architecture(seen_.facts);
    if (needs_.has_packages(fact("os"), fact("os_version"), arch)) return;
    refuse("packages",
           "it lacks " + join(missing, ", ") + ", and the bundle has no packages for " +
               fact("os") + " " + fact("os_version") + " (" + arch + "), only for " +
               needs_.packaged_releases,
           "install them there first; what is installed is not fetched");
  }

  void architecture() {
    auto arch = muster::architecture(seen_.facts);
    if (arch == needs_.architecture || needs_.artifacts.empty()) return good("arch", arch);
    std::vector<std::string> missing;
    for (const auto& name : needs_.artifacts) {
      if (!needs_.can_have || !needs_.can_have(name, arch)) missing.push_back(name);
    }
    if (missing.empty()) return good("arch", arch);
    refuse("arch",
           "it is " + arch + ", and muster neither has " + missing.front() +
               " for that nor can fetch it here",
           needs_.fetch_command && (arch == "amd64" || arch == "arm64")
               ? "bring it into the cache where there is a network: " + needs_.fetch_command(arch)
               : "use amd64 or arm64 hosts");
  }

  void clock() {
    auto offset = clock_offset(look_);
    if (!offset) return;
    double off = offset->surely();
    auto detail = "its clock is " + format_duration(to_tenths(offset->middle())) +
                  (offset->middle() < 0 ? " behind" : " ahead of") + " this machine's";
    if (off > kClockError) {
      refuse("clock", detail, kClockRemedy);
    } else if (off > kClockWarning) {
      warn("clock", detail, kClockRemedy);
    } else {
      good("clock", "right to " +
                        format_duration(std::max(std::abs(offset->least), std::abs(offset->most))));
    }
  }

  /// One line for each file system: the worst that is to be said of it.
  void disks() {
    std::map<std::string, Finding> said;
    for (const auto& disk : seen_.disks) {
      auto finding = judge_disk(disk);
      auto [worst, fresh] = said.emplace(disk.mount, finding);
      if (!fresh && finding.level > worst->second.level) worst->second = finding;
    }
    for (const auto& [mount, finding] : said) findings_.push_back(finding);
  }

  Finding judge_disk(const DiskSpace& disk) const {
    long long least = 0;
    long long wanted = disk.path == "/" ? kRootMb : 0;
    if (disk.path == "/var/lib" && needs_.kubernetes) {
      least = kLeastDataMb;
      wanted = kGoodDataMb;
    } else if (disk.path == "/opt" && !needs_.artifacts.empty() && !needs_.own) {
      least = wanted = kStoreMb;
    }
    auto detail = gigabytes(disk.free_mb) + " free on " + disk.mount;
    if (disk.free_mb >= wanted && kubelet_evicts(disk)) {
      return {Level::warning, "disk",
              detail + ", less than " + std::to_string(kEvictionPercent) +
                  " % of it: a kubelet sends its pods away",
              "make room, or say in 'extra_config' how little a kubelet may have (evictionHard)"};
    }
    if (disk.free_mb >= wanted) return {Level::ok, "disk", detail, ""};
    return {disk.free_mb < least ? Level::error : Level::warning, "disk", detail,
            "make room: " + disk.path + " needs " + gigabytes(wanted)};
  }

  /// By its defaults; in a container it has others.
  bool kubelet_evicts(const DiskSpace& disk) const {
    return disk.path == "/var/lib" && needs_.kubernetes && !in_container() &&
           disk.free_mb * 100 < disk.size_mb * kEvictionPercent;
  }

  void ports() {
    bool free = true;
    for (const auto& need : needs_.ports) {
      auto used = std::ranges::find_if(seen_.ports, [&](const PortInUse& port) {
        return port.port == need.port &&
               (!need.loopback || port.where != PortInUse::Where::address);
      });
      if (used == seen_.ports.end()) continue;
      free = false;
      auto owner = used->owner.empty() ? "a program" : used->owner;
      refuse("ports",
             "port " + std::to_string(need.port) + ", for " + need.who + ", is used by " + owner,
             "stop that program, or take another host");
    }
    if (free && !needs_.ports.empty()) {
      good("ports", "the " + std::to_string(needs_.ports.size()) + " that it needs are free");
    }
  }

  void size() {
    auto cpus = number("cpus");
    auto memory = number("memory_mb");
    if (needs_.control_plane && cpus == 1) {
      warn("cpu", "it has 1 CPU", "give a master 2 or more");
    } else if (cpus > 0) {
      good("cpu", count_of(static_cast<std::size_t>(cpus), "CPU"));
    }
    long least = needs_.control_plane ? 900 : needs_.pods ? 400 : needs_.etcd ? 250 : 0;
    long wanted = needs_.control_plane ? 1'700 : needs_.pods ? 900 : needs_.etcd ? 900 : 0;
    if (memory == 0) return;
    auto detail = std::to_string(memory) + " MB of memory";
    auto remedy = "give it " + std::to_string(wanted) + " MB or more";
    if (memory < least) {
      refuse("memory", detail, remedy);
    } else if (memory < wanted) {
      warn("memory", detail, remedy);
    } else {
      good("memory", detail);
    }
  }

  void kernel() {
    if (!needs_.pods) return;
    if (!seen_.swaps.empty() && !in_container()) {
      warn("swap", "it swaps to " + join(seen_.swaps, ", "),
           "pods with memory limits may become slow: swapoff -a, and take it out of /etc/fstab");
    } else {
      good("swap", "none");
    }
    modules();
    firewalls();
    cgroups();
  }

  void firewalls() {
    for (const auto& name : seen_.firewalls) {
      warn("firewall", name + " is on, and muster does not open it",
           "let the nodes reach each other (docs/nodes.md has the ports), and pods their node, or "
           "switch it off");
    }
  }

  void modules() {
    std::set<std::string> missing;
    for (const auto& module : seen_.modules) {
      if (!module.good) missing.insert(module.name);
    }
    const std::string remedy = in_container() ? "load it on the machine that has this container"
                                              : "install the kernel's modules, or another kernel";
    auto before = findings_.size();
    if (missing.contains("overlay")) {
      refuse("modules", "the kernel has no overlay: containers cannot start", remedy);
    }
    if (missing.contains("br_netfilter")) {
      warn("modules", "the kernel has no br_netfilter: a pod may not reach Services on its node",
           remedy);
    }
    if (missing.contains("nf_conntrack")) {
      warn("modules", "the kernel has no nf_conntrack: Services need it", remedy);
    }
    if (missing.contains("nft_compat") && missing.contains("ip_tables") &&
        !missing.contains("nf_tables")) {
      refuse(
          "modules", "the kernel has neither nft_compat nor ip_tables: iptables cannot work",
          "install what has it, on RHEL 10 and its likes kernel-modules-extra-" + fact("kernel"));
    }
    if (missing.contains("nf_tables") && missing.contains("ip_tables")) {
      warn("modules", "the kernel has neither nf_tables nor ip_tables: Services need one", remedy);
    }
    if (findings_.size() == before && !seen_.modules.empty()) good("modules", "all there");
  }

  void cgroups() {
    if (!seen_.controllers) return;
    std::vector<std::string> missing;
    auto has = split(*seen_.controllers, ' ');
    for (const char* name : {"cpu", "memory", "pids"}) {
      if (std::ranges::find(has, name) == has.end()) missing.emplace_back(name);
    }
    if (missing.empty() && fact("cgroup_v1") == "true") {
      return warn("cgroup",
                  "it has cgroup v1, which kubelets since v1.35 take only when they are told to; "
                  "muster tells them",
                  "boot it with cgroup v2: later releases of Kubernetes and containerd need it");
    }
    if (missing.empty()) return good("cgroup", fact("cgroup"));
    refuse("cgroup", "cgroup " + fact("cgroup") + " has no " + join(missing, ", "),
           missing.front() == "memory" ? "boot with cgroup_enable=memory"
                                       : "have systemd mount and delegate these controllers");
  }

  void leftovers() {
    if (needs_.own) return good("kubernetes", "muster's own");
    auto found = judge_leftovers(needs_, seen_);
    if (found.empty()) return good("kubernetes", "none there");
    findings_.insert(findings_.end(), found.begin(), found.end());
  }

  void names() {
    auto before = findings_.size();
    if (needs_.pods && fact("nameserver") == "false") {
      warn("names", "/etc/resolv.conf has no name server that pods can ask",
           "give it one that is not on a loopback address");
    }
    for (const auto& name : seen_.names) {
      if (name.good) continue;
      if (name.name == "own") {
        warn("names", "it does not know its own name '" + name.detail + "'",
             "add it to /etc/hosts");
      } else if (needs_.packages && !needs_.has_packages) {
        warn("names", "it cannot resolve '" + name.detail + "', where its packages come from",
             "mend /etc/resolv.conf, or have the roles' packages installed");
      }
    }
    if (findings_.size() == before) good("names", "resolve");
  }

  void mtu() {
    if (seen_.mtu == 0) return;
    auto detail = seen_.device + " takes packets of " + std::to_string(seen_.mtu) + " bytes";
    if (needs_.bridge && needs_.pods && seen_.mtu < kUsualMtu) {
      warn("mtu", detail, "pods send up to 1500: raise it, or big packets may get lost");
    } else {
      good("mtu", detail);
    }
  }

  void address() {
    if (needs_.address.empty()) return;
    if (needs_.address.find(':') != std::string::npos) {
      return refuse("address",
                    "it is at " + needs_.address + ", and its roles need an IPv4 address",
                    "give it one as 'cluster_address' in the hosts file");
    }
    if (!seen_.has_address) return;
    if (*seen_.has_address) return good("address", needs_.address);
    refuse("address",
           "other nodes are to find it at " + needs_.address + ", which is not its own address" +
               (seen_.addresses.empty() ? "" : ": it has " + join(seen_.addresses, ", ")),
           "give the right one as 'cluster_address' in the hosts file");
  }

  const NodeNeeds& needs_;
  const Look& look_;
  const Sighting& seen_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> judge(const NodeNeeds& needs, const Look& look) {
  return Judge(needs, look).all();
}

Finding judge_trouble(Trouble trouble, const std::string& why) {
  auto [message, hints] = parts_of(why);
  switch (trouble) {
    case Trouble::silent:
      return {Level::error, "reach", message,
              hints.empty() ? "is it on, and are its address and port right?" : hints, true};
    case Trouble::host_key:
      return {Level::error, "host key", message, hints};
    case Trouble::key_file:
      return {Level::error, "key file", message,
              hints.empty() ? "name a private key file in the hosts file" : hints};
    case Trouble::refused:
      break;
  }
  return {Level::error, "login", message,
          hints.empty() ? "log in there by hand to see why" : hints};
}

}  // namespace muster
