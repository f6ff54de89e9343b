#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "provisioner/http/http.h"

namespace muster {

/// What is to be asked, and what is answered.
struct RecordedExchange {
  std::string request;  ///< "POST https://cloud.example/servers", secrets of the query included
  HttpResult result = {};
  std::string body = {};                            ///< that the request must have
  std::map<std::string, std::string> headers = {};  ///< that it must have, secret ones too
};

inline HttpResult answer(long status, std::string body = "",
                         std::map<std::string, std::string> headers = {}) {
  HttpResult result;
  result.response = {status, std::move(headers), std::move(body)};
  result.sent = true;
  return result;
}

inline HttpResult no_answer(HttpFailure failure, bool sent = false) {
  HttpResult result;
  result.failure = failure;
  result.reason = result.detail = "No answer";
  result.sent = sent;
  return result;
}

/// A world of servers that go through a list of exchanges, in its order. Anything else gets no
/// answer, and is remembered.
class RecordedHttp : public HttpTransport {
 public:
  explicit RecordedHttp(std::vector<RecordedExchange> exchanges)
      : exchanges_(std::move(exchanges)) {}

  HttpResult exchange(const HttpRequest& request, const HttpWay&) override {
    std::lock_guard lock(mutex_);
    auto url = request.url;
    for (const auto& [name, value] : request.secret_query) url += "|" + name + "=" + value.reveal();
    const auto asked = request.method + " " + url;
    if (next_ == exchanges_.size()) return refuse(asked + ": nothing more is recorded");
    const auto& expected = exchanges_[next_++];
    if (asked != expected.request) return refuse(asked + ": not " + expected.request);
    if (request.body != expected.body) return refuse(asked + ": the body is " + request.body);
    auto headers = request.headers;
    for (const auto& [name, value] : request.secret_headers) headers[name] = value.reveal();
    for (const auto& [name, value] : expected.headers) {
      if (headers[name] != value) return refuse(asked + ": " + name + " is " + headers[name]);
    }
    return expected.result;
  }

  std::string certificate(const std::string&, const HttpWay&) override { return shown; }

  /// What was not as recorded; empty when all was.
  std::string unmet() const {
    std::lock_guard lock(mutex_);
    if (!unmet_.empty() || next_ == exchanges_.size()) return unmet_;
    return exchanges_[next_].request + ": not asked";
  }

  std::string shown;  ///< the certificate

 private:
  HttpResult refuse(const std::string& why) {
    unmet_ += why + "\n";
    return no_answer(HttpFailure::unusable);
  }

  mutable std::mutex mutex_;  ///< guards what is below
  std::vector<RecordedExchange> exchanges_;
  std::size_t next_ = 0;
  std::string unmet_;
};

}  // namespace muster
