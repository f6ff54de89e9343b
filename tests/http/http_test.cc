// Values: URLs, headers, secrets.
#include "provisioner/http/http.h"

#include <doctest/doctest.h>

using namespace muster;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

HttpResponse asks(const std::string& retry_after, const std::string& date = "") {
  HttpResponse response;
  response.headers = {{"retry-after", retry_after}};
  if (!date.empty()) response.headers["date"] = date;
  return response;
}

}  // namespace

TEST_CASE("http: Retry-After is seconds, or a date by the server's own clock") {
  CHECK(retry_after(HttpResponse(), 0) == std::nullopt);
  CHECK(retry_after(asks("7"), 0) == seconds(7));
  CHECK(retry_after(asks("0"), 0) == seconds(0));
  const auto noon = "Sun, 06 Nov 1994 12:00:00 GMT";
  CHECK(retry_after(asks(noon, "Sun, 06 Nov 1994 11:59:30 GMT"), 0) == seconds(30));
  CHECK(retry_after(asks(noon), std::int64_t{784123190} * 1000) == seconds(10));
  CHECK(retry_after(asks(noon, "Sun, 06 Nov 1994 12:00:30 GMT"), 0) == seconds(0));
  CHECK(retry_after(asks("soon"), 0) == std::nullopt);
  CHECK(retry_after(asks("-5"), 0) == std::nullopt);
  CHECK(retry_after(asks("99999999999999999999"), 0) == std::chrono::hours(24));
}

TEST_CASE("http: what is to be a part of a URL is encoded") {
  CHECK(percent_encoded("aZ09-._~") == "aZ09-._~");
  CHECK(percent_encoded("a b/c?d=e&f+\xC3\xA4") == "a%20b%2Fc%3Fd%3De%26f%2B%C3%A4");
}

TEST_CASE("http: the host of a URL") {
  CHECK(host_of("https://dl.k8s.io:8443/a/b") == "https://dl.k8s.io:8443");
  CHECK(host_of("http://[::1]") == "http://[::1]");
}

TEST_CASE("http: secrets of a request are crossed out of its URL, and of what is told of it") {
  HttpRequest request;
  request.url = "https://me:pass@cloud.example/x?a=1";
  request.secret_query = {{"sig", Secret("s/g n")}};
  request.secret_headers = {{"Authorization", Secret("Bearer abc.def")}, {"X-Empty", Secret("")}};
  CHECK(request.shown_url() == "https://***@cloud.example/x?a=1&sig=***");
  CHECK(request.without_secrets("no: Bearer abc.def, abc.def, s/g n and s%2Fg%20n at me:pass") ==
        "no: ***, ***, *** and *** at ***");
  request.url = "https://cloud.example/x";
  CHECK(request.shown_url() == "https://cloud.example/x?sig=***");
}

TEST_CASE("http: POST and PATCH are not repeated unless the request says so") {
  HttpRequest request;
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE"}) {
    request.method = method;
    CHECK(request.may_be_repeated());
  }
  for (const char* method : {"POST", "PATCH"}) {
    request.method = method;
    CHECK_FALSE(request.may_be_repeated());
  }
  request.repeatable = true;
  CHECK(request.may_be_repeated());
}

TEST_CASE("http: a problem is told in a few words") {
  HttpResult result;
  result.response.status = 204;
  CHECK(result.problem() == "");
  result.response.status = 404;
  CHECK(result.problem() == "the server answered 404");
  result.failure = HttpFailure::unreachable;
  result.reason = "Couldn't connect to server";
  result.detail = "Failed to connect to 10.0.0.1 port 443 after 3 ms";
  CHECK(result.problem() == "couldn't connect to server");
  result.reason = "SSL peer certificate or SSH remote key was not OK";
  CHECK(result.problem() == "SSL peer certificate or SSH remote key was not OK");
  result.failure = HttpFailure::broken;
  result.detail = "Recv failure: Connection reset by peer";
  CHECK(result.problem() == "recv failure: Connection reset by peer");
}
