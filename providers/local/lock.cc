#include "providers/local/lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr const char* kFile = "/run/muster-local.lock";

struct flock byte_range(short type, long long byte) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = byte;
  range.l_len = 1;
  return range;
}

}  // namespace

HostLock HostLock::of_networks() { return HostLock(0); }

HostLock HostLock::of_node(const std::string& id) {
  return HostLock(1 + std::stoll(fingerprint(id).substr(0, 12), nullptr, 16));
}

// Programs that we start inherit the file, and with it the lock: when we are killed, nobody takes
// the lock before a last "ip link add" of ours has ended.
HostLock::HostLock(long long byte) : fd_(::open(kFile, O_RDWR | O_CREAT, 0600)), byte_(byte) {
  auto range = byte_range(F_WRLCK, byte_);
  while (fd_ < 0 || ::fcntl(fd_, F_OFD_SETLKW, &range) != 0) {
    if (fd_ >= 0 && errno == EINTR) continue;
    Error error(std::string("cannot lock '") + kFile + "': " + std::strerror(errno));
    if (errno == EACCES) error.hint("local nodes belong to root; run with sudo");
    if (fd_ >= 0) ::close(fd_);
    throw error;
  }
}

HostLock::~HostLock() {
  // Not by closing: a program that another thread started may still have the file.
  auto range = byte_range(F_UNLCK, byte_);
  ::fcntl(fd_, F_OFD_SETLK, &range);
  ::close(fd_);
}

}  // namespace muster
