#pragma once

#include <string>

namespace muster {

/// A lock that all musters on this machine share, held until destroyed; the kernel frees it when
/// this process and every program that it started meanwhile are dead. One file in /run holds them
/// all, each on its own byte, so that locks leave no files behind. Take a node's lock before the
/// lock of the networks, never after.
class HostLock {
 public:
  static HostLock of_networks();
  static HostLock of_node(const std::string& id);
  ~HostLock();
  HostLock(const HostLock&) = delete;
  HostLock& operator=(const HostLock&) = delete;

 private:
  explicit HostLock(long long byte);
  int fd_;
  long long byte_;
};

}  // namespace muster
