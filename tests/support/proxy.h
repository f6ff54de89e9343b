#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/listener.h"

namespace muster {

/// A line to a port of this machine that counts what goes to the server, and can be slow, or cut
/// after so many bytes. Each connection has a thread.
class Proxy {
 public:
  explicit Proxy(int server_port) : server_port_(server_port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // A slow line has small buffers; inherited by the connections.
    int small = 64 << 10;
    ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    port_ = listen_on_loopback(listener_);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~Proxy() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (auto& line : lines_) line.join();
    ::close(listener_);
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  int port() const { return port_; }
  /// Bytes that went to the server, over all connections.
  std::uint64_t sent() const { return sent_; }
  int connections() const { return connections_; }
  /// Bytes a second to the server; 0: as fast as it goes.
  void limit(std::uint64_t rate) { rate_ = rate; }
  /// The connection that brings sent() beyond this breaks.
  void cut_at(std::uint64_t bytes) { cut_at_ = bytes; }
  /// From then on nothing is carried any more, and both ends believe that the line is there.
  void fall_silent_at(std::uint64_t bytes) { silent_at_ = bytes; }

 private:
  void accept_all() {
    for (;;) {
      int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      ++connections_;
      lines_.emplace_back([this, client] { carry(client); });
    }
  }

  void carry(int client) {
    int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(server_port_);
    if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      while (!stopping_ && pass(client, server)) {
      }
    }
    ::close(server);
    ::close(client);
  }

  /// False when the connection has ended, or is to.
  bool pass(int client, int server) {
    if (silent_at_ > 0 && sent_ >= silent_at_) {
      silent_at_ = 0;
      while (!stopping_) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return false;
    }
    std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    ::poll(ends.data(), ends.size(), 50);
    if ((ends[1].revents & (POLLIN | POLLHUP)) != 0 && move(server, client) <= 0) return false;
    if ((ends[0].revents & (POLLIN | POLLHUP)) == 0) return true;
    auto count = move(client, server);
    if (count <= 0) return false;
    sent_ += static_cast<std::uint64_t>(count);
    if (cut_at_ > 0 && sent_ >= cut_at_) {
      cut_at_ = 0;
      return false;
    }
    if (rate_ > 0) {
      std::this_thread::sleep_for(
          std::chrono::microseconds(static_cast<std::uint64_t>(count) * 1'000'000 / rate_));
    }
    return true;
  }

  ssize_t move(int from, int to) const {
    std::vector<char> buffer(rate_ > 0 ? 16 << 10 : 256 << 10);
    auto count = ::read(from, buffer.data(), buffer.size());
    for (ssize_t done = 0; done < count;) {
      auto written =
          ::send(to, buffer.data() + done, static_cast<std::size_t>(count - done), MSG_NOSIGNAL);
      if (written <= 0) return -1;
      done += written;
    }
    return count;
  }

  int server_port_;
  int port_ = 0;
  int listener_ = -1;
  std::thread acceptor_;
  std::vector<std::thread> lines_;  ///< the acceptor's, until it has ended
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<std::uint64_t> rate_ = 0;
  std::atomic<std::uint64_t> cut_at_ = 0;
  std::atomic<std::uint64_t> silent_at_ = 0;
};

}  // namespace muster
