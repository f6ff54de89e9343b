#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "inventory/bmc_endpoint.h"
#include "provisioner/base/secret.h"

namespace muster {

struct HttpsRequest {
  std::string method = "GET";
  std::string path = {};  ///< on this BMC, from "/" on
  std::string body = {};  ///< JSON; a secret may be in it
  std::string etag = {};  ///< only if it still has this one
  Secret token = {};      ///< of the session
  Secret password = {};   ///< for BMCs without sessions; the user is the endpoint's
};

struct HttpsAnswer {
  long status = 0;
  std::map<std::string, std::string> headers;  ///< by their names in lower case
  std::string body;

  bool good() const { return status >= 200 && status < 300; }
  std::string header(const std::string& name) const;
};

/// Asks one BMC over HTTPS, and nobody else: no redirection is followed, no proxy used. For one
/// thread.
class Https {
 public:
  Https(BmcEndpoint endpoint, std::stop_token stop);
  ~Https();

  /// Whatever the status is. A BMC that is busy (503, 429), or does not answer a GET, is asked
  /// again for a while. Throws Error when there is no answer, or the certificate is not as it
  /// should be.
  HttpsAnswer ask(const HttpsRequest& request);
  /// Once, within seconds; never throws: for goodbyes.
  void tell(const HttpsRequest& request) noexcept;

 private:
  struct Attempt;
  struct Handle;

  Attempt perform(const HttpsRequest& request, long seconds);
  [[noreturn]] void give_up(const Attempt& attempt) const;

  BmcEndpoint endpoint_;
  std::stop_token stop_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace muster
