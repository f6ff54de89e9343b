// libcurl's multi interface, waited for as fibers wait.
#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "provisioner/base/clock.h"
#include "provisioner/base/descriptor.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/open_file.h"
#include "provisioner/base/text.h"
#include "provisioner/http/http.h"

namespace muster {

namespace {

constexpr std::chrono::milliseconds kLookAround{1000};
constexpr std::chrono::seconds kProgressEvery{5};
constexpr std::size_t kKeptLines = 16;
constexpr long kSlow = 1024;  // bytes per second

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

void add(List& list, const std::string& line) {
  list.reset(curl_slist_append(list.release(), line.c_str()));
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return text;
}

/// One request at a time, and the connections that it may go on using. libcurl says which
/// descriptors it waits for; they are in one of epoll's, which is what the fiber waits for.
class Line {
 public:
  explicit Line(std::string host)
      : host_(std::move(host)),
        events_(::epoll_create1(EPOLL_CLOEXEC)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        multi_(curl_multi_init()),
        easy_(curl_easy_init()) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Line::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Line::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    watch(wake_.fd(), EPOLLIN);
  }
  ~Line() {
    curl_multi_remove_handle(multi_, easy_);
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  const std::string& host() const { return host_; }
  CURL* easy() const { return easy_; }

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy_, option, value);
  }

  template <typename Value>
  Value info(CURLINFO what) const {
    Value value{};
    curl_easy_getinfo(easy_, what, &value);
    return value;
  }

  /// Until it has ended, or is to. `before`: bytes of the file from earlier.
  CURLcode run(const HttpRequest& request, std::uintmax_t before) {
    std::uint64_t ignored = 0;
    static_cast<void>(::read(wake_.fd(), &ignored, sizeof ignored));
    const std::stop_callback tell(request.stop, [this] {
      const std::uint64_t one = 1;
      static_cast<void>(::write(wake_.fd(), &one, sizeof one));
    });
    curl_multi_add_handle(multi_, easy_);
    Deadline next(kProgressEvery);
    act(CURL_SOCKET_TIMEOUT);
    while (running_ > 0 && !request.stop.stop_requested()) {
      const auto left = due_ ? due_->left() + std::chrono::milliseconds(1) : kLookAround;
      wait_for_descriptor(events_.fd(), true, false, Deadline(std::min(left, kLookAround)));
      std::array<epoll_event, 8> ready{};
      int count = ::epoll_wait(events_.fd(), ready.data(), static_cast<int>(ready.size()), 0);
      for (int i = 0; i < count; ++i) {
        const int fd = ready.at(static_cast<std::size_t>(i)).data.fd;
        if (fd != wake_.fd()) act(fd);
      }
      // It tells the timer once: until it has fired in its view, this one stays.
      if (due_ && due_->passed()) act(CURL_SOCKET_TIMEOUT);
      if (request.progress && next.passed()) {
        next = Deadline(kProgressEvery);
        const auto total = info<curl_off_t>(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
        const auto now = info<curl_off_t>(CURLINFO_SIZE_DOWNLOAD_T);
        request.progress(before + static_cast<std::uintmax_t>(now),
                         total > 0 ? before + static_cast<std::uintmax_t>(total) : 0);
      }
    }
    auto code = CURLE_ABORTED_BY_CALLBACK;
    int left = 0;
    if (const auto* told = curl_multi_info_read(multi_, &left)) code = told->data.result;
    curl_multi_remove_handle(multi_, easy_);
    return code;
  }

 private:
  void act(curl_socket_t socket) { curl_multi_socket_action(multi_, socket, 0, &running_); }

  void watch(int fd, std::uint32_t events) {
    epoll_event event{events, {}};
    event.data.fd = fd;
    if (::epoll_ctl(events_.fd(), EPOLL_CTL_MOD, fd, &event) != 0) {
      ::epoll_ctl(events_.fd(), EPOLL_CTL_ADD, fd, &event);
    }
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* context, void*) {
    auto& line = *static_cast<Line*>(context);
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(line.events_.fd(), EPOLL_CTL_DEL, fd, nullptr);
    } else {
      line.watch(fd, ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) |
                         ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U));
    }
    return 0;
  }

  static int on_timer(CURLM*, long milliseconds, void* context) {
    auto& line = *static_cast<Line*>(context);
    line.due_.reset();
    if (milliseconds >= 0) line.due_.emplace(std::chrono::milliseconds(milliseconds));
    return 0;
  }

  std::string host_;
  Descriptor events_;  ///< epoll: what libcurl waits for, and wake_
  Descriptor wake_;    ///< told by a stop
  std::optional<Deadline> due_;
  int running_ = 0;
  CURLM* multi_;
  CURL* easy_;
};

/// What one try leaves.
struct Attempt {
  const HttpRequest& request;
  Line& line;
  std::FILE* file = nullptr;
  HttpResponse response = {};
  bool too_large = false;
  int write_error = 0;
  std::array<char, CURL_ERROR_SIZE> detail = {};
};

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& attempt = *static_cast<Attempt*>(context);
  const auto status = attempt.line.info<long>(CURLINFO_RESPONSE_CODE);
  if (attempt.file != nullptr && status >= 200 && status < 300) {
    if (std::fwrite(bytes, 1, count, attempt.file) == count) return count;
    attempt.write_error = errno;
    return 0;
  }
  auto& body = attempt.response.body;
  attempt.too_large = body.size() + count > attempt.request.body_limit;
  if (attempt.too_large) return 0;
  body.append(bytes, count);
  return count;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& headers = static_cast<Attempt*>(context)->response.headers;
  const std::string line(bytes, count);
  if (line.starts_with("HTTP/")) headers.clear();  // of what was only on the way
  const auto colon = line.find(':');
  if (colon == std::string::npos) return count;
  const auto value = trim(line.substr(colon + 1));
  auto [at, fresh] = headers.emplace(lower_case(line.substr(0, colon)), value);
  if (!fresh) at->second += ", " + value;
  return count;
}

/// No program that muster starts meanwhile holds the connection open.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void set_way(Line& line, const HttpRequest& request, const HttpWay& way) {
  curl_easy_reset(line.easy());
  line.set(CURLOPT_USERAGENT, "muster");
  line.set(CURLOPT_NOSIGNAL, 1L);
  line.set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  // Who stops does not wait for a name server.
  line.set(CURLOPT_QUICK_EXIT, 1L);
  line.set(CURLOPT_PROTOCOLS_STR, "http,https");
  line.set(CURLOPT_PATH_AS_IS, 1L);
  line.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(way.connect.count()));
  line.set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.deadline.count()));
  if (way.stall.count() > 0) {
    line.set(CURLOPT_LOW_SPEED_LIMIT, kSlow);
    line.set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(way.stall.count()));
  }
  bool secrets = !request.secret_headers.empty() || !request.secret_query.empty();
  if (way.redirects > 0 && !secrets && (request.method == "GET" || request.method == "HEAD")) {
    line.set(CURLOPT_FOLLOWLOCATION, 1L);
    line.set(CURLOPT_MAXREDIRS, static_cast<long>(way.redirects));
    bool plain = request.url.starts_with("http://");
    line.set(CURLOPT_REDIR_PROTOCOLS_STR, plain ? "http,https" : "https");
  }
  if (way.proxy) line.set(CURLOPT_PROXY, way.proxy->c_str());
  if (!way.proxy_login.empty()) {
    line.set(CURLOPT_PROXYUSERPWD, way.proxy_login.reveal().c_str());
  }
  line.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!way.unix_socket.empty()) line.set(CURLOPT_UNIX_SOCKET_PATH, way.unix_socket.c_str());
  if (!way.ca_file.empty()) line.set(CURLOPT_CAINFO, way.ca_file.c_str());
  if (!way.client_certificate.empty()) line.set(CURLOPT_SSLCERT, way.client_certificate.c_str());
  if (!way.client_key.empty()) line.set(CURLOPT_SSLKEY, way.client_key.c_str());
  if (way.pinned_key.empty() && !way.insecure) return;
  // A pin says more than a signature does.
  line.set(CURLOPT_SSL_VERIFYPEER, 0L);
  line.set(CURLOPT_SSL_VERIFYHOST, 0L);
  if (way.pinned_key.empty()) return;
  const auto digest = way.pinned_key.substr(way.pinned_key.find(':') + 1);
  line.set(CURLOPT_PINNEDPUBLICKEY, ("sha256//" + digest + "=").c_str());
}

std::string whole_url(const HttpRequest& request) {
  auto url = request.url;
  char separator = url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : request.secret_query) {
    url += separator + percent_encoded(name) + "=" + percent_encoded(value.reveal());
    separator = '&';
  }
  return url;
}

List headers_of(const HttpRequest& request) {
  List list;
  add(list, "Expect:");
  bool typed = false;
  auto one = [&](const std::string& name, const std::string& value) {
    add(list, name + ": " + value);
    typed = typed || lower_case(name) == "content-type";
  };
  for (const auto& [name, value] : request.headers) one(name, value);
  for (const auto& [name, value] : request.secret_headers) one(name, value.reveal());
  if (!typed) add(list, "Content-Type:");  // libcurl would make it a form
  return list;
}

void set_request(Attempt& attempt, const List& headers) {
  auto& line = attempt.line;
  const auto& request = attempt.request;
  line.set(CURLOPT_URL, whole_url(request).c_str());
  line.set(CURLOPT_HTTPHEADER, headers.get());
  line.set(CURLOPT_ERRORBUFFER, attempt.detail.data());
  line.set(CURLOPT_WRITEFUNCTION, &on_body);
  line.set(CURLOPT_WRITEDATA, &attempt);
  line.set(CURLOPT_HEADERFUNCTION, &on_header);
  line.set(CURLOPT_HEADERDATA, &attempt);
  // libcurl says by itself again what a connection that it kept has swallowed.
  if (!request.may_be_repeated()) line.set(CURLOPT_FRESH_CONNECT, 1L);
  const auto& method = request.method;
  if (method == "HEAD") line.set(CURLOPT_NOBODY, 1L);
  if (method == "POST" || method == "PUT" || method == "PATCH" || !request.body.empty()) {
    line.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    line.set(CURLOPT_POSTFIELDS, request.body.c_str());
  }
  if (method != "GET" && method != "HEAD") line.set(CURLOPT_CUSTOMREQUEST, method.c_str());
}

HttpFailure failure_of(CURLcode code, bool connected) {
  switch (code) {
    case CURLE_OK:
      return HttpFailure::none;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
      return HttpFailure::unreachable;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return HttpFailure::mistrusted;
    case CURLE_OPERATION_TIMEDOUT:
      return connected ? HttpFailure::late : HttpFailure::unreachable;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_WEIRD_SERVER_REPLY:
      return HttpFailure::broken;
    case CURLE_ABORTED_BY_CALLBACK:
      return HttpFailure::interrupted;
    default:
      return HttpFailure::unusable;
  }
}

HttpResult result_of(Attempt& attempt, CURLcode code) {
  HttpResult result;
  // Whether there was a connection at all tells the two time limits apart.
  const bool connected = attempt.line.info<curl_off_t>(CURLINFO_PRETRANSFER_TIME_T) > 0;
  result.failure = failure_of(code, connected);
  result.sent = connected && result.failure != HttpFailure::unreachable &&
                result.failure != HttpFailure::mistrusted;
  result.response = std::move(attempt.response);
  result.response.status = attempt.line.info<long>(CURLINFO_RESPONSE_CODE);
  if (code == CURLE_OK) return result;
  result.reason = curl_easy_strerror(code);
  result.detail = attempt.detail[0] == '\0' ? result.reason : attempt.detail.data();
  if (attempt.too_large) {
    result.failure = HttpFailure::too_large;
    result.detail =
        "its answer has more than " + std::to_string(attempt.request.body_limit) + " bytes";
  } else if (attempt.write_error != 0) {
    result.detail = std::strerror(attempt.write_error);
  }
  return result;
}

HttpResult unusable(const std::string& why) {
  HttpResult result;
  result.failure = HttpFailure::unusable;
  result.reason = result.detail = why;
  return result;
}

/// A line end would make two headers of one.
bool is_one_line(const std::string& text) {
  return text.find_first_of(std::string("\r\n\0", 3)) == std::string::npos;
}

bool can_be_sent(const HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (!is_one_line(name) || !is_one_line(value)) return false;
  }
  for (const auto& [name, value] : request.secret_headers) {
    if (!is_one_line(name) || !is_one_line(value.reveal())) return false;
  }
  return is_one_line(request.method);
}

class CurlTransport : public HttpTransport {
 public:
  CurlTransport() {
    static const auto kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(kReady);
  }

  HttpResult exchange(const HttpRequest& request, const HttpWay& way) override {
    if (!can_be_sent(request)) return unusable("a header has a line end in it");
    OpenFile file;
    if (!request.file.empty()) {
      file.reset(std::fopen(request.file.c_str(), "abe"));
      if (!file) return unusable(std::strerror(errno));
      std::fseek(file.get(), 0, SEEK_END);
    }
    auto line = take(host_of(request.url));
    auto result = ask(*line, request, way, file.get());
    if (file && std::fflush(file.get()) != 0) return unusable(std::strerror(errno));
    if (result.answered()) give_back(std::move(line));
    return result;
  }

  std::string certificate(const std::string& url, const HttpWay& way) override {
    HttpRequest request;
    request.url = url;
    auto anybody = way;
    anybody.insecure = true;
    anybody.pinned_key = "";
    Line line(host_of(url));
    set_way(line, request, anybody);
    line.set(CURLOPT_URL, url.c_str());
    line.set(CURLOPT_CONNECT_ONLY, 1L);
    line.set(CURLOPT_CERTINFO, 1L);
    if (line.run(request, 0) != CURLE_OK) return "";
    const auto* chain = line.info<curl_certinfo*>(CURLINFO_CERTINFO);
    if (chain == nullptr || chain->num_of_certs < 1) return "";
    for (const auto* item = chain->certinfo[0]; item != nullptr; item = item->next) {
      const std::string text = item->data;
      if (text.starts_with("Cert:")) return text.substr(5);
    }
    return "";
  }

 private:
  static HttpResult ask(Line& line, const HttpRequest& request, const HttpWay& way,
                        std::FILE* file) {
    const auto headers = headers_of(request);
    auto have = file == nullptr ? 0 : std::ftell(file);
    for (;;) {
      Attempt attempt{request, line, file};
      set_way(line, request, way);
      set_request(attempt, headers);
      line.set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(have));
      auto code = line.run(request, static_cast<std::uintmax_t>(have));
      const auto status = line.info<long>(CURLINFO_RESPONSE_CODE);
      const bool good = status >= 200 && status < 300;
      // An error has no range; that is no reason to send all of it again.
      if (code == CURLE_RANGE_ERROR && !good) code = CURLE_OK;
      // It cannot send the rest of what the file has, or there is none.
      bool refused = code == CURLE_RANGE_ERROR || status == 416;
      if (have == 0 || !refused) return result_of(attempt, code);
      if (::ftruncate(::fileno(file), 0) != 0) return unusable(std::strerror(errno));
      have = 0;
    }
  }

  std::unique_ptr<Line> take(const std::string& host) {
    std::lock_guard lock(mutex_);
    for (auto at = kept_.rbegin(); at != kept_.rend(); ++at) {
      if ((*at)->host() != host) continue;
      auto line = std::move(*at);
      kept_.erase(std::next(at).base());
      return line;
    }
    return std::make_unique<Line>(host);
  }

  void give_back(std::unique_ptr<Line> line) {
    std::lock_guard lock(mutex_);
    if (kept_.size() >= kKeptLines) kept_.erase(kept_.begin());
    kept_.push_back(std::move(line));
  }

  std::mutex mutex_;  ///< guards kept_
  std::vector<std::unique_ptr<Line>> kept_;
};

}  // namespace

std::shared_ptr<HttpTransport> curl_transport() { return std::make_shared<CurlTransport>(); }

}  // namespace muster
