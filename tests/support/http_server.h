#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/listener.h"

namespace muster {

/// A web server on loopback that answers from a table: what the download tests talk to.
class HttpServer {
 public:
  struct Page {
    std::string body;
    int status = 200;
    std::string location = "";  ///< for a redirect
    std::size_t cut_after = 0;  ///< not 0: the first answer breaks off after so many bytes
    bool resumes = true;        ///< whether it honours "Range"
    int busy = 0;               ///< so many answers are 503, with Retry-After
  };

  HttpServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    port_ = listen_on_loopback(listener_);
    thread_ = std::thread([this] { run(); });
  }
  ~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);  // ends accept
    thread_.join();
    ::close(listener_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

  void serve(const std::string& path, Page page) {
    std::lock_guard lock(mutex_);
    pages_[path] = std::move(page);
  }

  /// What was asked for: "/file", or "/file from 100" with a range.
  std::vector<std::string> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void run() {
    for (;;) {
      int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      answer(connection);
      ::close(connection);
    }
  }

  static std::string read_request(int connection) {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == std::string::npos) {
      auto count = ::recv(connection, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }

  static void send_all(int connection, std::string_view text) {
    while (!text.empty()) {
      auto count = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  Page take_page(const std::string& path, std::size_t from) {
    std::lock_guard lock(mutex_);
    requests_.push_back(path + (from > 0 ? " from " + std::to_string(from) : ""));
    auto found = pages_.find(path);
    if (found == pages_.end()) return {"no such page", 404};
    auto page = found->second;
    found->second.cut_after = 0;
    if (page.busy > 0) {
      --found->second.busy;
      return {"busy", 503};
    }
    return page;
  }

  void answer(int connection) {
    auto request = read_request(connection);
    auto path = request.substr(4, request.find(' ', 4) - 4);
    auto range = request.find("\r\nRange: bytes=");
    auto from = range == std::string::npos ? 0 : std::stoul(request.substr(range + 15));
    auto page = take_page(path, from);
    std::string headers;
    if (page.status == 503) headers += "Retry-After: 0\r\n";
    if (!page.location.empty()) headers += "Location: " + page.location + "\r\n";
    if (from > 0 && page.resumes && page.status == 200) {
      page.status = from < page.body.size() ? 206 : 416;
      headers += "Content-Range: bytes " + std::to_string(from) + "-" +
                 std::to_string(page.body.size() - 1) + "/" + std::to_string(page.body.size()) +
                 "\r\n";
      page.body = page.status == 206 ? page.body.substr(from) : "";
    }
    send_all(connection, "HTTP/1.1 " + std::to_string(page.status) +
                             " x\r\nConnection: close\r\nContent-Length: " +
                             std::to_string(page.body.size()) + "\r\n" + headers + "\r\n");
    send_all(connection, page.cut_after > 0 ? page.body.substr(0, page.cut_after) : page.body);
  }

  int listener_ = -1;
  int port_ = 0;
  std::mutex mutex_;  ///< guards pages_ and requests_
  std::map<std::string, Page> pages_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace muster
