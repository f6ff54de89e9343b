#include "providers/local/guard.h"

#include <linux/netlink.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>

#include "provisioner/base/error.h"

namespace muster {

namespace {

struct GuardFilterFree {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using GuardFilter = std::unique_ptr<void, GuardFilterFree>;

/// libseccomp's answer, when it is a failure.
void check_guard(int result) {
  if (result < 0) {
    throw Error(std::string("cannot make a seccomp filter: ") + std::strerror(-result));
  }
}

GuardFilter filter_for(std::initializer_list<std::uint32_t> architectures) {
  GuardFilter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) check_guard(-ENOMEM);
  check_guard(seccomp_arch_remove(filter.get(), SCMP_ARCH_NATIVE));
  for (auto architecture : architectures) check_guard(seccomp_arch_add(filter.get(), architecture));
  // Whatever entry this machine has and we do not know.
  check_guard(seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM)));
  // What asks how the clock goes is what sets it.
  for (int call :
       {SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load),
        SCMP_SYS(settimeofday), SCMP_SYS(stime), SCMP_SYS(clock_settime), SCMP_SYS(clock_settime64),
        SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime), SCMP_SYS(clock_adjtime64)}) {
    // An architecture that has no such call needs no rule.
    check_guard(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0));
  }
  return filter;
}

std::vector<sock_filter> exported(const GuardFilter& filter) {
  int file = ::memfd_create("filter", MFD_CLOEXEC);
  if (file < 0) check_guard(-errno);
  int result = seccomp_export_bpf(filter.get(), file);
  auto size = ::lseek(file, 0, SEEK_END);
  std::vector<sock_filter> program(size > 0 ? static_cast<std::size_t>(size) / sizeof(sock_filter)
                                            : 0);
  auto bytes = program.size() * sizeof(sock_filter);
  if (result == 0 && ::pread(file, program.data(), bytes, 0) != static_cast<ssize_t>(bytes)) {
    result = -EIO;
  }
  ::close(file);
  check_guard(result);
  return program;
}

}  // namespace

std::vector<sock_filter> node_guard() {
#if defined(__x86_64__)
  auto filter = filter_for({SCMP_ARCH_X86_64, SCMP_ARCH_X32});
  auto other = filter_for({SCMP_ARCH_X86});
#elif defined(__aarch64__)
  auto filter = filter_for({SCMP_ARCH_AARCH64});
  auto other = filter_for({SCMP_ARCH_ARM});
#else
#error "name the architectures of this machine's entries"
#endif
  // The audit log is the machine's; without the socket programs do not try.
  check_guard(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 2,
                               SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
                               SCMP_A2(SCMP_CMP_EQ, NETLINK_AUDIT)));
  check_guard(seccomp_merge(filter.get(), other.get()));
  static_cast<void>(other.release());  // the merged one owns it
  return exported(filter);
}

}  // namespace muster
