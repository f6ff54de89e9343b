#include "provisioner/base/parallel.h"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <vector>

#include "provisioner/base/error.h"
#include "tests/support/no_threads.h"

using namespace muster;

TEST_CASE("parallel: each number comes once") {
  for (std::size_t count : {0, 1, 3, 100}) {
    std::vector<std::atomic<int>> seen(count);
    in_parallel(count, 4, [&](std::size_t i) { ++seen[i]; });
    for (const auto& times : seen) CHECK(times == 1);
  }
}

TEST_CASE("parallel: as many at a time as there are threads") {
  std::latch all(4);
  in_parallel(4, 4, [&](std::size_t) { all.arrive_and_wait(); });
  CHECK(all.try_wait());
}

TEST_CASE("parallel: where no thread can be started, nothing is done, and it is said") {
  const muster::testing::NoThreads none;
  int done = 0;
  try {
    in_parallel(4, 4, [&](std::size_t) { ++done; });
    FAIL("it went on");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).starts_with("cannot start 4 threads: "));
  }
  CHECK(done == 0);
}
