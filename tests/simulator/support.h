#pragma once

#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "provisioner/base/clock.h"
#include "provisioner/base/files.h"
#include "provisioner/pki/pki.h"
#include "provisioner/ssh/session.h"
#include "tests/simulator/simulator.h"
#include "tests/support/folder.h"

namespace muster::simulator {

/// A simulator that runs in a thread of its own while a test lasts, and a key that it takes.
class Playing {
 public:
  explicit Playing(SimulatorOptions options = {}) : simulator_(with_key(options)) {}
  ~Playing() { simulator_.stop(); }
  Playing(const Playing&) = delete;
  Playing& operator=(const Playing&) = delete;

  Endpoint endpoint(int node = 0) const {
    Endpoint endpoint;
    endpoint.address = simulator_.address(node);
    endpoint.port = simulator_.port();
    endpoint.host_key = simulator_.host_key();
    return endpoint;
  }
  SshOptions ssh() const {
    SshOptions options;
    options.private_key = key_.private_key;
    return options;
  }
  const Counters& counters() const { return simulator_.counters(); }

  /// Waits until the count, which another thread changes, is so; false when it never is.
  static bool becomes(const std::atomic<std::uint64_t>& count, std::uint64_t wanted) {
    for (Deadline deadline(std::chrono::seconds(10)); count != wanted;) {
      if (deadline.passed()) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

 private:
  SimulatorOptions with_key(SimulatorOptions options) {
    write_file(folder_ / "key.pub", key_.public_key + "\n");
    options.authorized_keys = {folder_ / "key.pub"};
    return options;
  }

  TestFolder folder_;
  SshKeyPair key_ = make_ssh_key("test");
  Simulator simulator_;
  std::jthread thread_{[this] { simulator_.run(); }};
};

}  // namespace muster::simulator
