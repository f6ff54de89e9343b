#include "provisioner/tasks/preflight.h"

#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "tests/shells/sandbox.h"
#include "tests/tasks/nonce.h"

using namespace muster;
using namespace muster::testing;

namespace {

Sighting said(const std::vector<std::string>& lines) {
  std::string answer;
  for (const auto& line : lines) answer += kNonce + " " + line + "\n";
  return parse_preflight(answer + kNonce + " end\n", kNonce);
}

}  // namespace

TEST_CASE("preflight: what a node says is read, and is no fact") {
  auto seen =
      said({"arch=amd64", "check.clock=1700000000.25", "check.disk=/var/lib 2048000 4096000 /a b",
            "check.port=6443 loopback nginx (12)", "check.port=80 any ", "check.swap=/dev/a",
            "check.module=overlay true", "check.module=x false", "check.program=kubelet 812",
            "check.kubernetes=/etc/kubernetes/admin.conf", "check.name=own false my host",
            "check.mtu=1400 eth0", "check.containerd_io=installed", "check.controllers= cpu memory",
            "check.missing=runc", "check.missing=etcd-server=3.4"});
  CHECK(seen.facts.values == std::map<std::string, std::string>{{"arch", "amd64"}});
  CHECK(seen.clock == 1700000000.25);
  CHECK_FALSE(seen.clock_is_whole);
  CHECK(said({"check.clock=1700000000"}).clock_is_whole);
  REQUIRE(seen.disks.size() == 1);
  CHECK((seen.disks[0].mount == "/a b" && seen.disks[0].free_mb == 2000 &&
         seen.disks[0].size_mb == 4000));
  REQUIRE(seen.ports.size() == 2);
  CHECK((seen.ports[0].where == PortInUse::Where::loopback && seen.ports[0].owner == "nginx (12)"));
  CHECK((seen.ports[1].where == PortInUse::Where::any && seen.ports[1].owner.empty()));
  CHECK((seen.modules[0].good && !seen.modules[1].good));
  CHECK((seen.programs[0].name == "kubelet" && seen.programs[0].detail == "812"));
  CHECK((seen.names[0].name == "own" && seen.names[0].detail == "my host"));
  CHECK((seen.mtu == 1400 && seen.device == "eth0" && seen.containerd_io));
  CHECK(seen.controllers == "cpu memory");
  CHECK(seen.missing_packages == std::vector<std::string>{"runc", "etcd-server=3.4"});
}

TEST_CASE("preflight: nonsense and floods do no harm, and an answer without an end is none") {
  auto seen =
      said({"check.clock=soon", "check.disk=/ much 9 /", "check.disk=/ -1 9 /", "check.disk=/ 9 /",
            "check.port=many any", "check.mtu=", "check.unheard=1", "check.=", "check.disk"});
  CHECK_FALSE(seen.clock);
  CHECK(seen.disks.empty());
  CHECK(seen.ports.empty());
  CHECK(seen.mtu == 0);
  CHECK(said(std::vector<std::string>(5'000, "check.kubernetes=/x")).kubernetes.size() == 100);
  CHECK_THROWS_AS(parse_preflight(kNonce + " check.clock=1\n", kNonce), Error);
}

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("preflight: the script finds on real shells what is on the node, and changes nothing") {
  auto script = preflight_script(kNonce, {{6443, 10250}, true});
  for (auto flavour : kFlavours) {
    CAPTURE(name_of(flavour));
    Sandbox node(flavour);
    for (const char* folder :
         {"etc/kubernetes/manifests", "var/lib/etcd/default/member", "etc/cni/net.d",
          "var/lib/rancher/k3s", "etc/systemd/system", "etc/containerd", "var/lib/dpkg/info"}) {
      std::filesystem::create_directories(node / folder);
    }
    write_file(node / "etc/kubernetes/admin.conf", "");
    write_file(node / "etc/kubernetes/kubelet.conf", "");
    write_file(node / "etc/cni/net.d/05-other.conflist", "");
    write_file(node / "etc/systemd/system/kubelet.service", "# Written by muster.\n");
    write_file(node / "etc/systemd/system/etcd.service", "[Unit]\n");
    write_file(node / "etc/containerd/config.toml", "version = 2\n");
    write_file(node / "var/lib/dpkg/info/containerd.io.list", "");
    write_file(node / "etc/machine-id", "5f2c81d04be7\n");
    std::filesystem::create_directories(node / "etc/ufw");
    write_file(node / "etc/ufw/ufw.conf", "ENABLED=yes\n");
    std::filesystem::create_directories(node / "proc/sys/kernel");
    write_file(node / "proc/sys/kernel/osrelease", "5.10.0-9\n");
    auto before = node.snapshot();
    auto ran = node.run(script, kNonce);
    CHECK(ran.error_output == "");
    CHECK(ran.exit_code == 0);
    auto seen = parse_preflight(ran.output, kNonce);
    CHECK(seen.facts.values.at("uid") == "0");
    REQUIRE(seen.clock);
    CHECK(*seen.clock > 1.7e9);
    CHECK(seen.hostname != "");
    CHECK(seen.machine_id == "5f2c81d04be7");
    CHECK(seen.kubernetes ==
          std::vector<std::string>{"/etc/kubernetes/admin.conf", "/var/lib/rancher/k3s"});
    CHECK(seen.by_muster == std::vector<std::string>{"kubelet"});
    CHECK(seen.etcd_data == "/var/lib/etcd/default/member");
    CHECK(seen.cni == std::vector<std::string>{"05-other.conflist"});
    CHECK((seen.other_containerd_config && seen.containerd_io));
    CHECK(seen.modules.size() == 6);
    CHECK(seen.modules.back().name == "nft_compat");
    CHECK(seen.modules.back().good);  // nobody knows what the kernel has
    CHECK(seen.firewalls == std::vector<std::string>{"ufw"});
    CHECK(before == node.snapshot());
  }
}

TEST_CASE("preflight: a kernel whose list of modules lacks one of iptables' is told") {
  auto script = preflight_script(kNonce, {{}, true});
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    std::filesystem::create_directories(node / "proc/sys/kernel");
    write_file(node / "proc/sys/kernel/osrelease", "6.12.0-211.el10\n");
    const auto folder = node / "lib/modules/6.12.0-211.el10";
    std::filesystem::remove(node / "lib");
    std::filesystem::create_directories(folder);
    // The shells' own libraries.
    std::filesystem::create_directory_symlink("/host/lib/x86_64-linux-gnu",
                                              node / "lib/x86_64-linux-gnu");
    auto has = [&] {
      auto ran = node.run(script, kNonce);
      CHECK(ran.error_output == "");
      return parse_preflight(ran.output, kNonce).modules.back().good;
    };
    write_file(folder / "modules.dep", "kernel/net/netfilter/nf_tables.ko.xz:\n");
    CHECK_FALSE(has());
    write_file(folder / "modules.dep", "kernel/net/netfilter/nft_compat.ko.xz: kernel/x.ko.xz\n");
    CHECK(has());
  }
}

TEST_CASE("preflight: packages that are asked for and not installed are named") {
  PreflightQuestions questions;
  questions.packages = {{"apt", {"a", "b=1.2", "it's"}}, {"dnf", {"a", "c"}}, {"apk", {"d"}}};
  auto script = preflight_script(kNonce, questions);
  auto programs = std::filesystem::path(MUSTER_SOURCE_DIR) / "tests/shells/programs";
  using Names = std::vector<std::string>;
  for (auto flavour : kFlavours) {
    CAPTURE(name_of(flavour));
    Sandbox node(flavour);
    std::filesystem::create_directories(node / "proc/sys/kernel");
    write_file(node / "proc/sys/kernel/osrelease", "5.10.0-9\n");
    auto missing = [&] {
      auto ran = node.run(script, kNonce);
      CHECK(ran.error_output == "");
      return parse_preflight(ran.output, kNonce).missing_packages;
    };
    std::filesystem::create_directories(node / "pkgs");
    write_file(node / "pkgs/a", "installed\n");
    if (flavour != Flavour::busybox) {  // it has an rpm of its own
      CHECK(missing() == Names());
      node.add_program("rpm", read_file(programs / "rpm"));
      CHECK(missing() == Names{"c"});
    }
    for (const char* name : {"dpkg-query", "apt-cache"}) {
      node.add_program(name, read_file(programs / name));
    }
    CHECK(missing() == Names{"b=1.2", "it's"});
    auto unasked = node.run(preflight_script(kNonce, {}), kNonce);
    CHECK(parse_preflight(unasked.output, kNonce).missing_packages == Names());
  }
}

TEST_CASE("preflight: a bare node answers too") {
  auto script = preflight_script(kNonce, {});
  for (auto flavour : kFlavours) {
    CAPTURE(name_of(flavour));
    Sandbox node(flavour);
    auto seen = parse_preflight(node.run(script, kNonce).output, kNonce);
    CHECK(seen.clock);
    CHECK(seen.kubernetes.empty());
    CHECK(seen.modules.empty());
    CHECK(seen.facts.values.contains("arch"));
  }
}

TEST_CASE("preflight: a script that is cut on its way says no end") {
  Sandbox node(Flavour::dash);
  auto script = preflight_script(kNonce, {{6443}, true});
  for (std::size_t at = 0; at + 2 < script.size(); at += 977) {
    CAPTURE(at);
    CHECK_THROWS_AS(parse_preflight(node.run(script.substr(0, at), kNonce).output, kNonce), Error);
  }
}

TEST_SUITE_END();
