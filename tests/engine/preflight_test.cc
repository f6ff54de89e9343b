#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "provisioner/base/text.h"
#include "provisioner/definition/role_reader.h"
#include "provisioner/engine/preflight_rules.h"

using namespace muster;

namespace {

/// A new master with etcd and pods, and a host that is fit for it.
struct CheckTrial {
  NodeNeeds needs;
  Look look;

  CheckTrial() {
    needs.kubernetes = needs.etcd = needs.control_plane = needs.pods = needs.bridge = true;
    needs.packages = true;
    needs.ports = {{6443, false, "kube-apiserver"}, {7443, true, "the API balancer"}};
    needs.architecture = "amd64";
    needs.artifacts = {"kubelet"};
    needs.networks = {
        {"the pod network", "k8s-kube_pod_subnet", *parse_cidr("10.233.64.0/18")},
        {"the Service network", "k8s-kube_service_addresses", *parse_cidr("10.233.0.0/18")}};
    needs.pod_bits = 24;
    auto& seen = look.seen;
    seen.facts.values = {{"os", "debian"},       {"os_version", "12"}, {"kernel", "6.1.0"},
                         {"arch", "amd64"},      {"cpus", "2"},        {"memory_mb", "4000"},
                         {"container", "false"}, {"cgroup", "v2"},     {"nameserver", "true"},
                         {"systemd", "true"}};
    seen.packages = "apt-get";
    seen.disks = {{"/", "/", 20'000}, {"/var/lib", "/", 20'000}, {"/opt", "/", 20'000}};
    seen.modules = {{"overlay", true, ""},
                    {"br_netfilter", true, ""},
                    {"nf_conntrack", true, ""},
                    {"nf_tables", true, ""},
                    {"ip_tables", false, ""}};
    seen.controllers = "cpuset cpu io memory pids";
    seen.names = {{"own", true, "n"}, {"mirror", true, "deb.debian.org"}};
    seen.mtu = 1500;
    seen.device = "eth0";
    set_clock(0);
  }

  /// The answer took 100 ms.
  void set_clock(double off) {
    look.asked = 1'000'000;
    look.heard = 1'000'000.1;
    look.seen.clock = 1'000'000.05 + off;
  }

  std::vector<Finding> found() const { return judge(needs, look); }
  /// "error clock: what was found -> what to do" of all that is not well.
  std::string bad() const {
    std::vector<std::string> lines;
    for (const auto& finding : found()) {
      if (finding.level == Level::ok) continue;
      lines.push_back(to_string(finding.level) + " " + finding.check + ": " + finding.detail +
                      " -> " + finding.remedy);
    }
    return join(lines, "\n");
  }
};

struct Case {
  const char* name;
  std::function<void(CheckTrial&)> change;
  const char* wanted;  ///< how the only thing that is bad begins
};

void set_fact(CheckTrial& trial, const char* fact, const char* value) {
  trial.look.seen.facts.values[fact] = value;
}

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

struct Pair {
  CheckTrial first, second;
  HostFindings of_first{"d", "n-1", "10.0.0.1", {}};
  HostFindings of_second{"d", "n-2", "10.0.0.2", {}};

  std::string judged() {
    std::vector<Answered> nodes{{&first.needs, &first.look, &of_first},
                                {&second.needs, &second.look, &of_second}};
    judge_together(nodes);
    std::vector<std::string> lines;
    for (const auto* host : {&of_first, &of_second}) {
      for (const auto& finding : host->findings) {
        lines.push_back(host->node + " " + to_string(finding.level) + " " + finding.check + ": " +
                        finding.detail);
      }
    }
    return join(lines, "\n");
  }
};

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

TEST_CASE("preflight: a system that the bundle has no packages for is refused when it lacks some") {
  CheckTrial trial;
  trial.look.seen.missing_packages = {"etcd-server", "runc"};
  CHECK(trial.bad() == "");  // without a bundle they come from the node's own sources
  trial.needs.packaged_releases = "debian-12 (amd64)";
  trial.needs.has_packages = [](const std::string& os, const std::string& version,
                                const std::string& arch) {
    return os == "debian" && version == "12" && arch == "amd64";
  };
  CHECK(trial.bad() == "");
  set_fact(trial, "os_version", "13");
  CHECK(trial.bad() ==
        "error packages: it lacks etcd-server, runc, and the bundle has no packages for debian 13 "
        "(amd64), only for debian-12 (amd64) -> install them there first; what is installed is not "
        "fetched");
  trial.look.seen.missing_packages.clear();
  CHECK(trial.bad() == "");
  // Nobody asks for the mirror's name.
  trial.look.seen.names = {{"mirror", false, "deb.debian.org"}};
  CHECK(trial.bad() == "");
}

TEST_CASE("preflight: packages are counted by family, but for what may not be wanted there") {
  auto role = parse_role("one",
                         "role: one\ndescription: d\ntasks:\n"
                         "  - {name: a, package: {names: [all, \"{{node.name}}\"]}}\n"
                         "  - {name: b, package: {names: {apt: [deb], dnf: [red, hat]}}}\n"
                         "  - {name: c, package: {names: [some]}, when: facts.apt}\n"
                         "  - {name: d, package: {names: [gone], state: absent}}\n");
  Node node;
  node.all_roles = {"one"};
  auto needs = needs_of(Cluster(), node, {role}, nullptr);
  CHECK(needs.packages);
  CHECK(needs.package_names ==
        PackageNames{{"apk", {"all"}}, {"apt", {"all", "deb"}}, {"dnf", {"all", "hat", "red"}}});
}

TEST_CASE("preflight: a role whose packages only some nodes get needs no package manager") {
  auto role = parse_role("one",
                         "role: one\ndescription: d\ntasks:\n"
                         "  - {name: a, package: {names: [some]}, when: facts.selinux}\n");
  Node node;
  node.all_roles = {"one"};
  CHECK_FALSE(needs_of(Cluster(), node, {role}, nullptr).packages);
}

TEST_CASE("preflight: packages are asked for only where a bundle has some") {
  auto roles = load_roles({});
  Node node;
  node.all_roles = {"etcd"};
  auto needs = needs_of(Cluster(), node, roles, nullptr);
  const std::set<std::string> names{"curl"};
  CHECK(needs.package_names == PackageNames{{"apk", names}, {"apt", names}, {"dnf", names}});
  CHECK(questions_for(needs).packages.empty());
  needs.has_packages = [](auto&, auto&, auto&) { return true; };
  CHECK(questions_for(needs).packages == needs.package_names);
}

TEST_CASE("preflight: needs come from the roles that a node does not have yet") {
  auto roles = load_roles({});
  Cluster cluster;
  cluster.settings.api_port = 6443;
  cluster.settings.balancer_port = 7443;
  cluster.settings.network_plugin = "bridge";
  Node node;
  node.all_roles = {"base", "etcd", "kube-control-plane"};
  auto needs = needs_of(cluster, node, roles, nullptr);
  CHECK((needs.kubernetes && needs.etcd && needs.control_plane && !needs.pods && !needs.own));
  CHECK(questions_for(needs).ports == std::vector<int>{2379, 2380, 2381, 6443, 10257, 10259});
  CHECK(std::ranges::count(needs.artifacts, "kube-apiserver") == 1);
  NodeRecord record;
  record.roles = {{"base", "f"}, {"etcd", "f"}};
  needs = needs_of(cluster, node, roles, &record);
  CHECK((needs.own && !needs.etcd && needs.control_plane));
  CHECK(questions_for(needs).ports == std::vector<int>{6443, 10257, 10259});
  record.roles.clear();
  CHECK_FALSE(needs_of(cluster, node, roles, &record).own);
  node.all_roles = {"base", "few"};
  needs = needs_of(cluster, node, roles, nullptr);
  CHECK_FALSE(needs.kubernetes);
  CHECK(questions_for(needs).ports.empty());
}

TEST_CASE("preflight: nodes that are one machine, or clones, or of different times are told") {
  CHECK(Pair().judged() == "");
  Pair same;
  same.first.look.seen.boot = same.second.look.seen.boot = "b00t net:[1]";
  CHECK(same.judged() == "n-2 error identity: it is the same machine as 'n-1'");
  Pair containers;
  containers.first.look.seen.boot = "b00t net:[1]";
  containers.second.look.seen.boot = "b00t net:[2]";
  CHECK(containers.judged() == "");
  Pair unknown;
  unknown.first.look.seen.boot = unknown.second.look.seen.boot = "b00t ";
  CHECK(unknown.judged() == "");
  Pair clones;
  for (auto* trial : {&clones.first, &clones.second}) {
    trial->look.seen.hostname = "debian";
    trial->look.seen.machine_id = "1";
    trial->look.seen.product_uuid = "2";
  }
  CHECK(clones.judged() ==
        "n-2 warning identity: it has the hostname of 'n-1'\n"
        "n-2 warning identity: it has the machine id of 'n-1'\n"
        "n-2 warning identity: it has the hardware id (product_uuid) of 'n-1'");
  Pair times;
  times.first.set_clock(0.9);
  times.second.set_clock(-0.8);
  CHECK(times.judged() == "n-1 warning clock: its clock is 1.7s ahead of that of 'n-2'");
  Pair far;
  far.first.set_clock(40);
  far.second.set_clock(-50);
  CHECK(far.judged() == "n-2 error clock: its clock is 1m30s behind that of 'n-1'");
  Pair known;
  known.second.set_clock(-600);
  known.of_second.findings = known.second.found();
  known.judged();
  CHECK(std::ranges::count(known.of_second.findings, "clock", &Finding::check) == 1);
  Pair mtus;
  mtus.first.look.seen.mtu = 9000;
  CHECK(mtus.judged() ==
        "n-2 warning mtu: eth0 takes packets of 1500 bytes, that of 'n-1' of 9000");
}

TEST_CASE("preflight: when all hosts are of one other time, it is this machine's clock") {
  Pair pair;
  pair.first.set_clock(3600);
  pair.second.set_clock(3600.3);
  pair.of_first.findings = pair.first.found();
  pair.of_second.findings = pair.second.found();
  pair.judged();
  for (const auto* host : {&pair.of_first, &pair.of_second}) {
    auto clock = std::ranges::find(host->findings, "clock", &Finding::check);
    REQUIRE(clock != host->findings.end());
    CHECK(clock->level == Level::error);
    CHECK(clock->remedy == "all hosts agree: set this machine's clock");
  }
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
