#include "providers/local/guard.h"

#include <doctest/doctest.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "tests/support/forbidden_calls.h"

using namespace muster;

namespace {

/// The errno of `call`, 0 when it succeeds, run by a process under the guard; 255: no guard.
int guarded(const std::function<long()>& call) {
  auto program = node_guard();
  sock_fprog guard{static_cast<unsigned short>(program.size()), program.data()};
  pid_t child = ::fork();
  if (child == 0) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &guard) != 0) {
      ::_exit(255);
    }
    errno = 0;
    ::_exit(call() < 0 ? errno : 0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("guard: what would change the whole machine is refused, by whichever entry it comes") {
  for (const auto& call : forbidden_calls()) {
    CAPTURE(to_text(call.entry));
    CAPTURE(call.name);
    CHECK(guarded([&] {
            errno = errno_of(call);
            return errno == 0 ? 0 : -1;
          }) == EPERM);
  }
}

TEST_CASE("guard: there is no audit socket, and every other one") {
  CHECK(guarded([] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT); }) == EAFNOSUPPORT);
  CHECK(guarded([] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }) == 0);
  CHECK(guarded([] { return ::socket(AF_INET, SOCK_STREAM, 0); }) == 0);
  CHECK(guarded([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }) == 0);
}

TEST_CASE("guard: other calls go on as ever") {
  CHECK(guarded([] { return ::syscall(SYS_getpid) > 1 ? 0 : -1; }) == 0);
  CHECK(guarded([] { return ::syscall(SYS_chdir, "/no/such/file"); }) == ENOENT);
}

#if defined(__x86_64__)
TEST_CASE("guard: other calls of 32-bit programs go on as ever") {
  const ForbiddenCall chdir{ForbiddenCall::Entry::x86, "chdir", 12};
  CHECK(guarded([&] { return errno_of(chdir) == EFAULT ? 0 : -1; }) == 0);
}
#endif
