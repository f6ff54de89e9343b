#include <doctest/doctest.h>

#include "inventory/hosts.h"

using namespace muster;

namespace {

HostsResult parse(const std::string& bmc, const std::string& more = "") {
  return parse_hosts("/site/hosts.yaml",
                     "hosts: [{name: a, address: 10.0.0.1, " + more + "bmc: {" + bmc + "}}]\n");
}

std::string bmc_mistakes(const std::string& bmc, const std::string& more = "") {
  return parse(bmc, more).diagnostics.render();
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string kRedfish = "kind: redfish, address: 10.0.9.1, user: u, password_file: pw";

}  // namespace

TEST_CASE("bmc: what is not said") {
  auto result = parse(kRedfish);
  CHECK(result.diagnostics.render() == "");
  REQUIRE(result.hosts.size() == 1);
  REQUIRE(result.hosts[0].bmc);
  const auto& bmc = *result.hosts[0].bmc;
  CHECK(bmc.kind == BmcEndpoint::Kind::redfish);
  CHECK(bmc.port == 443);
  CHECK(bmc.password_file == "/site/pw");
  CHECK(!bmc.insecure);
  CHECK(!bmc.wake);
  CHECK(!bmc.release_off);
  CHECK(parse("kind: ipmi, address: b.example, user: u, password_env: PW").hosts[0].bmc->port ==
        623);
}

TEST_CASE("bmc: all that can be said") {
  const auto ipmi = parse(
      "kind: ipmi, address: fd00::1, port: 6230, user: u, password_env: PW, cipher_suite: 3, "
      "boot_mode: uefi, wake: true, release: off");
  CHECK(ipmi.diagnostics.render() == "");
  const auto& bmc = *ipmi.hosts.at(0).bmc;
  CHECK(bmc.port == 6230);
  CHECK(bmc.password_env == "PW");
  CHECK(bmc.cipher_suite == 3);
  CHECK(bmc.boot_mode == BmcEndpoint::BootMode::uefi);
  CHECK(bmc.wake);
  CHECK(bmc.release_off);
  const auto redfish = parse(kRedfish + ", system: \"1\", ca_file: /ca.pem, boot_mode: bios");
  CHECK(redfish.diagnostics.render() == "");
  CHECK(redfish.hosts.at(0).bmc->system == "1");
  CHECK(redfish.hosts.at(0).bmc->ca_file == "/ca.pem");
}

TEST_CASE("bmc: a password in the file is refused, and not shown") {
  for (const char* password : {"sesame", "\"sesame\"", "'sesame'"}) {
    const auto said =
        bmc_mistakes("kind: ipmi, address: 10.0.9.1, user: u, password: " + std::string(password));
    CHECK(says(said, "a password does not belong into a hosts file"));
    CHECK(says(said, "password_file: bmc.password"));
    CHECK(!says(said, "sesame"));
  }
  // Nor when another mistake stands in its line.
  CHECK(!says(bmc_mistakes("kind: ipmi, adress: 10.0.9.1, user: u, password: sesame"), "sesame"));
  CHECK(!says(bmc_mistakes("kind: ipmi, address: 10.0.9.1, user: u, passwd: sesame"), "sesame"));
}

TEST_CASE("bmc: a password is not shown where the file cannot be read either") {
  const auto said = parse_hosts("hosts.yaml", "hosts: [{name: a, bmc: {password: sesame]}\n")
                        .diagnostics.render();
  CHECK(says(said, "hosts.yaml:1:"));
  CHECK(!says(said, "sesame"));
  CHECK(says(parse_hosts("hosts.yaml", "hosts: [{name: a, bmc: {password_file: pw]}\n")
                 .diagnostics.render(),
             "password_file: pw"));
}

TEST_CASE("bmc: mistakes") {
  CHECK(says(bmc_mistakes("address: 10.0.9.1"), "the 'kind' of a BMC is redfish or ipmi"));
  CHECK(says(bmc_mistakes("kind: ilo"), "redfish or ipmi, not 'ilo'"));
  CHECK(says(bmc_mistakes("kind: ipmi, address: 10.0.9.1, user: u"), "one of 'password_file' and"));
  CHECK(says(bmc_mistakes(kRedfish + ", password_env: PW"), "one of 'password_file' and"));
  CHECK(says(bmc_mistakes("kind: ipmi, user: u, password_env: PW"), "a BMC needs an 'address'"));
  CHECK(
      says(bmc_mistakes(kRedfish + ", cipher_suite: 3"), "of kind redfish has no 'cipher_suite'"));
  CHECK(says(bmc_mistakes(kRedfish + ", fingerprint: AB:CD"), "is no fingerprint"));
  CHECK(says(bmc_mistakes(kRedfish + ", insecure: true, ca_file: ca.pem"),
             "has one of 'fingerprint'"));
  CHECK(says(bmc_mistakes(kRedfish + ", release: reboot"), "'release' is off, not 'reboot'"));
  CHECK(says(bmc_mistakes(kRedfish + ", port: 70000"), "outside 1 to 65535"));
  CHECK(says(bmc_mistakes(kRedfish + ", wake: true", "bastion: root@gate, "),
             "'wake' does not go with 'bastion'"));
}
