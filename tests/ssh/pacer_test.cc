#include "provisioner/ssh/pacer.h"

#include <doctest/doctest.h>

#include <atomic>

#include "provisioner/ssh/session.h"
#include "tests/support/sshd.h"

using namespace muster;
using namespace std::chrono_literals;

TEST_CASE("pacer: refusals halve what is begun at once, logins let more in") {
  Pacer pacer(64, 0ms);
  pacer.turned_away();
  CHECK(pacer.limit() == 32);
  pacer.logged_in();
  CHECK(pacer.limit() == 33);
  for (int i = 0; i < 10; ++i) pacer.turned_away();
  CHECK(pacer.limit() == 4);
  for (int i = 0; i < 1000; ++i) pacer.logged_in();
  CHECK(pacer.limit() == 512);
}

TEST_CASE("pacer: logins that take seconds halve it too, once for those begun together") {
  Pacer pacer(64);
  pacer.logged_in(500ms);
  CHECK(pacer.limit() == 65);
  CHECK_FALSE(pacer.crowded());
  for (int i = 0; i < 10; ++i) pacer.logged_in(6s);
  CHECK(pacer.limit() == 32);
  CHECK(pacer.crowded());
}

TEST_CASE("pacer: refusals come in crowds, and count once") {
  Pacer pacer(64, 1h);
  for (int i = 0; i < 10; ++i) pacer.turned_away();
  CHECK(pacer.limit() == 32);
}

TEST_CASE("pacer: an sshd that turns most away is asked less, until all are in") {
  TestSshd sshd("MaxStartups 3:100:3\n");
  Pacer pacer(64);
  std::atomic<int> refused = 0;
  std::atomic<int> in = 0;
  {
    Fibers fibers(2);
    for (std::size_t i = 0; i < 40; ++i) {
      fibers.start(i, [&] {
        for (Deadline deadline(60s); !deadline.passed(); pause_for(50ms)) {
          try {
            auto turn = pacer.enter("d");
            Session session(sshd.endpoint(), sshd.options());
            pacer.logged_in();
            ++in;
            return;
          } catch (const TurnedAway&) {
            pacer.turned_away();
            ++refused;
          }
        }
      });
    }
  }
  CHECK(in == 40);
  CHECK(refused > 0);
}
