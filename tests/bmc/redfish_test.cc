// What is said to a Redfish service, by recorded exchanges.
#include <doctest/doctest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "provisioner/bmc/redfish_session.h"
#include "tests/support/recorded_http.h"
#include "tests/support/said.h"

using namespace muster;

namespace {

const std::string kHost = "https://[fe80::1%25eth0]:8443";
const std::string kLogin = R"({"Password":"sesame","UserName":"admin"})";

BmcEndpoint endpoint() {
  ::setenv("MUSTER_TEST_BMC_PASSWORD", "sesame", 1);
  BmcEndpoint endpoint;
  endpoint.address = "fe80::1%eth0";
  endpoint.port = 8443;
  endpoint.user = "admin";
  endpoint.password_env = "MUSTER_TEST_BMC_PASSWORD";
  return endpoint;
}

RecordedExchange root(const std::string& links) {
  return {"GET " + kHost + "/redfish/v1/",
          answer(200, R"({"Systems": {"@odata.id": "/redfish/v1/Systems"})" + links + "}")};
}

std::vector<RecordedExchange> with_login(std::vector<RecordedExchange> more) {
  std::vector<RecordedExchange> all{
      root(R"(, "Links": {"Sessions": {"@odata.id": "/redfish/v1/Sessions"}})"),
      {"POST " + kHost + "/redfish/v1/Sessions",
       answer(201, "",
              {{"x-auth-token", "t0k3n"}, {"location", "https://x/redfish/v1/Sessions/7"}}),
       kLogin,
       {{"Content-Type", "application/json"}}}};
  all.insert(all.end(), more.begin(), more.end());
  all.push_back(
      {"DELETE " + kHost + "/redfish/v1/Sessions/7", answer(204), "", {{"X-Auth-Token", "t0k3n"}}});
  return all;
}

}  // namespace

TEST_CASE("redfish: an order that was not answered is not given twice, and the session is ended") {
  auto service = std::make_shared<RecordedHttp>(
      with_login({{"POST " + kHost + "/reset", no_answer(HttpFailure::broken, true), "{}"}}));
  const auto said = error_of([&] {
    RedfishSession session(endpoint(), {}, service);
    session.send("POST", "/reset", "{}");
  });
  CHECK(said.starts_with("BMC fe80::1%eth0 (redfish) does not answer: No answer\n"));
  CHECK(service->unmet() == "");
}

TEST_CASE("redfish: a question that was not answered is asked again, an order with its tag once") {
  auto service = std::make_shared<RecordedHttp>(
      with_login({{"GET " + kHost + "/x", no_answer(HttpFailure::late, true)},
                  {"GET " + kHost + "/x",
                   answer(200, "{}", {{"etag", "W/1"}}),
                   "",
                   {{"X-Auth-Token", "t0k3n"}}},
                  {"PATCH " + kHost + "/x", answer(500), "{}", {{"If-Match", "W/1"}}}}));
  {
    RedfishSession session(endpoint(), {}, service);
    std::string etag;
    session.get("/x", etag);
    CHECK(session.send("PATCH", "/x", "{}", etag).status == 500);
  }
  CHECK(service->unmet() == "");
}

TEST_CASE("redfish: without sessions each request carries the password") {
  auto service = std::make_shared<RecordedHttp>(
      std::vector<RecordedExchange>{root(""),
                                    {"GET " + kHost + "/x",
                                     answer(200, "{}"),
                                     "",
                                     {{"Authorization", "Basic YWRtaW46c2VzYW1l"}}}});
  RedfishSession(endpoint(), {}, service).get("/x");
  CHECK(service->unmet() == "");
}

TEST_CASE("redfish: who is not trusted is told nothing, and what it shows is said") {
  auto service = std::make_shared<RecordedHttp>(std::vector<RecordedExchange>{
      {"GET " + kHost + "/redfish/v1/", no_answer(HttpFailure::mistrusted)}});
  CHECK(error_of([&] {
          RedfishSession(endpoint(), {}, service);
        }).starts_with("BMC fe80::1%eth0 (redfish) shows a certificate that is not trusted: "));
  CHECK(service->unmet() == "");
  auto pinned = endpoint();
  pinned.fingerprint = "SHA256:x";
  service = std::make_shared<RecordedHttp>(std::vector<RecordedExchange>{
      {"GET " + kHost + "/redfish/v1/", no_answer(HttpFailure::mistrusted)}});
  CHECK(error_of([&] {
          RedfishSession(pinned, {}, service);
        }).starts_with("BMC fe80::1%eth0 (redfish) shows another key than it should: "));
}
