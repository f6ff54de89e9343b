// When requests are made again: recorded exchanges, and a clock that pauses move.
#include "provisioner/http/client.h"

#include <doctest/doctest.h>

#include <atomic>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/log.h"
#include "tests/support/folder.h"
#include "tests/support/recorded_http.h"

using namespace muster;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const std::string kUrl = "https://cloud.example/servers";

/// A client of recorded servers, whose pauses take no time.
struct World {
  explicit World(std::vector<RecordedExchange> exchanges, HttpRules rules = {})
      : servers(std::make_shared<RecordedHttp>(std::move(exchanges))),
        client(std::move(rules), servers,
               {[this] { return now.load(); }, [] { return std::int64_t{0}; },
                [this](milliseconds time, const std::stop_token&) {
                  pauses.push_back(time);
                  now += time.count();
                  if (on_pause) on_pause();
                }}) {}

  HttpResult ask(const std::string& method = "GET", std::optional<bool> repeatable = {}) {
    HttpRequest request;
    request.method = method;
    request.url = kUrl;
    request.repeatable = repeatable;
    request.stop = stop.get_token();
    return client.call(request);
  }

  std::shared_ptr<RecordedHttp> servers;
  std::stop_source stop;
  std::atomic<std::int64_t> now = 0;
  std::vector<milliseconds> pauses;
  std::function<void()> on_pause;
  HttpClient client;
};

HttpResult busy(const std::string& retry_after = "") {
  if (retry_after.empty()) return answer(503);
  return answer(503, "", {{"retry-after", retry_after}});
}

std::vector<RecordedExchange> times(std::size_t count, const std::string& method,
                                    const HttpResult& result) {
  return std::vector<RecordedExchange>(count, {method + " " + kUrl, result});
}

}  // namespace

TEST_CASE("client: who is busy is asked again when he says, whatever the method") {
  for (const char* method : {"GET", "POST"}) {
    World world({{method + (" " + kUrl), busy("7")},
                 {method + (" " + kUrl), answer(429, "", {{"retry-after", "3"}})},
                 {method + (" " + kUrl), busy("Sun, 06 Nov 1994 12:00:00 GMT")},
                 {method + (" " + kUrl), answer(201, "made")}});
    CHECK(world.ask(method).response.body == "made");
    CHECK(world.servers->unmet() == "");
    // The last one asks for more than is waited.
    CHECK(world.pauses[0] == seconds(7));
    CHECK(world.pauses[1] == seconds(3));
    CHECK(world.pauses.back() == seconds(30));
  }
}

TEST_CASE("client: who says nothing is asked again ever later, and not for ever") {
  HttpRules rules;
  rules.retries.busy_for = seconds(10);
  rules.retries.first_pause = milliseconds(1000);
  rules.retries.longest_pause = milliseconds(4000);
  // The shortest pauses are half of the longest: at most 8 requests.
  World world(times(8, "GET", busy()), rules);
  const auto result = world.ask();
  CHECK(result.problem() == "the server answered 503");
  CHECK(world.now >= 10'000);
  CHECK(world.now < 14'000);
  CHECK(world.pauses[0] >= milliseconds(500));
  CHECK(world.pauses[0] <= milliseconds(1000));
  CHECK(world.pauses[2] >= milliseconds(2000));
  CHECK(world.pauses.back() <= milliseconds(4000));
}

TEST_CASE("client: what got no answer is made three times, if it may be") {
  const auto cut = no_answer(HttpFailure::broken, true);
  World get(times(3, "GET", cut));
  CHECK(get.ask().problem() == "no answer");
  CHECK(get.servers->unmet() == "");
  World post(times(1, "POST", cut));
  CHECK(post.ask("POST").sent);
  CHECK(post.servers->unmet() == "");
  World with_token(times(3, "POST", no_answer(HttpFailure::late, true)));
  with_token.ask("POST", true);
  CHECK(with_token.servers->unmet() == "");
  World never_sent(times(3, "POST", no_answer(HttpFailure::broken, false)));
  never_sent.ask("POST");
  CHECK(never_sent.servers->unmet() == "");
  World down(times(3, "POST", no_answer(HttpFailure::unreachable)));
  down.ask("POST");
  CHECK(down.servers->unmet() == "");
}

TEST_CASE("client: errors of the server count as no answer, where the rules say so") {
  World get(times(3, "GET", answer(502)));
  CHECK(get.ask().response.status == 502);
  CHECK(get.servers->unmet() == "");
  World post(times(1, "POST", answer(500)));
  post.ask("POST");
  CHECK(post.servers->unmet() == "");
  HttpRules rules;
  rules.retries.server_errors = false;
  World not_ours(times(1, "GET", answer(500)), rules);
  not_ours.ask();
  CHECK(not_ours.servers->unmet() == "");
}

TEST_CASE("client: another try does not help a 404, mistrust, or a request that is wrong") {
  for (const auto& result : {answer(404), no_answer(HttpFailure::mistrusted),
                             no_answer(HttpFailure::unusable), no_answer(HttpFailure::too_large)}) {
    World world(times(1, "GET", result));
    world.ask();
    CHECK(world.servers->unmet() == "");
    CHECK(world.pauses.empty());
  }
}

TEST_CASE("client: a stop ends a pause, and what is answered is told all the same") {
  World world(times(1, "GET", busy("7")));
  world.on_pause = [&] { world.stop.request_stop(); };
  CHECK_THROWS_WITH_AS(world.ask(), "interrupted", Error);
  World cut(times(1, "GET", no_answer(HttpFailure::interrupted, true)));
  CHECK_THROWS_WITH_AS(cut.ask(), "interrupted", Error);
  World stopped({});
  stopped.stop.request_stop();
  CHECK_THROWS_WITH_AS(stopped.ask(), "interrupted", Error);
  CHECK(stopped.servers->unmet() == "");
}

TEST_CASE("client: a rate holds for all requests of a host") {
  HttpRules rules;
  rules.limits.per_second = 4;
  World world(times(5, "GET", answer(200)), rules);
  for (int i = 0; i < 5; ++i) world.ask();
  CHECK(world.now == 1000);
  CHECK(world.pauses == std::vector<milliseconds>(4, milliseconds(250)));
}

TEST_CASE("client: who has had too much is left alone by all, and others are not") {
  World world({{"GET " + kUrl, answer(429, "", {{"retry-after", "20"}})},
               {"GET https://other.example/x", answer(200)},
               {"GET " + kUrl, answer(200, "second")},
               {"GET " + kUrl, answer(200, "first")}});
  int paused = 0;
  world.on_pause = [&] {
    if (++paused != 1) return;
    world.now = 0;  // others have the time that the first one waits
    HttpRequest other;
    other.url = "https://other.example/x";
    CHECK(world.client.call(other).good());
    CHECK(world.now == 0);
    CHECK(world.ask().response.body == "second");
    CHECK(world.now == 20'000);
  };
  CHECK(world.ask().response.body == "first");
  CHECK(world.servers->unmet() == "");
}

TEST_CASE("client: a host that cannot be reached is given up, where the rules say so") {
  HttpRules rules;
  rules.limits.give_up = true;
  World world({{"GET " + kUrl, no_answer(HttpFailure::unreachable)}}, rules);
  CHECK(world.ask().problem() == "no answer");
  CHECK(world.ask().problem() == "not tried: its host could not be reached before");
  CHECK(world.servers->unmet() == "");
}

TEST_CASE("client: no more requests are in flight to a host than may be") {
  /// Holds each request until there are three, and a bit longer.
  class Gate : public HttpTransport {
   public:
    HttpResult exchange(const HttpRequest&, const HttpWay&) override {
      most = std::max<int>(most, ++inside);
      for (int i = 0; i < 5000 && most < 3; ++i) pause_for(milliseconds(1));
      pause_for(milliseconds(20));
      --inside;
      return answer(200);
    }
    std::string certificate(const std::string&, const HttpWay&) override { return ""; }
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
  };
  auto gate = std::make_shared<Gate>();
  HttpRules rules;
  rules.limits.in_flight = 3;
  HttpClient client(rules, gate);
  std::atomic<int> good = 0;
  {
    Fibers fibers(1);
    for (std::size_t i = 0; i < 12; ++i) {
      fibers.start(i, [&] {
        HttpRequest request;
        request.url = kUrl;
        if (client.call(request).good()) ++good;
      });
    }
  }
  CHECK(good == 12);
  CHECK(gate->most == 3);
}

TEST_CASE("client: no secret is in the log, nor in what is told of a failure") {
  TestFolder folder;
  open_log(folder / "log", true);
  auto said = no_answer(HttpFailure::broken, true);
  said.detail = "it says: no such token sesame";
  World world({{"POST " + kUrl + "|key=open",
                said,
                "a body with sesame",
                {{"X-Auth-Token", "sesame"}, {"Accept", "text/plain"}}}});
  HttpRequest request;
  request.method = "POST";
  request.url = kUrl;
  request.body = "a body with sesame";
  request.headers = {{"Accept", "text/plain"}};
  request.secret_headers = {{"X-Auth-Token", Secret("sesame")}};
  request.secret_query = {{"key", Secret("open")}};
  CHECK(world.client.call(request).problem() == "it says: no such token ***");
  CHECK(world.servers->unmet() == "");
  const auto log = read_file(folder / "log");
  CHECK(log.find("http: POST " + kUrl + "?key=***: it says: no such token ***") !=
        std::string::npos);
  CHECK(log.find("sesame") == std::string::npos);
  CHECK(log.find("open") == std::string::npos);
}

TEST_CASE("recorded: what is not as recorded is told") {
  RecordedHttp servers({{"GET https://a.example/", answer(200)}});
  CHECK(servers.unmet() == "GET https://a.example/: not asked");
  HttpRequest request;
  request.url = "https://b.example/";
  CHECK_FALSE(servers.exchange(request, {}).answered());
  servers.exchange(request, {});
  CHECK(servers.unmet() ==
        "GET https://b.example/: not GET https://a.example/\n"
        "GET https://b.example/: nothing more is recorded\n");
}
