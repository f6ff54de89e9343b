#include <doctest/doctest.h>

#include <set>

#include "tests/checks/check_trial.h"

using namespace muster;
using testing::CheckTrial;
using testing::set_fact;

namespace {

struct Case {
  const char* name;
  std::function<void(CheckTrial&)> change;
  const char* wanted;  ///< how the only thing that is bad begins
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"another state's machine",
       [](auto& t) {
         t.needs.state = "s1";
         t.look.seen.owner = "s2 deployment 'b' of bob@desk";
       },
       "error owner: it is in use by deployment 'b' of bob@desk -> destroy that deployment first; "
       "if it is gone for good, remove /var/lib/muster/owner there"},
      {"no sudo", [](auto& t) { t.look.no_root = "'n' does not: sudo: no\nmore\n  do this"; },
       "error sudo: 'n' does not: sudo: no more -> do this"},
      {"another system", [](auto& t) { set_fact(t, "os_version", "11"); },
       "warning os: it runs debian 11 -> muster's Kubernetes is tried on Debian 12 and 13: "},
      {"an Ubuntu whose packages are known",
       [](auto& t) {
         set_fact(t, "os", "ubuntu");
         set_fact(t, "os_version", "24.04");
       },
       "warning os: it runs ubuntu 24.04 -> muster knows its packages, but its Kubernetes has been "
       "run on Debian 12 and 13 alone: "},
      {"one that is too old",
       [](auto& t) {
         set_fact(t, "os", "ubuntu");
         set_fact(t, "os_version", "20.04");
       },
       "warning os: it runs ubuntu 20.04 -> muster's Kubernetes is tried on Debian 12 and 13: "},
      {"Rocky Linux",
       [](auto& t) {
         set_fact(t, "os", "rocky");
         set_fact(t, "os_version", "10.1");
       },
       "warning os: it runs rocky 10.1 -> muster knows its packages, "},
      {"CentOS Stream",
       [](auto& t) {
         set_fact(t, "os", "centos");
         set_fact(t, "os_version", "9");
       },
       "warning os: it runs centos 9 -> muster knows its packages, "},
      {"RHEL 8",
       [](auto& t) {
         set_fact(t, "os", "rhel");
         set_fact(t, "os_version", "8.10");
       },
       "warning os: it runs rhel 8.10 -> muster's Kubernetes is tried on Debian 12 and 13: "},
      {"no package manager", [](auto& t) { t.look.seen.packages = "none"; },
       "error packages: it has no package manager that muster knows -> "},
      {"no systemd", [](auto& t) { set_fact(t, "systemd", "false"); },
       "error init: systemd does not run there -> use a system that was started by systemd"},
      {"a kernel without what iptables needs",
       [](auto& t) {
         t.look.seen.modules.push_back({"nft_compat", false, ""});
       },
       "error modules: the kernel has neither nft_compat nor ip_tables: iptables cannot work -> "
       "install what has it, on RHEL 10 and its likes kernel-modules-extra-6.1.0"},
      {"ufw", [](auto& t) { t.look.seen.firewalls = {"ufw"}; },
       "warning firewall: ufw is on, and muster does not open it -> let the nodes reach each other "
       "(docs/nodes.md has the ports)"},
      {"another architecture",
       [](auto& t) {
         set_fact(t, "arch", "arm64");
         t.needs.fetch_command = [](auto& arch) { return "muster fetches " + arch; };
       },
       "error arch: it is arm64, and muster neither has kubelet for that nor can fetch it here -> "
       "bring it into the cache where there is a network: muster fetches arm64"},
      {"an architecture that nobody builds for", [](auto& t) { set_fact(t, "arch", "riscv64"); },
       "error arch: it is riscv64, and muster neither has kubelet for that nor can fetch it here "
       "-> use amd64 or arm64 hosts"},
      {"an address that is not its own",
       [](auto& t) {
         t.needs.address = "10.0.0.9";
         t.look.seen.has_address = false;
         t.look.seen.addresses = {"10.0.0.5", "172.17.0.1"};
       },
       "error address: other nodes are to find it at 10.0.0.9, which is not its own address: it "
       "has "
       "10.0.0.5, 172.17.0.1 -> give the right one as 'cluster_address' in the hosts file"},
      {"an IPv6 address alone", [](auto& t) { t.needs.address = "fd77::13"; },
       "error address: it is at fd77::13, and its roles need an IPv4 address -> give it one as"},
      {"its own address in the pod network",
       [](auto& t) {
         t.look.seen.addresses = {"192.168.1.5", "10.233.64.7"};
       },
       "error networks: the pod network 10.233.64.0/18 takes 10.233.64.7, its own address -> give "
       "the cluster another range: k8s-kube_pod_subnet"},
      {"its LAN in the pod network",
       [](auto& t) {
         t.look.seen.routes = {{"0.0.0.0/0", "10.1.1.1", "eth0"}, {"10.233.65.0/24", "", "eth0"}};
       },
       "error networks: the pod network 10.233.64.0/18 takes 10.233.65.0/24, its network "
       "10.233.65.0/24 on eth0 -> "},
      {"its gateway in the Service network",
       [](auto& t) {
         t.look.seen.routes = {{"0.0.0.0/0", "10.233.0.1", "eth0"}};
       },
       "error networks: the Service network 10.233.0.0/18 takes 10.233.0.1, its gateway on eth0 -> "
       "give the cluster another range: k8s-kube_service_addresses"},
      {"a LAN around the pod network",
       [](auto& t) {
         t.needs.networks.resize(1);
         t.look.seen.routes = {{"10.0.0.0/8", "", "eth0"}};
       },
       "warning networks: the pod network 10.233.64.0/18 is a part of its network 10.0.0.0/8 on "
       "eth0: whoever has an address of both is out of reach -> "},
      {"its name server in the Service network",
       [](auto& t) { t.look.seen.name_servers = {"10.233.0.10"}; },
       "error networks: the Service network 10.233.0.0/18 takes 10.233.0.10, its name server -> "},
      {"who asks in the pod network", [](auto& t) { t.look.seen.asker = "10.233.99.1"; },
       "error networks: the pod network 10.233.64.0/18 takes 10.233.99.1, the address that it is "
       "reached from -> "},
      {"one CPU", [](auto& t) { set_fact(t, "cpus", "1"); }, "warning cpu: it has 1 CPU -> "},
      {"little memory", [](auto& t) { set_fact(t, "memory_mb", "1699"); },
       "warning memory: 1699 MB of memory -> give it 1700 MB or more"},
      {"too little memory", [](auto& t) { set_fact(t, "memory_mb", "899"); },
       "error memory: 899 MB of memory -> give it 1700 MB or more"},
      {"a worker needs less",
       [](auto& t) {
         t.needs.control_plane = t.needs.etcd = false;
         set_fact(t, "memory_mb", "899");
       },
       "warning memory: 899 MB of memory -> give it 900 MB or more"},
      {"little room",
       [](auto& t) {
         t.look.seen.disks[1] = {"/var/lib", "/var", 4'999};
       },
       "warning disk: 5 GB free on /var -> make room: /var/lib needs 5 GB"},
      {"no room for data",
       [](auto& t) {
         t.look.seen.disks[1] = {"/var/lib", "/var", 999};
       },
       "error disk: 999 MB free on /var -> make room: /var/lib needs 5 GB"},
      {"a full disk of some size",
       [](auto& t) {
         t.look.seen.disks[1] = {"/var/lib", "/var", 14'999, 100'000};
       },
       "warning disk: 15 GB free on /var, less than 15 % of it: a kubelet sends its pods away -> "
       "make "
       "room, or say in 'extra_config' how little a kubelet may have (evictionHard)"},
      {"no room for programs",
       [](auto& t) {
         t.look.seen.disks[2] = {"/opt", "/opt", 999};
       },
       "error disk: 999 MB free on /opt -> make room: /opt needs 1000 MB"},
      {"one file system, one finding",
       [](auto& t) {
         for (auto& disk : t.look.seen.disks) disk.free_mb = 900;
       },
       "error disk: 900 MB free on / -> "},
      {"a clock that is ahead", [](auto& t) { t.set_clock(1.2); },
       "warning clock: its clock is 1.2s ahead of this machine's -> set its clock"},
      {"a clock that is 10 minutes behind", [](auto& t) { t.set_clock(-600); },
       "error clock: its clock is 10m00s behind this machine's -> set its clock"},
      {"a port in use",
       [](auto& t) {
         t.look.seen.ports = {{6443, PortInUse::Where::any, "nginx (12)"}};
       },
       "error ports: port 6443, for kube-apiserver, is used by nginx (12) -> "},
      {"a port in use on one address is in the way of all",
       [](auto& t) {
         t.look.seen.ports = {{6443, PortInUse::Where::address, ""}};
       },
       "error ports: port 6443, for kube-apiserver, is used by a program -> "},
      {"swap", [](auto& t) { t.look.seen.swaps = {"/dev/sda2"}; },
       "warning swap: it swaps to /dev/sda2 -> "},
      {"no overlay", [](auto& t) { t.look.seen.modules[0].good = false; },
       "error modules: the kernel has no overlay: containers cannot start -> "},
      {"no br_netfilter", [](auto& t) { t.look.seen.modules[1].good = false; },
       "warning modules: the kernel has no br_netfilter"},
      {"no packet filter", [](auto& t) { t.look.seen.modules[3].good = false; },
       "warning modules: the kernel has neither nf_tables nor ip_tables"},
      {"no memory controller", [](auto& t) { t.look.seen.controllers = "cpu pids"; },
       "error cgroup: cgroup v2 has no memory -> boot with cgroup_enable=memory"},
      {"cgroup v1", [](auto& t) { t.look.seen.facts.values["cgroup_v1"] = "true"; },
       "warning cgroup: it has cgroup v1, which kubelets since v1.35 take only when they are told "
       "to; muster tells them -> boot it with cgroup v2"},
      {"a kubelet that runs",
       [](auto& t) {
         t.look.seen.programs = {{"kubelet", false, "812"}};
       },
       "error kubernetes: it already has somebody's Kubernetes: kubelet runs (812) -> take "
       "another"},
      {"what kubeadm left",
       [](auto& t) { t.look.seen.kubernetes = {"/etc/kubernetes/admin.conf"}; },
       "error kubernetes: it already has somebody's Kubernetes: /etc/kubernetes/admin.conf -> "},
      {"another muster's",
       [](auto& t) {
         t.look.seen.kubernetes = {"/etc/kubernetes/admin.conf"};
         t.look.seen.by_muster = {"kubelet"};
       },
       "error kubernetes: it already has another deployment's Kubernetes: "},
      {"somebody's etcd", [](auto& t) { t.look.seen.etcd_data = "/var/lib/etcd/member"; },
       "error etcd: it already has an etcd: /var/lib/etcd/member -> "},
      {"somebody's etcd beside a worker",
       [](auto& t) {
         t.needs.etcd = false;
         t.look.seen.programs = {{"etcd", false, "7"}};
       },
       "warning etcd: it already has an etcd: it runs (7) -> "},
      {"Docker's containerd", [](auto& t) { t.look.seen.containerd_io = true; },
       "error docker: Docker's containerd.io is installed"},
      {"Docker",
       [](auto& t) {
         t.look.seen.programs = {{"dockerd", false, "7"}};
       },
       "warning docker: Docker runs there"},
      {"a pod network that comes first", [](auto& t) { t.look.seen.cni = {"05-cilium.conflist"}; },
       "error cni: it has another pod network: /etc/cni/net.d/05-cilium.conflist, which comes"},
      {"a pod network that comes later", [](auto& t) { t.look.seen.cni = {"87-podman.conflist"}; },
       "warning cni: it has another pod network: /etc/cni/net.d/87-podman.conflist -> "},
      {"no name server", [](auto& t) { set_fact(t, "nameserver", "false"); },
       "warning names: /etc/resolv.conf has no name server that pods can ask -> "},
      {"an unknown name", [](auto& t) { t.look.seen.names[0].good = false; },
       "warning names: it does not know its own name 'n' -> add it to /etc/hosts"},
      {"no mirror", [](auto& t) { t.look.seen.names[1].good = false; },
       "warning names: it cannot resolve 'deb.debian.org', where its packages come from -> "},
      {"a small MTU", [](auto& t) { t.look.seen.mtu = 1400; },
       "warning mtu: eth0 takes packets of 1400 bytes -> "},
  };
  return all;
}

/// Changes that are nothing to a host as it is to be.
const std::vector<Case>& harmless() {
  static const std::vector<Case> all{
      {"nothing", [](auto&) {}, ""},
      {"another port",
       [](auto& t) {
         t.look.seen.ports = {{80, PortInUse::Where::any, "x"}};
       },
       ""},
      {"a local port that is in use on one address only",
       [](auto& t) {
         t.look.seen.ports = {{7443, PortInUse::Where::address, "x"}};
       },
       ""},
      {"a clock that may be right", [](auto& t) { t.set_clock(1.04); }, ""},
      {"a clock that tells whole seconds",
       [](auto& t) {
         t.set_clock(-1.5);
         t.look.seen.clock_is_whole = true;
       },
       ""},
      {"no word of the clock", [](auto& t) { t.look.seen.clock.reset(); }, ""},
      {"swap of the machine that a container is on",
       [](auto& t) {
         t.look.seen.swaps = {"/dev/sda2"};
         set_fact(t, "container", "true");
       },
       ""},
      {"its own pods",
       [](auto& t) {
         t.needs.own = true;
         t.look.seen.addresses = {"10.233.64.1"};
         t.look.seen.routes = {{"10.233.64.0/24", "", "cni0"},
                               {"10.233.65.0/24", "10.0.0.6", "eth0"}};
       },
       ""},
      {"a way to everywhere",
       [](auto& t) {
         t.look.seen.routes = {{"0.0.0.0/0", "10.0.0.1", "eth0"}, {"10.0.0.0/24", "", "eth0"}};
       },
       ""},
      {"its own Kubernetes",
       [](auto& t) {
         t.needs.own = true;
         t.look.seen.programs = {{"kubelet", false, "812"}};
         t.look.seen.etcd_data = "/var/lib/etcd/member";
       },
       ""},
      {"an architecture that was brought along",
       [](auto& t) {
         set_fact(t, "arch", "arm64");
         t.needs.can_have = [](auto&, auto& arch) { return arch == "arm64"; };
       },
       ""},
      {"muster's own pod network", [](auto& t) { t.look.seen.cni = {"10-muster-bridge.conflist"}; },
       ""},
      {"the user's own pod network",
       [](auto& t) {
         t.needs.bridge = false;
         t.look.seen.cni = {"05-cilium.conflist"};
       },
       ""},
      {"one CPU for a worker",
       [](auto& t) {
         t.needs.control_plane = false;
         set_fact(t, "cpus", "1");
       },
       ""}};
  return all;
}

}  // namespace

TEST_CASE("preflight: each thing that is wrong with a host is told once, with its remedy") {
  for (const auto& each : cases()) {
    CAPTURE(each.name);
    CheckTrial trial;
    each.change(trial);
    auto bad = trial.bad();
    CHECK(bad.substr(0, std::string(each.wanted).size()) == each.wanted);
    CHECK(bad.find('\n') == std::string::npos);
    CHECK_FALSE(bad.ends_with("-> "));
  }
}

TEST_CASE("preflight: a node of Alpine is refused by name") {
  CheckTrial trial;
  set_fact(trial, "os", "alpine");
  set_fact(trial, "os_version", "3.22.0");
  set_fact(trial, "systemd", "false");
  set_fact(trial, "openrc", "true");
  CHECK(
      trial.bad() ==
      "warning os: it runs alpine 3.22.0 -> muster's Kubernetes is tried on Debian 12 and 13: try "
      "it first\n"
      "error init: it runs alpine 3.22.0 with OpenRC, and muster's roles of Kubernetes write units "
      "of systemd -> use a system with systemd; only roles of your own can go there");
  trial.needs.kubernetes = trial.needs.pods = false;
  CHECK(trial.bad() == "");
}

TEST_CASE("preflight: what does no harm is no finding") {
  for (const auto& each : harmless()) {
    CAPTURE(each.name);
    CheckTrial trial;
    each.change(trial);
    CHECK(trial.bad() == "");
  }
}

TEST_CASE("preflight: a node without Kubernetes gets the basic checks only") {
  for (const auto& each : cases()) {
    CAPTURE(each.name);
    CheckTrial trial;
    trial.needs = {};
    trial.needs.architecture = "amd64";
    each.change(trial);
    trial.needs.kubernetes = trial.needs.pods = false;
    for (const auto& finding : trial.found()) {
      if (finding.level == Level::ok) continue;
      CHECK(std::set<std::string>{"owner", "sudo", "clock", "disk"}.contains(finding.check));
    }
  }
  CheckTrial trial;
  trial.needs = {};
  trial.look.seen.disks = {{"/", "/", 99}};
  CHECK(trial.bad() == "warning disk: 99 MB free on / -> make room: / needs 100 MB");
}

TEST_CASE("preflight: a host that says nothing of itself is only said not to be root's") {
  CheckTrial trial;
  trial.look.seen = {};
  trial.look.no_root = "no\n  do";
  CHECK(trial.bad() == "error sudo: no -> do");
}

TEST_CASE("preflight: a host that cannot be asked is told with what the layer below advises") {
  auto silent = judge_trouble(Trouble::silent, "'n' does not answer: refused");
  CHECK((silent.unreachable && silent.level == Level::error && silent.check == "reach"));
  CHECK(silent.detail == "'n' does not answer: refused");
  CHECK_FALSE(silent.remedy.empty());
  auto changed = judge_trouble(Trouble::host_key, "the host key changed\n  beware\n  and mind");
  CHECK((!changed.unreachable && changed.check == "host key"));
  CHECK(changed.remedy == "beware and mind");
  CHECK(judge_trouble(Trouble::refused, "no key").check == "login");
  CHECK(judge_trouble(Trouble::key_file, "the private key file 'id' is empty").check == "key file");
}
