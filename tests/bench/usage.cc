// Usage: bench_usage FILE COMMAND [ARGUMENT...]
// Runs the command and writes "WALL_MS CPU_MS PEAK_KB" to FILE. The kernel counts what a process
// was before it became the command into its peak: so this is a program of its own, and small.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace {

long ms(const timeval& time) { return time.tv_sec * 1000L + time.tv_usec / 1000; }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s FILE COMMAND [ARGUMENT...]\n", argv[0]);
    return 2;
  }
  const auto began = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child < 0) {
    std::perror("fork");
    return 2;
  }
  if (child == 0) {
    ::execvp(argv[2], argv + 2);
    std::perror(argv[2]);
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) < 0) {
    std::perror("wait4");
    return 2;
  }
  const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  std::FILE* out = std::fopen(argv[1], "w");
  if (out == nullptr) {
    std::perror(argv[1]);
    return 2;
  }
  std::fprintf(out, "%lld %ld %ld\n", static_cast<long long>(wall.count()),
               ms(usage.ru_utime) + ms(usage.ru_stime), usage.ru_maxrss);
  std::fclose(out);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
