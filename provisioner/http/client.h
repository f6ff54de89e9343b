#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "provisioner/base/clock.h"
#include "provisioner/base/fibers.h"
#include "provisioner/http/http.h"

namespace muster {

/// Which requests are made again, and when.
struct HttpRetries {
  /// 429 and 503: it has not done it, and says when to come back. Any request is made again, but
  /// none that begins later than this after the first.
  std::chrono::milliseconds busy_for{90'000};
  int tries = 3;              ///< of what may be repeated, or was not sent, and got no response
  bool server_errors = true;  ///< other statuses from 500 on count as no response
  std::chrono::milliseconds first_pause{500};
  std::chrono::milliseconds longest_pause{30'000};  ///< also where the server asks for more
};

/// What all requests of one client to one host share.
struct HttpLimits {
  int in_flight = 8;
  double per_second = 0;  ///< begun; 0: as many as there are
  bool give_up = false;   ///< a host that could not be reached is not tried again
};

struct HttpRules {
  HttpWay way = {};
  HttpRetries retries = {};
  HttpLimits limits = {};
};

/// The time, as a seam: tests move it themselves.
struct HttpTime {
  std::function<std::int64_t()> steady_ms = [] { return RealClock().steady_ms(); };
  std::function<std::int64_t()> wall_ms = [] { return RealClock().wall_ms(); };
  std::function<void(std::chrono::milliseconds, const std::stop_token&)> pause = pause_for;
};

/// Asks servers by rules. Several threads and fibers may use it at once; in a fiber it gives way.
class HttpClient {
 public:
  explicit HttpClient(HttpRules rules = {},
                      std::shared_ptr<HttpTransport> transport = curl_transport(),
                      HttpTime time = {});
  ~HttpClient();

  /// What came of the last try; when busy or silent servers are asked again is the rules' affair. A
  /// server that asks to be left alone (429) is not asked anything by this client meanwhile.
  /// Throws only Error (interrupted), when the request's stop comes before a response.
  HttpResult call(const HttpRequest& request);

  /// One try, whatever comes of it.
  HttpResult once(const HttpRequest& request);

  /// The certificate (PEM) that a server shows to whomever; empty when there is none.
  std::string certificate(const std::string& url);

 private:
  struct Host;

  Host& host(const std::string& name);
  void wait_for_turn(Host& host, const std::stop_token& stop);
  bool again(const HttpRequest& request, const HttpResult& result, int tries, bool in_time) const;

  HttpRules rules_;
  std::shared_ptr<HttpTransport> transport_;
  HttpTime time_;
  std::mutex mutex_;  ///< guards hosts_ and what is in them
  std::map<std::string, std::unique_ptr<Host>> hosts_;
};

}  // namespace muster
