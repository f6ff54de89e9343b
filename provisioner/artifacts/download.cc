#include "provisioner/artifacts/download.h"

#include <curl/curl.h>

#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

#include "provisioner/artifacts/open_file.h"
#include "provisioner/base/clock.h"

namespace muster {

namespace {

constexpr int kAttempts = 3;
constexpr std::chrono::seconds kPause{1};
constexpr const char* kGivenUp = "not tried: its host could not be reached before";
constexpr std::size_t kTextLimit = 4U << 20;
constexpr std::chrono::seconds kNoteEvery{5};

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
/// Tells `note` how far a download is, now and then.
struct Progress {
  std::string label;
  curl_off_t before = 0;  ///< bytes from an earlier attempt
  const Downloader::Note& note;
  Deadline next{kNoteEvery};
};

int on_progress(void* context, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
  auto& progress = *static_cast<Progress*>(context);
  if (!progress.next.passed()) return 0;
  progress.next = Deadline(kNoteEvery);
  auto megabytes = [&](curl_off_t bytes) {
    return std::to_string((bytes + progress.before) / 1'000'000);
  };
  progress.note(progress.label + ": " + megabytes(now) +
                (total > 0 ? " of " + megabytes(total) : "") + " MB");
  return 0;
}

std::size_t append_text(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& text = *static_cast<std::string*>(context);
  if (text.size() + count > kTextLimit) return 0;
  text.append(bytes, count);
  return count;
}

/// One request of libcurl with our limits.
class Request {
 public:
  explicit Request(const std::string& url) {
    static const auto kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(kReady);
    handle_.reset(curl_easy_init());
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_ERRORBUFFER, detail_);
    set(CURLOPT_USERAGENT, "muster");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FAILONERROR, 1L);
    set(CURLOPT_CONNECTTIMEOUT, 5L);
    set(CURLOPT_LOW_SPEED_LIMIT, 1024L);
    set(CURLOPT_LOW_SPEED_TIME, 30L);
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 10L);
    // What was asked for over https is not taken over http.
    bool plain = url.rfind("http://", 0) == 0;
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, plain ? "http,https" : "https");
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_.get(), option, value);
  }

  CURLcode perform() { return curl_easy_perform(handle_.get()); }

  long status() const {
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  /// Whether there was a connection at all: tells the two time limits apart.
  bool connected() const {
    curl_off_t microseconds = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_PRETRANSFER_TIME_T, &microseconds);
    return microseconds > 0;
  }

  std::string detail() const { return detail_; }

 private:
  std::unique_ptr<CURL, EasyDeleter> handle_;
  char detail_[CURL_ERROR_SIZE] = "";
};

/// How one request ended.
struct Attempt {
  CURLcode code = CURLE_OK;
  long status = 0;
  bool connected = false;
  std::string detail;
};

Attempt perform(Request& request) {
  Attempt attempt;
  attempt.code = request.perform();
  attempt.status = request.status();
  attempt.connected = request.connected();
  attempt.detail = request.detail();
  return attempt;
}

Attempt get_file(const std::string& url, const std::filesystem::path& path,
                 const std::string& label, const Downloader::Note& note) {
  OpenFile file(std::fopen(path.c_str(), "ab"));
  if (!file) return {CURLE_WRITE_ERROR, 0, false, std::strerror(errno)};
  std::fseek(file.get(), 0, SEEK_END);
  curl_off_t have = std::ftell(file.get());
  Progress progress{label, have, note};
  Request request(url);
  request.set(CURLOPT_WRITEDATA, file.get());
  request.set(CURLOPT_RESUME_FROM_LARGE, have);
  request.set(CURLOPT_NOPROGRESS, 0L);
  request.set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  request.set(CURLOPT_XFERINFODATA, &progress);
  auto attempt = perform(request);
  if (std::fflush(file.get()) != 0) return {CURLE_WRITE_ERROR, 0, true, std::strerror(errno)};
  return attempt;
}

bool never_reached(const Attempt& attempt) {
  switch (attempt.code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return true;
    case CURLE_OPERATION_TIMEDOUT:
      return !attempt.connected;
    default:
      return false;
  }
}

/// The server will not send the rest of what we have: it cannot, or there is none.
bool refused_to_resume(const Attempt& attempt) {
  return attempt.code == CURLE_RANGE_ERROR || attempt.status == 416;
}

bool worth_another_try(const Attempt& attempt) {
  switch (attempt.code) {
    case CURLE_HTTP_RETURNED_ERROR:
      return attempt.status == 429 || attempt.status >= 500;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

std::string lower_first(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string problem_of(const Attempt& attempt) {
  if (attempt.code == CURLE_OK) return "";
  if (attempt.code == CURLE_HTTP_RETURNED_ERROR) {
    return "the server answered " + std::to_string(attempt.status);
  }
  // The detail of a failed connection holds its milliseconds; the name of the code says enough.
  bool terse = never_reached(attempt) || attempt.detail.empty();
  return lower_first(terse ? curl_easy_strerror(attempt.code) : attempt.detail);
}

}  // namespace

std::string host_of(const std::string& url) {
  auto start = url.find("://");
  if (start == std::string::npos) return url;
  return url.substr(0, url.find('/', start + 3));
}

std::string Downloader::to_file(const std::string& url, const std::filesystem::path& file,
                                const std::string& label, const Note& note) {
  if (given_up(url)) return kGivenUp;
  Attempt attempt;
  for (int i = 1; i <= kAttempts; ++i) {
    attempt = get_file(url, file, label, note);
    if (refused_to_resume(attempt)) {
      std::error_code ignored;
      std::filesystem::remove(file, ignored);
    } else if (never_reached(attempt) || !worth_another_try(attempt)) {
      break;
    } else if (i > 1) {
      std::this_thread::sleep_for(kPause);
    }
  }
  if (never_reached(attempt)) give_up(url);
  return problem_of(attempt);
}

Downloader::Text Downloader::to_text(const std::string& url,
                                     const std::vector<std::string>& headers) {
  if (given_up(url)) return {"", kGivenUp};
  Text text;
  Request request(url);
  std::unique_ptr<curl_slist, ListDeleter> list;
  for (const auto& header : headers) {
    list.reset(curl_slist_append(list.release(), header.c_str()));
  }
  request.set(CURLOPT_HTTPHEADER, list.get());
  request.set(CURLOPT_TIMEOUT, 60L);
  request.set(CURLOPT_WRITEFUNCTION, &append_text);
  request.set(CURLOPT_WRITEDATA, &text.body);
  auto attempt = perform(request);
  if (never_reached(attempt)) give_up(url);
  text.problem = problem_of(attempt);
  return text;
}

bool Downloader::given_up(const std::string& url) {
  std::lock_guard lock(mutex_);
  return unreachable_.count(host_of(url)) > 0;
}

void Downloader::give_up(const std::string& url) {
  std::lock_guard lock(mutex_);
  unreachable_.insert(host_of(url));
}

}  // namespace muster
