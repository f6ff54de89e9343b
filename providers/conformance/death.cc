#include "providers/conformance/death.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"

namespace muster {

namespace {

constexpr std::chrono::milliseconds kDeathLook{1};

[[noreturn]] void create_and_end(Provider& provider, const NodeSpec& spec) {
  // Should the test itself be killed, so is this.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    provider.create(spec);
  } catch (...) {
    // What became of it is seen in the list.
  }
  ::_exit(0);
}

}  // namespace

void die_in_create(Provider& provider, const NodeSpec& spec, std::chrono::milliseconds in) {
  const auto process = ::fork();
  if (process < 0) throw Error(std::string("cannot make a process: ") + std::strerror(errno));
  if (process == 0) create_and_end(provider, spec);
  const Deadline deadline(in);
  int status = 0;
  while (!deadline.passed()) {
    if (::waitpid(process, &status, WNOHANG) == process) return;
    std::this_thread::sleep_for(std::min(kDeathLook, deadline.left()));
  }
  ::kill(process, SIGKILL);
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace muster
