// Opens a session of muster's to each simulated node, runs one role script on each, and says what
// that took: what the simulator itself costs. All its figures are of a simulation. Not for
// --answer sh: the script makes files in /srv.
#include <arpa/inet.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/ssh/session.h"
#include "tests/tasks/compiling.h"

using namespace muster;

namespace {

std::string address_of(int node) {
  in_addr address{htonl(0x7f400001u + static_cast<std::uint32_t>(node))};
  char text[INET_ADDRSTRLEN];
  ::inet_ntop(AF_INET, &address, text, sizeof text);
  return text;
}

long cpu_ms() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto ms = [](const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

/// Calls for each number from as many threads, and prints what it took.
template <typename Call>
void measure(const char* what, int count, int threads, const Call& call) {
  std::atomic<int> next = 0;
  std::atomic<int> failures = 0;
  auto began = std::chrono::steady_clock::now();
  auto cpu = cpu_ms();
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        for (int at = next++; at < count; at = next++) {
          try {
            call(static_cast<std::size_t>(at));
          } catch (const Error& error) {
            if (failures++ == 0) std::fprintf(stderr, "%s: %s\n", what, error.what());
          }
        }
      });
    }
  }
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%s: %d in %.2f s, %.0f a second, %.2f ms of this client's CPU each, %d failed\n",
              what, count, took.count(), count / took.count(),
              static_cast<double>(cpu_ms() - cpu) / count, failures.load());
  std::fflush(stdout);
}

std::string role_of_20_tasks() {
  std::string text = "tasks:\n";
  for (int i = 0; i < 20; ++i) {
    auto number = std::to_string(i);
    text += "  - {name: t" + number + ", file: {path: /srv/" + number + ", content: \"" + number +
            "\\n\"}}\n";
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: load PORT KEY NODES THREADS\n");
    return 2;
  }
  int nodes = std::atoi(argv[3]);
  int threads = std::atoi(argv[4]);
  SshOptions options;
  options.private_key = Secret(read_file(argv[2]));
  options.connect_deadline = std::chrono::seconds(60);
  std::vector<std::unique_ptr<Session>> sessions(static_cast<std::size_t>(nodes));
  measure("sessions opened", nodes, threads, [&](std::size_t i) {
    Endpoint endpoint;
    endpoint.address = address_of(static_cast<int>(i));
    endpoint.port = std::atoi(argv[1]);
    sessions[i] = std::make_unique<Session>(endpoint, options);
  });
  auto script = testing::Compiling(role_of_20_tasks()).script().script;
  measure("scripts of 20 tasks", nodes, threads, [&](std::size_t i) {
    if (sessions[i]) sessions[i]->run("sh", script, std::chrono::seconds(60), nullptr);
  });
  std::printf("connected; a line on stdin ends it\n");
  std::fflush(stdout);
  std::getchar();
  measure("sessions closed", nodes, threads, [&](std::size_t i) { sessions[i].reset(); });
}
