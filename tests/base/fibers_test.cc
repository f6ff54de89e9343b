#include "provisioner/base/fibers.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <stdexcept>

#include "provisioner/base/error.h"
#include "tests/support/no_threads.h"

using namespace muster;
using muster::testing::NoThreads;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct Pair {
  int ends[2] = {-1, -1};
  Pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0); }
  ~Pair() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
};

/// Waits, in a fiber or a thread, until `condition`; false when that takes too long.
bool eventually(const std::function<bool()>& condition) {
  for (Deadline deadline(seconds(20)); !deadline.passed();) {
    if (condition()) return true;
    pause_for(milliseconds(1));
  }
  return false;
}

}  // namespace

TEST_CASE("fibers: a thousand wait at once on one thread") {
  std::atomic<int> here = 0;
  std::atomic<int> met = 0;
  {
    Fibers fibers(1);
    for (std::size_t i = 0; i < 1000; ++i) {
      fibers.start(i, [&] {
        ++here;
        if (eventually([&] { return here == 1000; })) ++met;
      });
    }
  }
  CHECK(met == 1000);
}

TEST_CASE("fibers: those with one key share a thread, others are spread") {
  std::mutex mutex;
  std::set<std::thread::id> of_seven;
  std::set<std::thread::id> of_all;
  {
    Fibers fibers(2);
    for (std::size_t i = 0; i < 20; ++i) {
      fibers.start(i % 2 == 0 ? 7 : i + 1, [&] {
        auto before = std::this_thread::get_id();
        pause_for(milliseconds(1));
        std::lock_guard lock(mutex);
        of_all.insert(before);
        CHECK(before == std::this_thread::get_id());
      });
      if (i % 2 != 0) continue;
      fibers.start(7, [&] {
        std::lock_guard lock(mutex);
        of_seven.insert(std::this_thread::get_id());
      });
    }
  }
  CHECK(of_seven.size() == 1);
  CHECK(of_all.size() == 2);
}

TEST_CASE("fibers: a descriptor wakes the one who waits for it, and a deadline ends the wait") {
  Pair pair;
  std::atomic<bool> late = false;
  std::atomic<bool> read = false;
  std::atomic<bool> written = false;
  {
    Fibers fibers(1);
    fibers.start(0, [&] {
      late = !wait_for_descriptor(pair.ends[0], true, false, Deadline(milliseconds(5)));
      written = wait_for_descriptor(pair.ends[0], true, true, Deadline(seconds(20)));
      read = wait_for_descriptor(pair.ends[0], true, false, Deadline(seconds(20)));
    });
    fibers.start(0, [&] {
      if (eventually([&] { return written.load(); })) CHECK(::write(pair.ends[1], "x", 1) == 1);
    });
  }
  CHECK(late);
  CHECK(written);
  CHECK(read);
}

TEST_CASE("fibers: a descriptor whose other end is closed can be read") {
  Pair pair;
  ::shutdown(pair.ends[1], SHUT_RDWR);
  std::atomic<bool> read = false;
  {
    Fibers fibers(1);
    fibers.start(
        0, [&] { read = wait_for_descriptor(pair.ends[0], true, false, Deadline(seconds(20))); });
  }
  CHECK(read);
}

TEST_CASE("fibers: a pause ends when a stop is requested") {
  std::stop_source stop;
  std::atomic<int> ended = 0;
  auto began = std::chrono::steady_clock::now();
  {
    Fibers fibers(1);
    for (std::size_t i = 0; i < 3; ++i) {
      fibers.start(i, [&] {
        pause_for(std::chrono::hours(1), stop.get_token());
        ++ended;
      });
    }
    fibers.start(0, [&] { stop.request_stop(); });
  }
  CHECK(ended == 3);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::minutes(1));
}

TEST_CASE("fibers: what blocks leaves the others running, and its exception comes back") {
  std::atomic<bool> other = false;
  std::atomic<bool> seen = false;
  std::string said;
  {
    Fibers fibers(1, 1);
    fibers.start(0, [&] {
      try {
        run_blocking([&] {
          seen = eventually([&] { return other.load(); });
          throw std::runtime_error("no");
        });
      } catch (const std::exception& error) {
        said = error.what();
      }
    });
    fibers.start(0, [&] { other = true; });
  }
  CHECK(seen);
  CHECK(said == "no");
}

TEST_CASE("fibers: where no thread can be started, what blocks is refused and never done") {
  std::string refusal;
  std::atomic<bool> done = false;
  std::atomic<bool> ended = false;
  {
    Fibers fibers(1, 1);
    const NoThreads none;
    fibers.start(0, [&] {
      try {
        run_blocking([&] { done = true; });
      } catch (const std::exception& error) {
        refusal = error.what();
      }
      ended = true;
    });
    CHECK(eventually([&] { return ended.load(); }));
  }
  CHECK(refusal.starts_with("cannot start a thread: "));
  CHECK_FALSE(done);
}

TEST_CASE("fibers: where no more threads can be started, those that are there do it") {
  std::atomic<int> done = 0;
  {
    Fibers fibers(1, 8);
    fibers.start(0, [&] { run_blocking([&] { ++done; }); });
    REQUIRE(eventually([&] { return done == 1; }));
    const NoThreads none;
    for (std::size_t i = 0; i < 5; ++i) {
      fibers.start(i, [&] { run_blocking([&] { ++done; }); });
    }
    CHECK(eventually([&] { return done == 6; }));
  }
}

TEST_CASE("fibers: one that waits while it handles an exception keeps it") {
  std::atomic<int> right = 0;
  {
    Fibers fibers(1);
    for (std::size_t i = 0; i < 50; ++i) {
      fibers.start(0, [&, i] {
        auto mine = "error " + std::to_string(i);
        try {
          pause_for(milliseconds(i % 3));
          throw std::runtime_error(mine);
        } catch (const std::exception&) {
          pause_for(milliseconds((50 - i) % 5));
          try {
            throw;
          } catch (const std::exception& again) {
            if (again.what() == mine) ++right;
          }
        }
      });
    }
  }
  CHECK(right == 50);
}

TEST_CASE("fibers: a signal may be told before it is waited for, from any thread") {
  std::atomic<int> told = 0;
  {
    Fibers fibers(2);
    for (std::size_t i = 0; i < 20; ++i) {
      fibers.start(i, [&, i] {
        Signal signal;
        fibers.start(i + 1, [&signal] { signal.notify(); });
        if (i % 2 == 0) pause_for(milliseconds(2));
        signal.wait();
        ++told;
      });
    }
  }
  CHECK(told == 20);
}

TEST_CASE("turnstile: never more than the limit are through") {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  Turnstile turnstile(3);
  {
    Fibers fibers(2);
    for (std::size_t i = 0; i < 60; ++i) {
      fibers.start(i, [&] {
        auto pass = turnstile.enter("a");
        int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        pause_for(milliseconds(1));
        --inside;
      });
    }
  }
  CHECK(most == 3);
}

TEST_CASE("turnstile: the few of one key do not wait behind the many of another") {
  Turnstile turnstile(1);
  std::vector<std::string> order;
  {
    Fibers fibers(1);
    auto come = [&](const std::string& key) {
      fibers.start(0, [&, key] {
        auto pass = turnstile.enter(key);
        order.push_back(key);
        pause_for(milliseconds(1));
      });
    };
    for (int i = 0; i < 10; ++i) come("big");
    for (int i = 0; i < 2; ++i) come("small");
  }
  REQUIRE(order.size() == 12);
  CHECK(std::vector(order.begin(), order.begin() + 5) ==
        std::vector<std::string>{"big", "small", "big", "small", "big"});
}

TEST_CASE("turnstile: a higher limit lets those in who wait, and a lower one holds for the next") {
  Turnstile turnstile(1);
  std::atomic<int> inside = 0;
  std::atomic<bool> go = false;
  {
    Fibers fibers(1);
    for (int i = 0; i < 5; ++i) {
      fibers.start(0, [&] {
        auto pass = turnstile.enter("a");
        ++inside;
        CHECK(eventually([&] { return go.load(); }));
        --inside;
      });
    }
    fibers.start(0, [&] {
      CHECK(eventually([&] { return inside == 1; }));
      turnstile.set_limit(4);
      CHECK(eventually([&] { return inside == 4; }));
      turnstile.set_limit(0);
      CHECK(turnstile.limit() == 1);
      go = true;
    });
  }
  CHECK(inside == 0);
}

TEST_CASE("fibers: outside of one, waits block the thread") {
  Pair pair;
  CHECK_FALSE(wait_for_descriptor(pair.ends[0], true, false, Deadline(milliseconds(1))));
  CHECK(wait_for_descriptor(pair.ends[0], false, true, Deadline(seconds(20))));
  int done = 0;
  run_blocking([&] { ++done; });
  CHECK(done == 1);
  Turnstile turnstile(1);
  { auto pass = turnstile.enter("a"); }
  auto again = turnstile.enter("b");
}
