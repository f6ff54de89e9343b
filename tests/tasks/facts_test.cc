#include "provisioner/tasks/facts.h"

#include <doctest/doctest.h>

#include <map>

#include "provisioner/base/error.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "tests/tasks/sandbox.h"

using namespace muster;
using namespace muster::testing;

namespace {

const std::string kNonce = "0123456789abcdef";

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
       " arch=amd64'\n  see whether its shell runs scripts: ssh to it and run 'echo true | sh'")
          .c_str(),
      Error);
  CHECK_THROWS_AS(parse_facts("", kNonce), Error);
}

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("facts: the script says on real shells what the node is") {
  auto script = facts_script(kNonce);
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    write_file(node / "etc/os-release", "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.19.1\n");
    write_file(node / "etc/resolv.conf", "nameserver 127.0.0.53\nnameserver 10.0.0.1\n");
    write_file(node / "opt/muster/store" / std::string(64, 'f'), "");
    write_file(node / "opt/muster/store/half", "");
    std::filesystem::create_directories(node / "proc/sys/kernel");
    write_file(node / "proc/sys/kernel/osrelease", "5.10.0-9\n");
    auto before = node.snapshot();
    auto ran = node.run(script, kNonce);
    CHECK(ran.error_output == "");
    CHECK(ran.exit_code == 0);
    auto facts = parse_facts(ran.output, kNonce);
    CHECK(facts.values.at("os") == "alpine");
    CHECK(facts.values.at("os_version") == "3.19.1");
    CHECK(facts.values.at("kernel") == "5.10.0-9");
    CHECK(facts.values.at("arch") == trim(run_or_throw({"dpkg", "--print-architecture"})));
    CHECK(std::stoi(facts.values.at("cpus")) > 0);
    CHECK(std::stoi(facts.values.at("memory_mb")) > 100);
    CHECK(facts.values.at("container") == "false");
    CHECK(facts.values.at("cgroup") == "v1");
    CHECK(facts.values.at("nameserver") == "true");
    CHECK(facts.values.at("systemd") == "false");
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
    ran = node.run(script, kNonce);
    CHECK(ran.error_output == "");
    facts = parse_facts(ran.output, kNonce);
    CHECK(facts.values.at("os") == "linux");
    CHECK(facts.values.at("os_version") == "");
    CHECK(facts.values.at("container") == "true");
    CHECK(facts.values.at("nameserver") == "false");
    CHECK(facts.values.at("systemd") == "true");
    CHECK(facts.store.empty());
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
