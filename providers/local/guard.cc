#include "providers/local/guard.h"

#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace muster {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "add this architecture's AUDIT_ARCH"
#endif

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

/// Skips the next `count` statements unless what is loaded equals `value`.
sock_filter unless(std::uint32_t value, std::uint8_t count) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
}

sock_filter finish(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

sock_filter refuse(int error) {
  return finish(SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error));
}

}  // namespace

std::vector<sock_filter> node_guard() {
  std::vector<sock_filter> program{load(offsetof(seccomp_data, arch)), unless(kArchitecture, 1),
                                   load(offsetof(seccomp_data, nr))};
  for (std::uint32_t call : {SYS_swapon, SYS_swapoff, SYS_kexec_load, SYS_kexec_file_load,
                             SYS_settimeofday, SYS_clock_settime}) {
    program.push_back(unless(call, 1));
    program.push_back(refuse(EPERM));
  }
  // The audit log is the machine's; without the socket programs do not try.
  program.push_back(unless(SYS_socket, 5));
  program.push_back(load(offsetof(seccomp_data, args[0])));
  program.push_back(unless(AF_NETLINK, 3));
  program.push_back(load(offsetof(seccomp_data, args[2])));
  program.push_back(unless(NETLINK_AUDIT, 1));
  program.push_back(refuse(EAFNOSUPPORT));
  program.push_back(finish(kAllow));
  return program;
}

}  // namespace muster
