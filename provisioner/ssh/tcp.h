#pragma once

#include <string>

#include "provisioner/base/clock.h"

namespace muster {

/// Owns a file descriptor until somebody else takes it.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int fd() const { return fd_; }
  int release();

 private:
  int fd_;
};

/// "10.0.0.1", with ":port" when it is not 22.
std::string host_and_port(const std::string& host, int port);

/// A non-blocking connection to the first of the host's addresses that takes one; each gets its
/// share of the time. Throws ConnectionLost.
Descriptor connect_tcp(const std::string& host, int port, const Deadline& deadline);

}  // namespace muster
