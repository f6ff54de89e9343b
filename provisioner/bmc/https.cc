#include "provisioner/bmc/https.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "inventory/address.h"
#include "provisioner/base/backoff.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/text.h"
#include "provisioner/pki/fingerprint.h"

namespace muster {

namespace {

constexpr long kConnectSeconds = 10;
constexpr long kRequestSeconds = 60;  // BMCs take their time
constexpr long kGoodbyeSeconds = 10;
constexpr std::chrono::seconds kBusyFor{90};
constexpr std::chrono::milliseconds kFirstPause{500};
constexpr std::chrono::seconds kLongestPause{10};
constexpr int kSilentTries = 3;
constexpr std::size_t kBodyLimit = 4U << 20;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

std::string url_of(const BmcEndpoint& endpoint, const std::string& path) {
  auto host = bracketed(endpoint.address);
  if (auto scope = host.find('%'); scope != std::string::npos) host.replace(scope, 1, "%25");
  return "https://" + host + ":" + std::to_string(endpoint.port) + path;
}

std::size_t add_body(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& body = *static_cast<std::string*>(context);
  if (body.size() + count > kBodyLimit) return 0;
  body.append(bytes, count);
  return count;
}

std::size_t add_header(char* bytes, std::size_t, std::size_t count, void* context) {
  const std::string line(bytes, count);
  const auto colon = line.find(':');
  if (colon == std::string::npos) return count;
  auto name = line.substr(0, colon);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  (*static_cast<std::map<std::string, std::string>*>(context))[name] = trim(line.substr(colon + 1));
  return count;
}

void add(List& list, const std::string& line) {
  list.reset(curl_slist_append(list.release(), line.c_str()));
}

bool is_mistrust(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
}

bool is_busy(long status) { return status == 503 || status == 429; }

}  // namespace

struct Https::Handle {
  CURL* curl = nullptr;
  char detail[CURL_ERROR_SIZE] = "";

  Handle() {
    static const auto kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(kReady);
    curl = curl_easy_init();
  }
  ~Handle() { curl_easy_cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(curl, option, value);
  }

  /// Forgets the last request; connections stay.
  void begin(const BmcEndpoint& endpoint, const std::string& path, long seconds) {
    curl_easy_reset(curl);
    detail[0] = '\0';
    set(CURLOPT_URL, url_of(endpoint, path).c_str());
    set(CURLOPT_ERRORBUFFER, detail);
    set(CURLOPT_USERAGENT, "muster");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    set(CURLOPT_TIMEOUT, seconds);
    trust(endpoint);
  }

  void trust(const BmcEndpoint& endpoint) {
    if (!endpoint.ca_file.empty()) set(CURLOPT_CAINFO, endpoint.ca_file.c_str());
    if (endpoint.fingerprint.empty() && !endpoint.insecure) return;
    // A pin says more than a signature does.
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
    if (endpoint.fingerprint.empty()) return;
    auto digest = endpoint.fingerprint.substr(0, endpoint.fingerprint.find(' '));
    digest.erase(0, digest.find(':') + 1);
    set(CURLOPT_PINNEDPUBLICKEY, ("sha256//" + digest + "=").c_str());
  }
};

struct Https::Attempt {
  CURLcode code = CURLE_OK;
  std::string detail;
  HttpsAnswer answer;
};

namespace {

/// Of the key that the BMC shows, to whomever; nothing is sent to it.
std::string shown_key(const BmcEndpoint& endpoint) {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  const auto url = url_of(endpoint, "/");
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CERTINFO, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  if (curl_easy_perform(curl.get()) != CURLE_OK) return "";
  curl_certinfo* chain = nullptr;
  curl_easy_getinfo(curl.get(), CURLINFO_CERTINFO, &chain);
  if (chain == nullptr || chain->num_of_certs < 1) return "";
  for (auto* item = chain->certinfo[0]; item != nullptr; item = item->next) {
    const std::string text = item->data;
    if (text.starts_with("Cert:")) return public_key_fingerprint(text.substr(5));
  }
  return "";
}

std::chrono::milliseconds pause_after(const HttpsAnswer& answer, Backoff& backoff) {
  auto pause = backoff.next();
  const auto wanted = answer.header("retry-after");
  int seconds = 0;
  std::from_chars(wanted.data(), wanted.data() + wanted.size(), seconds);
  pause = std::max(pause, std::chrono::milliseconds(std::clamp(seconds, 0, 3600) * 1000));
  return std::min<std::chrono::milliseconds>(pause, kLongestPause);
}

}  // namespace

std::string HttpsAnswer::header(const std::string& name) const {
  auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

Https::Https(BmcEndpoint endpoint, std::stop_token stop)
    : endpoint_(std::move(endpoint)), stop_(std::move(stop)), handle_(std::make_unique<Handle>()) {}

Https::~Https() = default;

Https::Attempt Https::perform(const HttpsRequest& request, long seconds) {
  Attempt attempt;
  auto& handle = *handle_;
  handle.begin(endpoint_, request.path, seconds);
  List headers;
  add(headers, "Accept: application/json");
  add(headers, "OData-Version: 4.0");
  add(headers, "Expect:");
  if (!request.body.empty()) add(headers, "Content-Type: application/json");
  if (!request.etag.empty()) add(headers, "If-Match: " + request.etag);
  if (!request.token.empty()) add(headers, "X-Auth-Token: " + request.token.reveal());
  handle.set(CURLOPT_HTTPHEADER, headers.get());
  if (!request.password.empty()) {
    handle.set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    handle.set(CURLOPT_USERNAME, endpoint_.user.c_str());
    handle.set(CURLOPT_PASSWORD, request.password.reveal().c_str());
  }
  if (request.method == "POST" || !request.body.empty()) {
    handle.set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    handle.set(CURLOPT_POSTFIELDS, request.body.c_str());
  }
  if (request.method != "GET") handle.set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  handle.set(CURLOPT_WRITEFUNCTION, &add_body);
  handle.set(CURLOPT_WRITEDATA, &attempt.answer.body);
  handle.set(CURLOPT_HEADERFUNCTION, &add_header);
  handle.set(CURLOPT_HEADERDATA, &attempt.answer.headers);
  attempt.code = curl_easy_perform(handle.curl);
  curl_easy_getinfo(handle.curl, CURLINFO_RESPONSE_CODE, &attempt.answer.status);
  attempt.detail = handle.detail[0] == '\0' ? curl_easy_strerror(attempt.code) : handle.detail;
  return attempt;
}

HttpsAnswer Https::ask(const HttpsRequest& request) {
  const Deadline deadline(kBusyFor);
  Backoff backoff(kFirstPause, kLongestPause);
  for (int tries = 1;; ++tries) {
    auto attempt = perform(request, kRequestSeconds);
    const bool answered = attempt.code == CURLE_OK;
    if (answered && !is_busy(attempt.answer.status)) return std::move(attempt.answer);
    // What changes something may have arrived although no answer came back.
    bool again = answered || (!is_mistrust(attempt.code) && tries < kSilentTries &&
                              (request.method == "GET" || attempt.code == CURLE_COULDNT_CONNECT));
    if (stop_.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    if (!again || deadline.passed()) {
      if (answered) return std::move(attempt.answer);
      give_up(attempt);
    }
    pause_for(pause_after(attempt.answer, backoff), stop_);
  }
}

void Https::tell(const HttpsRequest& request) noexcept {
  try {
    perform(request, kGoodbyeSeconds);
  } catch (const std::exception&) {  // it ends by itself in the end
  }
}

void Https::give_up(const Attempt& attempt) const {
  const auto name = "BMC " + endpoint_.address + " (redfish)";
  if (!is_mistrust(attempt.code)) {
    throw Error(name + " does not answer: " + attempt.detail)
        .hint("see the address and the port (" + std::to_string(endpoint_.port) +
              "), and whether it is reached from this machine");
  }
  const auto shown = shown_key(endpoint_);
  if (endpoint_.fingerprint.empty()) {
    throw Error(name + " shows a certificate that is not trusted: " + attempt.detail)
        .hint(
            "compare its key with what the BMC's own pages say, and write it into the hosts "
            "file: fingerprint: \"" +
            shown + "\"; or name who signed it: ca_file");
  }
  throw Error(name + " shows another key than it should: " + shown)
      .hint(
          "if its certificate was renewed, write that as 'fingerprint' into the hosts file; if "
          "not, somebody is in between");
}

}  // namespace muster
