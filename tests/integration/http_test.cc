// What http.sh has started is asked here, by libcurl.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "provisioner/base/descriptor.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/http/client.h"
#include "provisioner/pki/fingerprint.h"
#include "tests/support/folder.h"
#include "tests/support/listener.h"

using namespace muster;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const std::string kFolder = std::getenv("HTTP_TEST");
const auto kBrokenPipe = ::signal(SIGPIPE, SIG_IGN);  // as main does

std::string port_of(const std::string& server) {
  return trim(read_file(kFolder + "/" + server + "/port"));
}

std::string plain(const std::string& path) { return "http://127.0.0.1:" + port_of("plain") + path; }

std::string tls(const std::string& path, const std::string& server = "tls") {
  return "https://127.0.0.1:" + port_of(server) + path;
}

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

HttpRequest post(const std::string& url) {
  auto request = get(url);
  request.method = "POST";
  return request;
}

HttpResult once(const HttpRequest& request, const HttpWay& way = {}) {
  HttpRules rules;
  rules.way = way;
  return HttpClient(rules).once(request);
}

/// How often a server was asked this.
int asked(const std::string& server, const std::string& line) {
  int count = 0;
  for (const auto& known :
       split(read_if_there(kFolder + "/" + server + "/log").value_or(""), '\n')) {
    if (known == line) ++count;
  }
  return count;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

HttpWay trusting() {
  HttpWay way;
  way.ca_file = kFolder + "/ca.pem";
  return way;
}

}  // namespace

TEST_CASE("http: method, path, headers and body arrive as they are, and the answer comes back") {
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    CAPTURE(method);
    auto request = get(plain("/echo?x=1"));
    request.method = method;
    request.headers = {{"X-One", "1"}};
    request.secret_headers = {{"Authorization", Secret("Bearer sesame")}};
    request.secret_query = {{"sig", Secret("a/b c")}};
    if (request.method != "GET") request.body = "{}";
    const auto result = once(request);
    REQUIRE(result.good());
    const auto& told = result.response.body;
    CHECK(has(told, "\"method\": \"" + std::string(method) + "\""));
    CHECK(has(told, "\"path\": \"/echo?x=1&sig=a%2Fb%20c\""));
    CHECK(has(told, "\"x-one\": \"1\""));
    CHECK(has(told, "\"authorization\": \"Bearer sesame\""));
    CHECK(has(told, "\"body\": \"" + request.body + "\""));
    CHECK_FALSE(has(told, "content-type"));
    CHECK_FALSE(has(told, "expect"));
    CHECK(result.response.header("x-two") == "a, b");
  }
  auto head = get(plain("/echo"));
  head.method = "HEAD";
  CHECK(once(head).good());
  CHECK(once(head).response.body == "");
}

TEST_CASE("http: whatever the status is, it is an answer with its body") {
  const auto result = once(get(plain("/status/418?Retry-After=5")));
  CHECK(result.answered());
  CHECK(result.response.status == 418);
  CHECK(result.response.body == "because");
  CHECK(result.response.header("retry-after") == "5");
  CHECK(result.problem() == "the server answered 418");
}

TEST_CASE("http: an answer beyond the limit is none") {
  auto request = get(plain("/zeros/100001"));
  request.body_limit = 100'000;
  const auto result = once(request);
  CHECK(result.failure == HttpFailure::too_large);
  CHECK(result.problem() == "its answer has more than 100000 bytes");
  request.url = plain("/zeros/100000");
  CHECK(once(request).response.body.size() == 100'000);
}

TEST_CASE("http: who does not answer in time, or hardly, is late, and may have done it") {
  auto request = post(plain("/silent?late"));
  request.deadline = seconds(1);
  auto result = once(request);
  CHECK(result.failure == HttpFailure::late);
  CHECK(result.sent);
  while (asked("plain", "POST /silent?late") == 0) pause_for(milliseconds(10));
  CHECK(asked("plain", "POST /silent?late") == 1);
  HttpWay way;
  way.stall = seconds(1);
  result = once(get(plain("/drip")), way);
  CHECK(result.failure == HttpFailure::late);
}

TEST_CASE("http: answers that break off, or are none, are told apart from nobody being there") {
  for (const char* path : {"/reset", "/half", "/swallow"}) {
    CAPTURE(path);
    const auto result = once(get(plain(path)));
    CHECK(result.failure == HttpFailure::broken);
    CHECK(result.sent);
  }
  CHECK_FALSE(once(get(plain("/garbage"))).answered());
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto port = std::to_string(listen_on_loopback(listener.fd()));
  HttpWay way;
  way.connect = milliseconds(300);
  // It listens, and says nothing.
  auto result = once(get("https://127.0.0.1:" + port + "/"), way);
  CHECK(result.failure == HttpFailure::unreachable);
  CHECK_FALSE(result.sent);
  ::close(listener.release());
  result = once(get("http://127.0.0.1:" + port + "/"));
  CHECK(result.failure == HttpFailure::unreachable);
  CHECK_FALSE(result.sent);
  CHECK(result.problem() == "couldn't connect to server");
  CHECK(has(result.detail, "port " + port));
}

TEST_CASE("http: a request that is none is not sent") {
  for (const char* url :
       {"ftp://127.0.0.1/x", "file:///etc/passwd", "http://127.0.0.1:1/a b", ""}) {
    CAPTURE(url);
    CHECK(once(get(url)).failure == HttpFailure::unusable);
  }
  auto request = get(plain("/echo?two"));
  request.secret_headers = {{"X-Token", Secret("sesame\r\nX-Other: 1")}};
  const auto result = once(request);
  CHECK(result.failure == HttpFailure::unusable);
  CHECK(result.problem() == "a header has a line end in it");
  CHECK(asked("plain", "GET /echo?two") == 0);
}

TEST_CASE("http: redirects are followed where they may be, and never with secrets") {
  auto request = get(plain("/redirect?to=/echo"));
  CHECK(once(request).response.status == 302);
  CHECK(once(request).response.header("location") == "/echo");
  HttpWay way;
  way.redirects = 2;
  const auto result = once(request, way);
  CHECK(has(result.response.body, "\"path\": \"/echo\""));
  CHECK(result.response.header("x-on-the-way") == "");
  request.secret_headers = {{"X-Token", Secret("sesame")}};
  CHECK(once(request, way).response.status == 302);
  CHECK(once(post(plain("/redirect?to=/echo")), way).response.status == 302);
  const auto around =
      percent_encoded(plain("/redirect?to=" + percent_encoded("/redirect?to=/echo")));
  CHECK(once(get(plain("/redirect?to=" + around)), way).failure == HttpFailure::unusable);
  way.ca_file = kFolder + "/ca.pem";
  CHECK(once(get(tls("/redirect?to=/echo")), way).good());
  CHECK(once(get(tls("/redirect?to=" + percent_encoded(plain("/echo?down")))), way).failure ==
        HttpFailure::unusable);
  CHECK(asked("plain", "GET /echo?down") == 0);
}

TEST_CASE("http: who is busy is asked again, and a file goes on where it broke off") {
  HttpRules rules;
  rules.retries.first_pause = milliseconds(10);
  HttpClient client(rules);
  CHECK(client.call(post(plain("/flaky/2/echo"))).good());
  CHECK(asked("plain", "POST /flaky/2/echo") == 3);

  TestFolder folder;
  auto request = get(plain("/cut/4/0123456789"));
  request.file = folder / "file";
  CHECK(client.call(request).good());
  CHECK(read_file(request.file) == "0123456789");
  CHECK(asked("plain", "GET /cut/4/0123456789") == 2);
  // All of it is there: it cannot be gone on with, so it comes anew.
  CHECK(client.call(request).good());
  CHECK(read_file(request.file) == "0123456789");
  write_file(request.file, "01234");
  for (const std::string path : {"/status/404", "/status/503", "/status/500"}) {
    CAPTURE(path);
    request.url = plain(path);
    CHECK(client.once(request).response.status == std::stoi(path.substr(8)));
    CHECK(read_file(request.file) == "01234");
  }
  request.file = folder / "none/file";
  CHECK(client.call(request).problem() == "no such file or directory");
}

TEST_CASE("http: fibers of one thread wait beside each other") {
  constexpr int kAtOnce = 40;
  HttpRules rules;
  rules.limits.in_flight = kAtOnce;
  HttpClient client(rules);
  std::atomic<int> good = 0;
  {
    Fibers fibers(1);
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      fibers.start(i, [&] {
        if (client.call(get(plain("/together/" + std::to_string(kAtOnce)))).good()) ++good;
      });
    }
  }
  CHECK(good == kAtOnce);
}

TEST_CASE("http: fibers shake hands, and share connections when these are free") {
  HttpRules rules;
  rules.way = trusting();
  rules.limits.in_flight = 4;
  HttpClient client(rules);
  std::atomic<int> good = 0;
  {
    Fibers fibers(2);
    for (std::size_t i = 0; i < 60; ++i) {
      fibers.start(i, [&] {
        auto request = get(tls("/zeros/300000"));
        if (client.call(request).response.body.size() == 300'000) ++good;
      });
    }
  }
  CHECK(good == 60);
}

TEST_CASE("http: a connection is used again, but not for what must not be said twice") {
  HttpRules rules;
  rules.way = trusting();
  HttpClient client(rules);
  auto from = [&](const HttpRequest& request) {
    const auto told = client.once(request).response.body;
    return told.substr(told.find("\"from\""));
  };
  const auto first = from(get(tls("/echo")));
  CHECK(from(get(tls("/echo"))) == first);
  CHECK(from(post(tls("/echo"))) != first);
  CHECK(client.once(post(tls("/swallow?once"))).failure == HttpFailure::broken);
  CHECK(asked("tls", "POST /swallow?once") == 1);
}

TEST_CASE("http: a stop ends what is being waited for, unless it must be known what came of it") {
  for (bool in_fiber : {false, true}) {
    CAPTURE(in_fiber);
    std::stop_source stop;
    auto request = get(plain(in_fiber ? "/silent?fiber" : "/silent?thread"));
    request.stop = stop.get_token();
    request.deadline = milliseconds(0);
    std::string said;
    auto ask = [&] {
      try {
        HttpClient().call(request);
      } catch (const Error& error) {
        said = error.what();
      }
    };
    {
      Fibers fibers(1);
      std::jthread thread;
      if (in_fiber) fibers.start(0, ask);
      if (!in_fiber) thread = std::jthread(ask);
      while (asked("plain", "GET " + request.url.substr(request.url.find("/silent"))) == 0) {
        pause_for(milliseconds(10));
      }
      stop.request_stop();
    }
    CHECK(said == "interrupted");
  }
  std::stop_source stop;
  auto request = post(plain("/silent?post"));
  request.stop = stop.get_token();
  request.deadline = seconds(2);
  std::jthread stopper([&] {
    while (asked("plain", "POST /silent?post") == 0) pause_for(milliseconds(10));
    stop.request_stop();
  });
  CHECK(HttpClient().call(request).failure == HttpFailure::late);
}

TEST_CASE("http: a server proves who it is before it is told anything") {
  auto request = get(tls("/echo?mistrusted"));
  auto result = once(request);
  CHECK(result.failure == HttpFailure::mistrusted);
  HttpWay way;
  way.pinned_key = "SHA256:" + std::string(42, 'A') + "E";
  CHECK(once(request, way).failure == HttpFailure::mistrusted);
  CHECK(asked("tls", "GET /echo?mistrusted") == 0);
  CHECK(once(get(tls("/echo")), trusting()).good());
  const auto shown = HttpClient().certificate(tls("/"));
  way.pinned_key = public_key_fingerprint(shown);
  CHECK(way.pinned_key == public_key_fingerprint(read_file(kFolder + "/server.pem")));
  CHECK(once(get(tls("/echo")), way).good());
  HttpWay careless;
  careless.insecure = true;
  CHECK(once(get(tls("/echo")), careless).good());
  // A name that the certificate has not got.
  auto other = tls("/echo");
  other.replace(other.find("127.0.0.1"), 9, "localhost");
  CHECK(once(get(other), trusting()).failure == HttpFailure::mistrusted);
  CHECK(HttpClient().certificate(plain("/")) == "");
}

TEST_CASE("http: this side shows a certificate of its own") {
  auto way = trusting();
  CHECK_FALSE(once(get(tls("/echo", "mutual")), way).answered());
  way.client_certificate = kFolder + "/client.pem";
  way.client_key = kFolder + "/client.key";
  CHECK(once(get(tls("/echo", "mutual")), way).good());
}

TEST_CASE("http: a server may listen on a socket of its machine") {
  HttpWay way;
  way.unix_socket = kFolder + "/socket/socket";
  CHECK(has(once(get("http://anything/echo"), way).response.body, "\"host\": \"anything\""));
}

TEST_CASE("http: proxies are used as the environment says, or as is said here") {
  const auto proxy = "127.0.0.1:" + port_of("proxy");
  ::setenv("http_proxy", ("http://me:open-sesame@" + proxy).c_str(), 1);
  CHECK(has(once(get(plain("/echo"))).response.body, "tinyproxy"));
  ::setenv("no_proxy", "127.0.0.1", 1);
  CHECK_FALSE(has(once(get(plain("/echo"))).response.body, "tinyproxy"));
  ::unsetenv("no_proxy");
  HttpWay way;
  way.proxy = "";
  CHECK_FALSE(has(once(get(plain("/echo")), way).response.body, "tinyproxy"));
  ::unsetenv("http_proxy");
  way.proxy = "http://" + proxy;
  way.ca_file = kFolder + "/ca.pem";
  CHECK(once(get(plain("/echo")), way).response.status == 407);
  auto result = once(get(tls("/echo?proxy")), way);
  CHECK_FALSE(result.answered());
  CHECK_FALSE(result.sent);
  way.proxy_login = Secret("me:open-sesame");
  CHECK(has(once(get(plain("/echo")), way).response.body, "tinyproxy"));
  CHECK(once(get(tls("/echo?proxy")), way).good());
  CHECK(asked("tls", "GET /echo?proxy") == 1);
  CHECK(has(read_file(kFolder + "/proxy/log"), "CONNECT 127.0.0.1:" + port_of("tls")));
}
