#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "provisioner/base/secret.h"

namespace muster {

/// How servers are reached, and what they must prove. Files are PEM.
struct HttpWay {
  std::string ca_file = {};     ///< who must have signed the certificate; empty: this machine's CAs
  std::string pinned_key = {};  ///< "SHA256:..." (base64) of the server's public key; no CA counts
  bool insecure = false;        ///< whatever certificate it shows is taken
  std::string client_certificate = {};    ///< of this side
  std::string client_key = {};            ///< of that certificate
  std::optional<std::string> proxy = {};  ///< its URL, "": none; nothing: as the environment says
  Secret proxy_login = {};                ///< "user:password"
  std::string unix_socket = {};           ///< where the server listens, whatever the URL's host is
  std::chrono::milliseconds connect{10'000};  ///< for the connection, with its TLS
  std::chrono::seconds stall{
      0};  ///< ends what brings less than 1 KiB/s for so long; 0: nothing does
  /// So many are followed, but none from https to http, and none of a request with secrets.
  int redirects = 0;
};

/// One question. `Secrets` never reach a log or an error, nor does the body.
struct HttpRequest {
  std::string method = "GET";
  std::string url = {};  ///< http or https; encoded, see percent_encoded
  std::map<std::string, std::string> headers = {};
  std::string body = {};
  Secrets secret_headers = {};
  Secrets secret_query = {};  ///< added to the query of the URL, encoded here
  /// Where the body of a good response goes, behind what the file holds already, which is not asked
  /// for again. Empty: into the response.
  std::filesystem::path file = {};
  /// Told every few seconds how many bytes the file has, and is to have (0: nobody knows).
  std::function<void(std::uintmax_t, std::uintmax_t)> progress = {};
  std::size_t body_limit = std::size_t{4} << 20;  ///< bytes of the response; more is a failure
  std::chrono::milliseconds deadline{60'000};     ///< of each try; 0: none
  /// Whether the server may be told twice: because of a token that makes it act once, for example.
  /// Nothing: by the method, so not POST and PATCH.
  std::optional<bool> repeatable = {};
  /// Ends all waits, but once it is being sent, a request that may not be repeated is seen through.
  std::stop_token stop = {};

  bool may_be_repeated() const;
  /// The URL as it may be shown: with secrets crossed out.
  std::string shown_url() const;
  /// A text of whomever's, such as an answer that is quoted, without the secrets of this request.
  std::string without_secrets(std::string text) const;
};

/// What the server said; after redirects, the last one.
struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers = {};  ///< names in lower case; several: "a, b"
  std::string body = {};

  bool good() const { return status >= 200 && status < 300; }
  std::string header(const std::string& name) const;
};

/// Why there is no response.
enum class HttpFailure {
  none,
  unreachable,  ///< there was no connection, or no TLS
  mistrusted,   ///< the server has not proved who it is
  late,         ///< no whole response in time
  broken,       ///< the connection ended, or what came is no HTTP
  too_large,    ///< beyond the limit
  unusable,     ///< the request: its URL, its files; another try cannot help
  interrupted   ///< by its stop token
};

/// What came of a request: a response, whatever its status, or a failure.
struct HttpResult {
  HttpResponse response = {};
  HttpFailure failure = HttpFailure::none;
  std::string reason = {};  ///< of the failure, in a few words that are always the same
  std::string detail = {};  ///< in more words, with hosts and milliseconds
  bool sent = false;        ///< the server may have got the request, and have done what it says

  bool answered() const { return failure == HttpFailure::none; }
  bool good() const { return answered() && response.good(); }
  /// "the server answered 404", "couldn't connect to server"; empty when it is good.
  std::string problem() const;
};

/// Makes one exchange: the seam below HttpClient. Several threads and fibers may use it at once; in
/// a fiber it gives way.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual HttpResult exchange(const HttpRequest& request, const HttpWay& way) = 0;
  /// The certificate (PEM) that a server shows to whomever; empty when there is none. Nothing is
  /// sent to it.
  virtual std::string certificate(const std::string& url, const HttpWay& way) = 0;
};

/// The real one, by libcurl. Keeps connections for the next request of the same host.
std::shared_ptr<HttpTransport> curl_transport();

/// "https://dl.k8s.io:8443" of a URL.
std::string host_of(const std::string& url);

/// For parts of URLs: all but letters, digits, "-", ".", "_" and "~" become %XX.
std::string percent_encoded(const std::string& text);

/// How long a server asks to wait by its Retry-After, in seconds or as a date, held against its own
/// Date, or against `wall_ms` where it says none. Nothing: it does not ask.
std::optional<std::chrono::milliseconds> retry_after(const HttpResponse& response,
                                                     std::int64_t wall_ms);

}  // namespace muster
