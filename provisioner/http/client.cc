#include "provisioner/http/client.h"

#include <algorithm>
#include <utility>

#include "provisioner/base/backoff.h"
#include "provisioner/base/error.h"
#include "provisioner/base/log.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

bool is_busy(const HttpResult& result) {
  return result.answered() && (result.response.status == 429 || result.response.status == 503);
}

bool is_unreached(const HttpResult& result) {
  return result.failure == HttpFailure::unreachable || result.failure == HttpFailure::mistrusted;
}

/// Whether it was done is to be known.
HttpRequest unstoppable(HttpRequest request) {
  request.stop = {};
  return request;
}

}  // namespace

struct HttpClient::Host {
  explicit Host(int in_flight) : room(in_flight) {}

  Turnstile room;
  std::int64_t next_ms = 0;  ///< when the next request may begin
  bool given_up = false;
};

HttpClient::HttpClient(HttpRules rules, std::shared_ptr<HttpTransport> transport, HttpTime time)
    : rules_(std::move(rules)), transport_(std::move(transport)), time_(std::move(time)) {}

HttpClient::~HttpClient() = default;

HttpClient::Host& HttpClient::host(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto& host = hosts_[name];
  if (!host) host = std::make_unique<Host>(rules_.limits.in_flight);
  return *host;
}

void HttpClient::wait_for_turn(Host& host, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::chrono::milliseconds wait{0};
    {
      std::lock_guard lock(mutex_);
      const auto now = time_.steady_ms();
      wait = std::chrono::milliseconds(host.next_ms - now);
      if (wait.count() <= 0) {
        const auto rate = rules_.limits.per_second;
        if (rate > 0) host.next_ms = now + static_cast<std::int64_t>(1000 / rate);
        return;
      }
    }
    time_.pause(wait, stop);
  }
}

HttpResult HttpClient::once(const HttpRequest& request) {
  auto& host = this->host(host_of(request.url));
  const auto room = host.room.enter("");
  wait_for_turn(host, request.stop);
  if (request.stop.stop_requested()) {
    HttpResult result;
    result.failure = HttpFailure::interrupted;
    return result;
  }
  {
    std::lock_guard lock(mutex_);
    if (host.given_up) {
      HttpResult result;
      result.failure = HttpFailure::unreachable;
      result.reason = result.detail = "not tried: its host could not be reached before";
      return result;
    }
  }
  const auto began = time_.steady_ms();
  auto result = request.may_be_repeated() ? transport_->exchange(request, rules_.way)
                                          : transport_->exchange(unstoppable(request), rules_.way);
  result.detail = request.without_secrets(result.detail);
  const auto ended = result.answered() ? std::to_string(result.response.status) : result.detail;
  log_debug("http: " + request.method + " " + request.shown_url() + ": " + ended + ", " +
            format_ms(time_.steady_ms() - began));
  if (rules_.limits.give_up && is_unreached(result)) {
    std::lock_guard lock(mutex_);
    host.given_up = true;
  }
  return result;
}

bool HttpClient::again(const HttpRequest& request, const HttpResult& result, int tries,
                       bool in_time) const {
  const auto& retries = rules_.retries;
  if (is_busy(result)) return in_time;
  switch (result.failure) {
    case HttpFailure::none:
      return retries.server_errors && result.response.status >= 500 && request.may_be_repeated() &&
             tries < retries.tries;
    case HttpFailure::unreachable:
      return tries < retries.tries && !rules_.limits.give_up;
    case HttpFailure::late:
    case HttpFailure::broken:
      return tries < retries.tries && (request.may_be_repeated() || !result.sent);
    default:
      return false;
  }
}

HttpResult HttpClient::call(const HttpRequest& request) {
  const auto& retries = rules_.retries;
  const auto until = time_.steady_ms() + retries.busy_for.count();
  Backoff backoff(retries.first_pause, retries.longest_pause);
  for (int tries = 1;; ++tries) {
    auto result = once(request);
    const bool more = again(request, result, tries, time_.steady_ms() < until);
    if (result.failure == HttpFailure::interrupted || (more && request.stop.stop_requested())) {
      throw Error("interrupted", ExitCode::interrupted);
    }
    if (!more) return result;
    const auto wanted = retry_after(result.response, time_.wall_ms());
    const auto pause =
        std::min(std::max(backoff.next(), wanted.value_or(std::chrono::milliseconds(0))),
                 retries.longest_pause);
    if (result.response.status == 429) {
      auto& host = this->host(host_of(request.url));
      std::lock_guard lock(mutex_);
      host.next_ms = std::max(host.next_ms, time_.steady_ms() + pause.count());
    }
    time_.pause(pause, request.stop);
  }
}

std::string HttpClient::certificate(const std::string& url) {
  return transport_->certificate(url, rules_.way);
}

}  // namespace muster
