#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>

#include "inventory/bmc_endpoint.h"
#include "provisioner/http/client.h"

namespace muster {

/// A login at a Redfish service, which is told when it is over: BMCs have room for few. Where the
/// service has no sessions, each request carries the password instead. Only this BMC is asked: no
/// redirection is followed, no proxy used. For one thread.
class RedfishSession {
 public:
  RedfishSession(const BmcEndpoint& endpoint, const std::stop_token& stop,
                 std::shared_ptr<HttpTransport> transport = curl_transport());
  ~RedfishSession();
  RedfishSession(const RedfishSession&) = delete;
  RedfishSession& operator=(const RedfishSession&) = delete;

  /// What is at this path. Throws Error when it is not JSON, or the service refuses.
  nlohmann::json get(const std::string& path);
  /// The same with the entity tag that it has now; empty when it has none.
  nlohmann::json get(const std::string& path, std::string& etag);
  /// The answer, also when it is a refusal; `text` is JSON.
  HttpResponse send(const std::string& method, const std::string& path, std::string text,
                    const std::string& etag = "");
  /// Throws what the service said, unless it is good. `doing`: "switching it on".
  void require(const HttpResponse& answer, const std::string& doing) const;
  /// Waits for the task that an answer with status 202 began, when it names one.
  void finish(const HttpResponse& answer, const std::string& doing);

  /// Where the systems are.
  const std::string& systems() const { return systems_; }

 private:
  void log_in(const std::string& sessions, const Secret& password);
  HttpRequest request(const std::string& method, const std::string& path) const;
  /// Whatever the status is; throws Error when there is none, or the certificate is not as it
  /// should be.
  HttpResponse ask(const HttpRequest& request);
  [[noreturn]] void give_up(const HttpResult& result);

  BmcEndpoint endpoint_;
  std::stop_token stop_;
  HttpClient http_;
  std::string systems_;
  std::string own_;  ///< the path of the session; empty: there is none to end
  Secret token_;
  Secret password_;  ///< when there are no sessions
};

/// The path of a URL or of a path, "" when it is neither.
std::string path_in(const std::string& location);

/// What an error answer says, its resolution behind: "The request ... (Try again later.)".
std::string redfish_message(const std::string& body);

}  // namespace muster
