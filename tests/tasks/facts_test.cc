#include "provisioner/tasks/facts.h"

#include <doctest/doctest.h>

#include <map>

#include "provisioner/base/error.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/tasks/answer.h"
#include "tests/shells/sandbox.h"
#include "tests/tasks/nonce.h"

using namespace muster;
using namespace muster::testing;

namespace {

const std::string kLogins =
    "its login files (.bashrc, .cshrc, ...) must not read stdin, start another shell or exit, and "
    "sshd must not force another command (ForceCommand, internal-sftp)";

std::string refusal(const std::string& user, const std::string& output,
                    const std::string& error_output) {
  return no_facts({"n1", user, false, output, error_output}).what();
}

}  // namespace

TEST_CASE("facts: lines with the nonce are facts, and others are not") {
  auto facts = parse_facts(
      "Welcome\n" + kNonce + " arch=amd64\narch=x\nmotd without end " + kNonce + " os=debian\r\n" +
          kNonce + " store=" + std::string(64, 'a') + "\n" + kNonce + " store=part.tmp\n" + kNonce +
          " odd\n" + kNonce + " os_version=a=b\n" + kNonce + " end\n" + kNonce + " arch=late\n",
      kNonce);
  CHECK(facts.values == std::map<std::string, std::string>{
                            {"arch", "amd64"}, {"os", "debian"}, {"os_version", "a=b"}});
  CHECK(facts.store == std::vector<std::string>{std::string(64, 'a')});
}

TEST_CASE("facts: an answer without an end is an error that shows it") {
  CHECK_THROWS_WITH_AS(
      parse_facts("This account is not available.\n" + kNonce + " arch=amd64\n", kNonce),
      ("the node did not say what it is; it answered 'This account is not available.\n" + kNonce +
       " arch=amd64'\n  see whether its login runs scripts: ssh to it and run 'echo true | sh'; " +
       kLogins)
          .c_str(),
      Error);
  CHECK_THROWS_AS(parse_facts("", kNonce), Error);
}

TEST_CASE("facts: what a login prints before its answer is not kept, nor what comes after") {
  Answer answer(kNonce);
  std::string flood(1 << 20, 'x');
  for (int i = 0; i < 20; ++i) {
    answer.feed(flood);
    CHECK(answer.text().size() <= 2U << 20);
  }
  std::string said = kNonce + " arch=amd64\n" + kNonce + " end\n";
  for (char byte : said) answer.feed({&byte, 1});
  CHECK(answer.whole());
  CHECK(answer.text() == said);
  answer.feed(flood);
  CHECK(answer.text() == said);
  CHECK(parse_facts(answer.text(), kNonce).values.at("arch") == "amd64");
}

TEST_CASE("facts: a login without them is told why, and what to do") {
  CHECK(refusal("ann", "", "sudo: a password is required\n") ==
        "'n1' does not run scripts for ann: sudo: a password is required\n"
        "  ann needs sudo without a password: put 'ann ALL=(ALL) NOPASSWD:ALL' into "
        "/etc/sudoers.d/ann on the node");
  CHECK(refusal("ann", "hello", "sh: 1: sudo: not found\n") ==
        "'n1' does not run scripts for ann: sh: 1: sudo: not found\n"
        "  install sudo on the node, or log in as root");
  CHECK(refusal("ann", "", "sudo: sorry, you must have a tty to run sudo\n") ==
        "'n1' does not run scripts for ann: sudo: sorry, you must have a tty to run sudo\n"
        "  put 'Defaults:ann !requiretty' into /etc/sudoers.d/ann on the node");
  CHECK(refusal("root", "\nThis account is currently not available.\n", "") ==
        "'n1' does not run scripts for root: This account is currently not available.\n"
        "  see whether its login runs scripts: ssh to it and run 'echo true | sh'; " +
            kLogins);
  CHECK(
      refusal("root", "", "").starts_with("'n1' does not run scripts for root: it said nothing\n"));
  CHECK(refusal("root", std::string("a\0b\x1b[2Jc", 8), "")
            .starts_with("'n1' does not run scripts for root: a?b?[2Jc\n"));
  CHECK(refusal("root", std::string(5000, 'x') + "last", "").size() < 700);
  std::string slow = no_facts({"n1", "root", true, "", "stuck"}).what();
  CHECK(slow.starts_with("'n1' does not run scripts for root: it did not end in time: stuck\n"));
}

TEST_CASE("facts: a login that is not root's, or no POSIX shell, is refused") {
  Facts facts;
  facts.values = {{"uid", "0"}, {"posix", "true"}};
  Login login{"n1", "ann", false, "", ""};
  CHECK_NOTHROW(check_shell(facts, login));
  facts.values["posix"] = "false";
  CHECK_THROWS_WITH_AS(check_shell(facts, login),
                       "'n1' runs scripts for ann in a shell that is not POSIX sh\n"
                       "  a login file of ann starts another shell (exec in .bashrc, .cshrc, ...), "
                       "or 'sh' on the node is no POSIX shell",
                       Error);
  facts.values["uid"] = "1000";
  CHECK_THROWS_WITH_AS(check_shell(facts, login),
                       "'n1' runs scripts for ann without the rights of root\n"
                       "  a login file of ann starts another shell (exec in .bashrc, .cshrc, ...), "
                       "or sudo is not the real one",
                       Error);
}

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("facts: the script says on real shells what the node is") {
  auto script = facts_script(kNonce);
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    write_file(node / "etc/os-release", "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.19.1\n");
    write_file(node / "etc/resolv.conf", "nameserver 127.0.0.53\nnameserver 10.0.0.1\n");
    auto store = node / "opt/muster/store";
    write_file(store / std::string(64, 'f'), "");
    std::filesystem::create_directories(store / ".checked");
    write_file(store / ".checked" / std::string(64, 'f'),
               run_or_throw({"stat", "-c", "%s %i %y %z", store / std::string(64, 'f')}));
    // Not checked; changed since it was checked; no artifact.
    write_file(store / std::string(64, 'e'), "");
    write_file(store / std::string(64, 'd'), "x");
    write_file(store / ".checked" / std::string(64, 'd'),
               run_or_throw({"stat", "-c", "%s %i %y %z", store / std::string(64, 'd')}));
    std::filesystem::last_write_time(store / std::string(64, 'd'), {});
    write_file(store / "half", "");
    std::filesystem::create_directories(node / "proc/sys/kernel");
    write_file(node / "proc/sys/kernel/osrelease", "5.10.0-9\n");
    auto before = node.snapshot();
    auto ran = node.run(script, kNonce);
    CHECK(ran.error_output == "");
    CHECK(ran.exit_code == 0);
    auto facts = parse_facts(ran.output, kNonce);
    CHECK(facts.values.at("uid") == "0");
    CHECK(facts.values.at("posix") == "true");
    CHECK(facts.values.at("os") == "alpine");
    CHECK(facts.values.at("os_version") == "3.19.1");
    CHECK(facts.values.at("kernel") == "5.10.0-9");
    CHECK(facts.values.at("arch") == trim(run_or_throw({"dpkg", "--print-architecture"})));
    CHECK(std::stoi(facts.values.at("cpus")) > 0);
    CHECK(std::stoi(facts.values.at("memory_mb")) > 100);
    CHECK(facts.values.at("container") == "false");
    CHECK(facts.values.at("cgroup") == "v1");
    CHECK(facts.values.at("cgroup_v1") == "true");
    CHECK(facts.values.at("nftables") == "false");  // 5.10 is too old
    CHECK(facts.values.at("nameserver") == "true");
    CHECK(facts.values.at("resolv_conf") == "/etc/resolv.conf");
    CHECK(facts.values.at("selinux") == "false");
    CHECK(facts.values.at("systemd") == "false");
    for (const char* none : {"openrc", "apt", "apk"}) CHECK(facts.values.at(none) == "false");
    // The shell of Debian's busybox has an rpm of its own.
    CHECK(facts.values.at("dnf") == (flavour == Flavour::dash ? "false" : "true"));
    CHECK(facts.values.count("oom_score_adj") == 1);
    CHECK(facts.store == std::vector<std::string>{std::string(64, 'f')});
    CHECK(before == node.snapshot());

    // The least there can be.
    for (const char* file : {"etc/os-release", "etc/resolv.conf"}) {
      std::filesystem::remove(node / file);
    }
    std::filesystem::remove_all(node / "opt/muster");
    std::filesystem::create_directories(node / "run/systemd/system");
    write_file(node / "run/systemd/container", "systemd-nspawn\n");
    node.add_program("rc-service", "");
    node.add_program("rpm", "");
    ran = node.run(script, kNonce);
    CHECK(ran.error_output == "");
    facts = parse_facts(ran.output, kNonce);
    CHECK(facts.values.at("os") == "linux");
    CHECK(facts.values.at("os_version") == "");
    CHECK(facts.values.at("container") == "true");
    CHECK(facts.values.at("nameserver") == "false");
    CHECK(facts.values.at("resolv_conf") == "/etc/resolv.conf");
    CHECK(facts.values.at("systemd") == "true");
    CHECK(facts.values.at("openrc") == "false");
    CHECK(facts.values.at("dnf") == "true");
    CHECK(facts.values.at("apt") == "false");
    CHECK(facts.store.empty());

    std::filesystem::remove_all(node / "run/systemd");
    node.add_program("dpkg-query", "");
    write_file(node / "etc/os-release", "ID=fedora\n");
    facts = parse_facts(node.run(script, kNonce).output, kNonce);
    CHECK(facts.values.at("os") == "fedora");
    CHECK(facts.values.at("openrc") == "true");
    CHECK(facts.values.at("dnf") == "true");
    std::filesystem::remove(node / "etc/os-release");
    facts = parse_facts(node.run(script, kNonce).output, kNonce);
    CHECK(facts.values.at("apt") == "true");
    CHECK(facts.values.at("dnf") == "false");
  }
}

TEST_CASE("facts: behind systemd-resolved's own address are the servers that pods can ask") {
  const std::string behind = "run/systemd/resolve/resolv.conf";
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    std::filesystem::create_directories(node / "run/systemd/resolve");
    write_file(node / "etc/resolv.conf", "nameserver 127.0.0.53\noptions edns0 trust-ad\n");
    auto ask = [&](const std::string& name) {
      return parse_facts(node.run(facts_script(kNonce), kNonce).output, kNonce).values.at(name);
    };
    // It knows of none.
    write_file(node / behind, "# No DNS servers known.\nsearch .\n");
    CHECK(ask("nameserver") == "false");
    CHECK(ask("resolv_conf") == "/etc/resolv.conf");
    write_file(node / behind, "nameserver 10.0.0.1\nsearch .\n");
    CHECK(ask("nameserver") == "true");
    CHECK(ask("resolv_conf") == "/run/systemd/resolve/resolv.conf");
    // What the node itself asks comes first.
    write_file(node / "etc/resolv.conf", "nameserver 10.0.0.2\n");
    CHECK(ask("resolv_conf") == "/etc/resolv.conf");
  }
}

TEST_CASE("facts: SELinux is what its own program says") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    auto ask = [&] {
      return parse_facts(node.run(facts_script(kNonce), kNonce).output, kNonce)
          .values.at("selinux");
    };
    node.add_program("selinuxenabled", "exit 1\n");
    CHECK(ask() == "false");
    node.add_program("selinuxenabled", "");
    CHECK(ask() == "true");
  }
}

TEST_CASE("facts: a script that is cut on its way says no end") {
  Sandbox node(Flavour::dash);
  auto script = facts_script(kNonce);
  for (std::size_t at = 0; at + 2 < script.size(); at += 97) {
    CAPTURE(at);
    CHECK_THROWS_AS(parse_facts(node.run(script.substr(0, at), kNonce).output, kNonce), Error);
  }
}

TEST_SUITE_END();
