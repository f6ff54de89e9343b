#include "provisioner/ssh/bastion.h"

#include <doctest/doctest.h>

#include <atomic>
#include <ctime>
#include <thread>

#include "inventory/hosts.h"
#include "tests/support/listener.h"
#include "tests/support/said.h"
#include "tests/support/sshd.h"
#include "tests/support/user_home.h"

using namespace muster;
using namespace std::chrono_literals;

namespace {

/// A node that is reached through a bastion, both real.
struct Behind {
  explicit Behind(const std::string& bastion_settings = "") : bastion(bastion_settings) {
    // One key opens both, as when it is the user's own.
    write_file(bastion.folder() / "authorized_keys", read_file(node.folder() / "client_key.pub"));
  }

  Endpoint endpoint() const {
    auto endpoint = node.endpoint();
    auto jump = bastion.endpoint();
    endpoint.bastion = jump.user + "@" + jump.address + ":" + std::to_string(jump.port);
    return endpoint;
  }
  SshOptions options() {
    auto options = node.options();
    options.bastions = &bastions;
    return options;
  }

  UserHome home;  // whose known_hosts say what a bastion's key is
  TestSshd node;
  TestSshd bastion;
  Fibers fibers{2};
  Bastions bastions{fibers};
};

std::string output_of(Session& session, const std::string& command, std::string_view input = "") {
  std::string output;
  session.run(command, input, 20s, [&](std::string_view bytes) { output += bytes; });
  return output;
}

/// As a state remembers the keys of bastions.
struct Remembered : KnownBastions {
  std::string key_of(const std::string& place) override { return keys[place]; }
  bool put(const std::string& place, const std::string& key, const std::string& before) override {
    if (keys[place] != before) return false;
    keys[place] = key;
    return true;
  }
  std::map<std::string, std::string> keys;
};

std::string trouble(const Endpoint& endpoint, const SshOptions& options) {
  try {
    Session session(endpoint, options);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("bastion: how it is written") {
  auto is = [](const std::string& text, const std::string& user, const std::string& address,
               int port) {
    auto endpoint = parse_bastion(text);
    return endpoint && endpoint->user == user && endpoint->address == address &&
           endpoint->port == port;
  };
  CHECK(is("host", "root", "host", 22));
  CHECK(is("me@host", "me", "host", 22));
  CHECK(is("me@10.0.0.1:2222", "me", "10.0.0.1", 2222));
  CHECK(is("me@[fd00::1]:2222", "me", "fd00::1", 2222));
  CHECK(is("me@[fd00::1]", "me", "fd00::1", 22));
  CHECK(is("me@fd00::1", "me", "fd00::1", 22));
}

TEST_CASE("bastion: commands and files go through, also to many nodes over one session") {
  Behind behind;
  std::string big(3'000'000, 'x');
  std::atomic<int> good = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    behind.fibers.start(i, [&] {
      Session session(behind.endpoint(), behind.options());
      if (output_of(session, "echo hello") == "hello\n") ++good;
      if (output_of(session, "cat", big) == big) ++good;
    });
  }
  Session session(behind.endpoint(), behind.options());
  CHECK(output_of(session, "echo thread") == "thread\n");
  for (Deadline deadline(60s); good < 40 && !deadline.passed();) pause_for(5ms);
  CHECK(good == 40);
  // sshd's log has one login for all of them.
  auto log = read_file(behind.bastion.folder() / "log");
  std::size_t logins = 0;
  for (auto at = log.find("Accepted publickey"); at != std::string::npos;
       at = log.find("Accepted publickey", at + 1)) {
    ++logins;
  }
  CHECK(logins == 1);
}

TEST_CASE("bastion: a slow reader holds up nobody else") {
  Behind behind;
  Session slow(behind.endpoint(), behind.options());
  std::atomic<bool> began = false;
  std::atomic<bool> go_on = false;
  std::atomic<std::size_t> got = 0;
  behind.fibers.start(1, [&] {
    Session session(behind.endpoint(), behind.options());
    session.run("head -c 30000000 /dev/zero", "", 60s, [&](std::string_view bytes) {
      began = true;
      got += bytes.size();
      for (Deadline deadline(30s); !go_on && !deadline.passed();) pause_for(5ms);
    });
  });
  for (Deadline deadline(20s); !began && !deadline.passed();) pause_for(5ms);
  CHECK(output_of(slow, "echo meanwhile") == "meanwhile\n");
  go_on = true;
  for (Deadline deadline(60s); got < 30'000'000 && !deadline.passed();) pause_for(5ms);
  CHECK(got == 30'000'000);
}

TEST_CASE("bastion: what is wrong is said, with the bastion's name") {
  SUBCASE("it does not know us") {
    Behind behind;
    write_file(behind.bastion.folder() / "authorized_keys", "");
    auto why = trouble(behind.endpoint(), behind.options());
    CHECK(has(why, "does not accept muster's key"));
    CHECK(has(why, "while connecting through the bastion '127.0.0.1'"));
  }
  SUBCASE("it does not forward") {
    Behind behind("AllowTcpForwarding no\n");
    CHECK(has(trouble(behind.endpoint(), behind.options()),
              "the bastion '127.0.0.1' cannot connect to '127.0.0.1:"));
  }
  SUBCASE("nothing listens behind it") {
    Behind behind;
    behind.node.stop();
    CHECK(has(trouble(behind.endpoint(), behind.options()),
              "the bastion '127.0.0.1' cannot connect to '127.0.0.1:"));
  }
  SUBCASE("it is not there") {
    Behind behind;
    behind.bastion.stop();
    auto why = trouble(behind.endpoint(), behind.options());
    CAPTURE(why);
    CHECK(has(why, "cannot connect to '127.0.0.1:"));
    CHECK(has(why, "while connecting through the bastion"));
  }
}

TEST_CASE("bastion: the node's host key is checked behind it too") {
  Behind behind;
  auto endpoint = behind.endpoint();
  endpoint.host_key = behind.bastion.host_key();
  CHECK(has(trouble(endpoint, behind.options()), "changed: expected"));
}

TEST_CASE("bastion: its host key is remembered, and another one is refused") {
  Behind behind;
  Remembered remembered;
  behind.bastions.remember_in(remembered);
  const auto place = "127.0.0.1:" + std::to_string(behind.bastion.port());
  CHECK(trouble(behind.endpoint(), behind.options()) == "");
  CHECK(remembered.keys[place] == behind.bastion.host_key());
  // In another run.
  Bastions later(behind.fibers);
  later.remember_in(remembered);
  auto options = behind.options();
  options.bastions = &later;
  CHECK(trouble(behind.endpoint(), options) == "");
  behind.bastion.change_host_key(behind.node.folder() / "host_key");
  Bastions last(behind.fibers);
  last.remember_in(remembered);
  options.bastions = &last;
  auto why = trouble(behind.endpoint(), options);
  CAPTURE(why);
  CHECK(why.starts_with("the host key of the bastion '" + place +
                        "' changed: expected ssh-ed25519 "));
  CHECK(has(why, "log in to it once with ssh, so that your ~/.ssh/known_hosts have its new key"));
  CHECK(remembered.keys[place] != behind.node.host_key());
  // The user says that it is right.
  behind.home.write("known_hosts", "[127.0.0.1]:" + std::to_string(behind.bastion.port()) + " " +
                                       behind.node.host_key() + "\n");
  CHECK(trouble(behind.endpoint(), options) == "");
  CHECK(remembered.keys[place] == behind.node.host_key());
}

TEST_CASE("bastion: the user's known_hosts are asked, whoever's key opens it") {
  Behind behind;
  behind.home.write("known_hosts", "[127.0.0.1]:" + std::to_string(behind.bastion.port()) + " " +
                                       behind.node.host_key() + "\n");
  auto why = trouble(behind.endpoint(), behind.options());
  CAPTURE(why);
  CHECK(why.starts_with(
      "the host key of the bastion '127.0.0.1:" + std::to_string(behind.bastion.port()) +
      "' is not the one in your ~/.ssh/known_hosts: found ssh-ed25519 "));
}

TEST_CASE("bastion: after it was lost the next connection makes it anew") {
  Behind behind;
  {
    Session session(behind.endpoint(), behind.options());
    behind.bastion.stop();
    CHECK_THROWS_AS(output_of(session, "echo lost"), ConnectionLost);
  }
  behind.bastion.start_again();
  Session session(behind.endpoint(), behind.options());
  CHECK(output_of(session, "echo again") == "again\n");
}

TEST_CASE("bastion: what a node sent before it ended arrives, however slow its reader is") {
  Behind behind;
  Descriptor node(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto endpoint = behind.endpoint();
  endpoint.port = listen_on_loopback(node.fd());
  const std::string text(1'000'000, 'x');  // more than a socket keeps, less than the window
  std::thread sender([&] {
    Descriptor peer(::accept(node.fd(), nullptr, nullptr));
    for (std::size_t sent = 0; sent < text.size();) {
      auto count = ::send(peer.fd(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  });
  auto near = behind.bastions.connect(endpoint, behind.options(), Deadline(20s));
  sender.join();
  pause_for(1s);  // the end overtakes what a faster reader would have had by now
  std::string got(text.size(), ' ');
  std::size_t size = 0;
  while (wait_for_descriptor(near.fd(), true, false, Deadline(20s))) {
    auto count = ::recv(near.fd(), got.data() + size, got.size() - size, 0);
    if (count <= 0) break;
    size += static_cast<std::size_t>(count);
  }
  CHECK(size == text.size());
}

TEST_CASE("bastion: a node that takes nothing any more costs no time after it was given up") {
  Behind behind;
  Descriptor dead(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));  // connects, and reads nothing
  auto endpoint = behind.endpoint();
  endpoint.port = listen_on_loopback(dead.fd());
  {
    auto near = behind.bastions.connect(endpoint, behind.options(), Deadline(20s));
    // Until the bastion lets nothing more come, and all on the way is full.
    const std::string piece(64 << 10, 'x');
    for (Deadline full(1s); !full.passed();) {
      if (::send(near.fd(), piece.data(), piece.size(), MSG_NOSIGNAL) > 0) full = Deadline(1s);
      pause_for(5ms);
    }
  }
  auto cpu = [] {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  };
  auto before = cpu();
  pause_for(1s);
  auto used = std::chrono::duration_cast<std::chrono::milliseconds>(cpu() - before);
  CAPTURE(used.count());
  CHECK(used < 100ms);
}
