// A script does the same whatever the login's shell was set to before it.
#include <doctest/doctest.h>

#include <set>

#include "provisioner/base/sha256.h"
#include "provisioner/tasks/facts.h"
#include "provisioner/tasks/kind.h"
#include "provisioner/tasks/store_script.h"
#include "tests/shells/ledgers.h"

using namespace muster;
using namespace muster::testing;
namespace fs = std::filesystem;

namespace {

constexpr std::array kEverySh{Flavour::dash, Flavour::busybox, Flavour::bash};

Compiling all_kinds() {
  auto all = role("all", R"(
tasks:
  - {name: archive, command: {run: "tar -cf /opt/muster/store/tool -C /etc lines", creates: /opt/muster/store/tool}}
  - {name: package, package: {names: [a, b]}}
  - {name: directory, directory: {path: /srv/deep/er}}
  - {name: file, file: {path: /srv/deep/file, content: "a b\n"}, notify: [again]}
  - {name: odd file, file: {path: /srv/deep/odd, content: "a b"}}
  - {name: changed file, file: {path: /etc/changed, content: "of muster\n", mode: "0640"}}
  - {name: link, link: {path: /srv/link, to: /srv/deep}}
  - {name: line, line: {path: /etc/lines, line: "one more"}}
  - {name: new line, line: {path: /etc/new-lines, line: "one more"}}
  - {name: artifact, artifact: {name: tool, path: /opt/bin/tool}}
  - {name: unpack, unpack: {name: tool, into: /srv/unpacked}}
  - {name: user, user: {name: bob, shell: /bin/sh, sudo: true}}
  - {name: keys, authorized_key: {user: ann, keys: ["key one", "key two"]}}
  - {name: sysctl, sysctl: {name: net.ipv4.ip_forward, value: "1"}}
  - {name: module, module: {name: br-x}}
  - {name: mount, mount: {path: /srv/m, source: none, type: tmpfs, options: size=1m}}
  - {name: unit, unit: {name: a.service, enabled: true, state: started}}
  - {name: command, command: {run: "mkdir -p /srv/made; for f in /srv/deep/*; do : >/srv/made/${f##*/}; done", creates: /srv/made}}
  - {name: wait, wait: {until: "test -d /srv/made"}}
  - {name: manifest, manifest: {name: things, content: "kind: ConfigMap\n"}}
  - {name: image, image: {name: image, ref: "pause:1"}}
  - {name: firewall, firewall: {ports: [6443/tcp, 80/udp], sources: [10.1.0.0/16], address: 10.0.0.7}}
  - {name: file context, file_context: {path: /srv/deep, type: bin_t}}
  - {name: boolean, selinux_boolean: {name: ready, value: true}}
handlers:
  - {name: again, unit: {name: a.service, state: restarted}}
traces: [/var/lib/trace]
)");
  all.artifacts["tool"] = "tool";
  all.artifacts["image"] = "image";
  return all;
}

void furnish_for_all(Sandbox& node, Flavour flavour) {
  auto programs = fs::path(MUSTER_SOURCE_DIR) / "tests/shells/programs";
  for (const char* name :
       {"dpkg-query", "dpkg",         "apt-get",      "apt-cache", "systemctl",
        "kubectl",    "ctr",          "adduser",      "deluser",   "addgroup",
        "delgroup",   "chpasswd",     "firewall-cmd", "ip",        "selinuxenabled",
        "semanage",   "matchpathcon", "restorecon",   "getsebool", "setsebool"}) {
    node.add_program(name, read_file(programs / name));
  }
  node.add_program("modprobe", "[ \"$*\" != br-x ] || mkdir -p /sys/module/br_x\n");
  node.add_program("rmmod", "rmdir \"/sys/module/$1\"\n");
  for (const char* name : {"useradd", "usermod", "userdel"}) {
    fs::remove(node / "usr/sbin" / name);
  }
  // Busybox has a modprobe and a dpkg of its own in its shell.
  if (flavour == Flavour::busybox) {
    fs::create_directories(node / "sys/module/br_x");
    write_file(node / "etc/os-release", "ID=alpine\n");
    node.add_program("apk", read_file(programs / "apk"));
  }
  for (const char* of : {"runtime", "permanent"}) fs::create_directories(node / "firewalld" / of);
  fs::create_directories(node / "selinux/booleans");
  for (const char* file : {"rules", "labels"}) write_file(node / "selinux" / file, "");
  write_file(node / "selinux/booleans/ready", "off\n");
  fs::create_directories(node / "units/a.service");
  fs::create_directories(node / "proc/sys/net/ipv4");
  fs::create_directories(node / "home/ann");
  REQUIRE(::chown((node / "home/ann").c_str(), 1000, 1000) == 0);
  write_file(node / "proc/sys/net/ipv4/ip_forward", "0\n");
  write_file(node / "api", "");
  write_file(node / "etc/changed", "of somebody\n");
  write_file(node / "etc/lines", "one\ntwo\n");
  // It is packed.
  fs::last_write_time(node / "etc/lines", fs::last_write_time("/usr"));
  write_file(node / "opt/muster/store/image", "pause:1\n");
}

/// What a role of all kinds answers and leaves, and what its undo does, when the shell was told
/// `settings` before.
struct Seen {
  std::string said;
  std::string undone;
  Snapshot applied;
  Snapshot left;
};

Snapshot steady(const Sandbox& node) {
  auto all = node.snapshot();
  for (auto& [path, text] : all) text.resize(std::min(text.size(), text.rfind("\n@")));
  std::erase_if(all, [](const auto& entry) { return entry.first.starts_with("etc/pass"); });
  return all;
}

std::string said_by(const Ran& ran) {
  CHECK(ran.error_output == "");
  CHECK(ran.ended);
  std::string text;
  for (const auto& reply : ran.replies) text += reply.outcome + ": " + reply.output + "\n";
  // What a program prints may come before or after what the task says.
  auto lines = split(text, '\n');
  std::ranges::sort(lines);
  return join(lines, "\n");
}

Seen see(Flavour flavour, const std::string& settings) {
  Sandbox node(flavour);
  furnish_for_all(node, flavour);
  auto all = all_kinds();
  Seen seen;
  seen.said = said_by(node.run(settings + all.script().script, kNonce));
  seen.applied = steady(node);
  seen.said += said_by(node.run(settings + all.script(Mode::check).script, kNonce));
  seen.said += said_by(node.run(settings + all.script().script, kNonce));
  seen.undone = said_by(node.run(settings + all.undo().script, kNonce));
  seen.left = steady(node);
  return seen;
}

}  // namespace

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("settings: every kind does the same after any umask, IFS and options of the shell") {
  std::set<std::string> used;
  for (const auto& task : all_kinds().role.tasks) used.insert(task.kind);
  REQUIRE(used.size() == kinds().size());
  for (auto flavour : kEverySh) {
    CAPTURE(name_of(flavour));
    auto plain = see(flavour, "");
    CHECK_MESSAGE(plain.said.find("failed") == std::string::npos, plain.said);
    CHECK_MESSAGE(plain.undone.find("failed") == std::string::npos, plain.undone);
    for (const std::string settings :
         {"set -f; IFS=/; umask 0777\n", "set -fCu; IFS=os.; umask 0\n",
          "set -ae; IFS=; umask 0777\n"}) {
      CAPTURE(settings);
      auto odd = see(flavour, settings);
      CHECK(odd.said == plain.said);
      CHECK(odd.undone == plain.undone);
      CHECK(difference(plain.applied, odd.applied) == "");
      CHECK(difference(plain.left, odd.left) == "");
    }
  }
}

TEST_CASE("settings: facts and the store's answer are the same too") {
  for (auto flavour : kEverySh) {
    CAPTURE(name_of(flavour));
    Sandbox node(flavour);
    auto sum = sha256("x");
    write_file(node / "opt/muster/store" / sum, "x");
    StorePlace place;
    place.sha256 = sum;
    place.run = "r";
    node.run(ask_store_script(place, kNonce), kNonce);
    auto facts = node.run(facts_script(kNonce), kNonce).output;
    CHECK(facts.find("store=" + sum) != std::string::npos);
    auto store = node.run(ask_store_script(place, kNonce), kNonce).output;
    CHECK(store.find("has=true") != std::string::npos);
    for (const std::string settings :
         {"set -f; IFS=/; umask 0777\n", "set -Cu; IFS=os.; umask 0\n"}) {
      CAPTURE(settings);
      CHECK(node.run(settings + facts_script(kNonce), kNonce).output == facts);
      CHECK(node.run(settings + ask_store_script(place, kNonce), kNonce).output == store);
    }
  }
}

TEST_SUITE_END();
