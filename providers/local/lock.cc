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
}

HostLock HostLock::of_networks() { return HostLock(0); }

HostLock HostLock::of_node(const std::string& id) {
  return HostLock(1 + std::stoll(fingerprint(id).substr(0, 12), nullptr, 16));
}

HostLock::HostLock(long long byte) : fd_(::open(kFile, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = byte;
  range.l_len = 1;
  while (fd_ < 0 || ::fcntl(fd_, F_OFD_SETLKW, &range) != 0) {
    if (fd_ >= 0 && errno == EINTR) continue;
    Error error(std::string("cannot lock '") + kFile + "': " + std::strerror(errno));
    if (fd_ >= 0) ::close(fd_);
    throw error;
  }
}

HostLock::~HostLock() { ::close(fd_); }

}  // namespace muster
