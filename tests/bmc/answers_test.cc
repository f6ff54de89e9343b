// What BMCs say, and what becomes of it.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/bmc/ipmi.h"
#include "provisioner/bmc/password.h"
#include "provisioner/bmc/redfish_session.h"
#include "tests/support/folder.h"

using namespace muster;

namespace {

std::string error_of(const BmcEndpoint& endpoint) {
  try {
    password_of(endpoint);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("redfish: an error's messages are told with what to do") {
  CHECK(
      redfish_message(R"({"error": {"code": "Base.1.8.GeneralError", "message": "A general error.",
    "@Message.ExtendedInfo": [
      {"Message": "There are too many sessions.", "Resolution": "End one."},
      {"Message": "Nothing else.", "Resolution": "None"}]}})") ==
      "There are too many sessions. (End one.); Nothing else.");
  CHECK(redfish_message(R"({"error": {"message": "A general error."}})") == "A general error.");
}

TEST_CASE("redfish: an error that is none says nothing") {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"error": "x"})",
                           R"({"error": {"@Message.ExtendedInfo": {"Message": 1}}})"}) {
    CHECK(redfish_message(body) == "");
  }
}

TEST_CASE("redfish: paths are taken from URLs, and nothing is sent elsewhere") {
  CHECK(path_in("/redfish/v1/Systems/1") == "/redfish/v1/Systems/1");
  CHECK(path_in("https://bmc.example:8443/redfish/v1/x?y=1") == "/redfish/v1/x?y=1");
  CHECK(path_in("//evil.example/x") == "");
  CHECK(path_in("Systems/1") == "");
  CHECK(path_in("https://bmc.example") == "");
  CHECK(path_in("") == "");
}

TEST_CASE("ipmi: what ipmitool says is told in words") {
  const std::string end = "Error: Unable to establish IPMI v2 / RMCP+ session\n";
  CHECK(ipmi_problem("Loading IANA PEN Registry...\n> RAKP 2 HMAC is invalid\n" + end) ==
        "it refuses the password");
  CHECK(ipmi_problem("RAKP 2 message indicates an error : unauthorized name\n" + end) ==
        "it does not know the user");
  CHECK(ipmi_problem("Loading IANA PEN Registry...\n" + end) == "it does not answer");
  CHECK(ipmi_problem("Get Auth Capabilities error\nError issuing Get Channel Authentication "
                     "Capabilities request\n" +
                     end) == "it does not answer");
  CHECK(ipmi_problem("") == "it does not answer");
  CHECK(ipmi_problem("Set Chassis Power Control to Cycle failed: Node busy\n") ==
        "Set Chassis Power Control to Cycle failed: Node busy");
}

TEST_CASE("bmc: a password comes from a file, without its last line end") {
  TestFolder folder;
  BmcEndpoint endpoint;
  endpoint.address = "10.0.9.1";
  endpoint.password_file = folder / "password";
  write_file(folder / "password", "two words \r\n", 0600);
  CHECK(password_of(endpoint).reveal() == "two words ");
  write_file(folder / "password", "\n", 0600);
  CHECK(error_of(endpoint).starts_with("there is no password for the BMC 10.0.9.1 in the file"));
  write_file(folder / "password", "sesame", 0604);
  CHECK(error_of(endpoint).find("is open to everybody on this machine") != std::string::npos);
  CHECK(error_of(endpoint).find("sesame") == std::string::npos);
}

TEST_CASE("bmc: a password comes from the environment") {
  BmcEndpoint endpoint;
  endpoint.address = "10.0.9.1";
  endpoint.password_env = "MUSTER_TEST_BMC_PASSWORD";
  ::unsetenv("MUSTER_TEST_BMC_PASSWORD");
  CHECK(error_of(endpoint).starts_with(
      "there is no password for the BMC 10.0.9.1 in the variable 'MUSTER_TEST_BMC_PASSWORD'"));
  ::setenv("MUSTER_TEST_BMC_PASSWORD", "sesame", 1);
  CHECK(password_of(endpoint).reveal() == "sesame");
  ::unsetenv("MUSTER_TEST_BMC_PASSWORD");
}
