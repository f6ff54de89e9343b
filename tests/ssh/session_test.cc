#include <doctest/doctest.h>

#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "inventory/hosts.h"
#include "provisioner/base/file_source.h"
#include "provisioner/ssh/pinned_key.h"
#include "provisioner/ssh/session.h"
#include "tests/support/sshd.h"
#include "tests/support/user_home.h"

using namespace muster;
using namespace std::chrono_literals;

namespace {

struct Ran {
  RemoteResult result;
  std::string output;
};

Ran run(Session& session, const std::string& command, std::string_view input = "",
        std::chrono::milliseconds deadline = 30s) {
  Ran ran;
  ran.result =
      session.run(command, input, deadline, [&](std::string_view piece) { ran.output += piece; });
  return ran;
}

/// Says "started" and stays until its sshd is gone; so it never outlives the test.
constexpr const char* kStays = "echo started; exec tail -f --pid=$PPID /dev/null";

RemoteResult send_file(Session& session, const std::string& file, const std::string& command) {
  FileSource source(file, 0);
  return session.send(
      command, "", [&] { return source.next(); }, 30s);
}

}  // namespace

TEST_CASE("ssh: a command's output, error output and exit code come back") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  auto ran = run(session, "cat; echo oops >&2; exit 3", "hello");
  CHECK(ran.output == "hello");
  CHECK(ran.result.error_output == "oops\n");
  CHECK(ran.result.exit_code == 3);
  CHECK_FALSE(ran.result.timed_out);
  CHECK(run(session, "true").result.exit_code == 0);
}

TEST_CASE("ssh: a command that a signal ended has 128 and its number as exit code") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  CHECK(run(session, "kill -KILL $$").result.exit_code == 137);
  CHECK(run(session, "kill -TERM $$").result.exit_code == 143);
}

TEST_CASE("ssh: ten megabytes go both ways at once") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  std::string sent(10 << 20, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 >> 7);
  auto ran = run(session, "cat", sent);
  CHECK(ran.result.exit_code == 0);
  CHECK((ran.output == sent));
}

TEST_CASE("ssh: a command that does not read its input ends all the same") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  std::string sent(10 << 20, 'x');
  auto ran = run(session, "echo no; exit 4", sent);
  CHECK(ran.output == "no\n");
  CHECK(ran.result.exit_code == 4);
}

TEST_CASE("ssh: of much error output the last 16 KiB are kept") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  auto ran = run(session, "seq 1 100000 >&2; echo end >&2");
  CHECK(ran.result.error_output.size() == 16 << 10);
  CHECK(ran.result.error_output.ends_with("99999\n100000\nend\n"));
}

TEST_CASE("ssh: what a background program holds open does not hold us") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  auto ran = run(session, "tail -f --pid=$PPID /dev/null & echo done; exit 5");
  CHECK(ran.output == "done\n");
  CHECK(ran.result.exit_code == 5);
}

TEST_CASE("ssh: a late command is left, and the session goes on") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  auto ran = run(session, kStays, "", 300ms);
  CHECK(ran.result.timed_out);
  CHECK(ran.result.exit_code == 124);
  CHECK(run(session, "echo still here").output == "still here\n");
  CHECK(run(session, "yes", "", 300ms).result.timed_out);
  CHECK(run(session, "echo still here").output == "still here\n");
}

TEST_CASE("ssh: what the reader of the output throws comes out, and the session goes on") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  auto refuse = [](std::string_view) { throw Error("enough"); };
  CHECK_THROWS_WITH_AS(session.run("echo x; cat", "y", 30s, refuse), "enough", Error);
  CHECK(run(session, "echo still here").output == "still here\n");
}

TEST_CASE("ssh: many commands on one session") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  for (int i = 0; i < 30; ++i) {
    CHECK(run(session, "read x; echo $x", std::to_string(i) + "\n").output ==
          std::to_string(i) + "\n");
  }
}

TEST_CASE("ssh: the host key is shown for trust on first use") {
  TestSshd sshd;
  auto endpoint = sshd.endpoint();
  endpoint.host_key.clear();
  Session session(endpoint, sshd.options());
  CHECK(session.host_key() == sshd.host_key());
}

TEST_CASE("ssh: a changed host key is refused with both fingerprints, for good") {
  TestSshd sshd;
  auto fingerprint = [&](const std::string& file) {
    return "ssh-ed25519 " +
           split(run_or_throw({"ssh-keygen", "-l", "-f", sshd.folder() / file}), ' ').at(1);
  };
  auto endpoint = sshd.endpoint();
  endpoint.host_key = sshd.client_key() + " with a comment";
  try {
    Session session(endpoint, sshd.options());
    FAIL("connected");
  } catch (const ConnectionLost&) {
    FAIL("would be tried again");
  } catch (const Error& error) {
    CHECK(
        error.what() ==
        "the host key of '127.0.0.1:" + std::to_string(sshd.port()) + "' changed: expected " +
            fingerprint("client_key.pub") + ", found " + fingerprint("host_key.pub") +
            "\n  if the node was reinstalled, write its new host key into the hosts file or create "
            "the node anew; if not, somebody may be between you and it");
  }
}

TEST_CASE("ssh: a host key of a type that the node no longer has counts as changed") {
  TestSshd sshd;
  run_or_throw({"ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", sshd.folder() / "other"});
  auto endpoint = sshd.endpoint();
  endpoint.host_key = trim(read_file(sshd.folder() / "other.pub"));
  try {
    Session session(endpoint, sshd.options());
    FAIL("connected");
  } catch (const ConnectionLost&) {
    FAIL("would be tried again");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find(", found none of that type\n") != std::string::npos);
  }
}

TEST_CASE("ssh: a host key that is told by its fingerprint is held against it at login") {
  TestSshd sshd;
  auto print_of = [&](const std::string& file) {
    return trim(run_or_throw({"ssh-keygen", "-l", "-f", sshd.folder() / file}));
  };
  auto endpoint = sshd.endpoint();
  endpoint.host_key = split(print_of("host_key.pub"), ' ').at(1);
  CHECK(Session(endpoint, sshd.options()).host_key() == sshd.host_key());
  endpoint.host_key = parse_fingerprint(print_of("host_key.pub")).value();
  CHECK(endpoint.host_key.ends_with(" (ED25519)"));
  CHECK(Session(endpoint, sshd.options()).host_key() == sshd.host_key());
  CHECK(is_pinned_key(endpoint.host_key, sshd.host_key()));
  CHECK_FALSE(is_pinned_key(endpoint.host_key, sshd.client_key()));
  CHECK(is_pinned_key(sshd.host_key() + " a comment", sshd.host_key()));
  CHECK_FALSE(is_pinned_key("", sshd.host_key()));

  auto refusal = [&] {
    try {
      Session session(endpoint, sshd.options());
    } catch (const ConnectionLost&) {
      return std::string("would be tried again");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("connected");
  };
  auto other = split(print_of("client_key.pub"), ' ').at(1);
  auto found = ", found ssh-ed25519 " + split(print_of("host_key.pub"), ' ').at(1) + "\n";
  auto name = "the host key of '127.0.0.1:" + std::to_string(sshd.port()) + "' is another one: ";
  endpoint.host_key = other;
  CHECK(refusal().starts_with(name + "expected " + other + found));
  CHECK(refusal().find("ssh-keygen -lf") != std::string::npos);
  endpoint.host_key = other + " (ED25519)";
  CHECK(refusal().starts_with(name + "expected " + other + " (ED25519)" + found));
  endpoint.host_key = other + " (ECDSA)";
  CHECK(refusal().find(", found none of that type\n") != std::string::npos);
}

TEST_CASE("ssh: the key that the state knows is asked for, whatever others the node has") {
  TestFolder folder;
  for (std::string type : {"rsa", "ecdsa"}) {
    auto file = folder / type;
    run_or_throw({"ssh-keygen", "-q", "-t", type, "-N", "", "-f", file});
    TestSshd sshd("HostKey " + file);
    auto endpoint = sshd.endpoint();
    auto words = split(trim(read_file(file + ".pub")), ' ');
    endpoint.host_key = words.at(0) + " " + words.at(1);
    Session session(endpoint, sshd.options());
    CHECK(session.host_key() == endpoint.host_key);
  }
}

TEST_CASE("ssh: a host key that is none is shown as it was written") {
  TestSshd sshd;
  auto endpoint = sshd.endpoint();
  endpoint.host_key = "ssh-ed25519 nonsense";
  CHECK_THROWS_WITH_AS(Session(endpoint, sshd.options()),
                       "'ssh-ed25519 nonsense' is not a public key\n"
                       "  write it as ssh-keyscan does, without the host: ssh-ed25519 AAAA...",
                       Error);
}

TEST_CASE("ssh: a key that the node does not know is refused with the line to add") {
  TestSshd sshd;
  write_file(sshd.folder() / "authorized_keys", "");
  auto fingerprint =
      split(run_or_throw({"ssh-keygen", "-l", "-f", sshd.folder() / "client_key.pub"}), ' ').at(1);
  auto endpoint = sshd.endpoint();
  try {
    Session session(endpoint, sshd.options());
    FAIL("logged in");
  } catch (const ConnectionLost&) {
    FAIL("would be tried again");
  } catch (const Error& error) {
    CHECK(error.what() == "'" + endpoint.user + "@127.0.0.1:" + std::to_string(sshd.port()) +
                              "' does not accept muster's key ssh-ed25519 " + fingerprint +
                              "\n  check the login user, or add this line to its "
                              "~/.ssh/authorized_keys on the node: " +
                              sshd.client_key());
  }
}

TEST_CASE("ssh: a private key that cannot be read is not shown") {
  TestSshd sshd;
  auto options = sshd.options();
  options.private_key = Secret("hush");
  CHECK_THROWS_WITH_AS(Session(sshd.endpoint(), options),
                       ("the private key for '127.0.0.1:" + std::to_string(sshd.port()) +
                        "' cannot be read\n"
                        "  give an OpenSSH or PEM private key without a passphrase")
                           .c_str(),
                       Error);
}

TEST_CASE("ssh: nothing listening is a lost connection, with the reason") {
  Endpoint endpoint;
  {
    TestSshd sshd;
    endpoint = sshd.endpoint();
  }
  CHECK_THROWS_WITH_AS(
      Session(endpoint, SshOptions{}),
      ("cannot connect to '127.0.0.1:" + std::to_string(endpoint.port) + "': Connection refused")
          .c_str(),
      ConnectionLost);
}

TEST_CASE("ssh: a server that says nothing is given up at the deadline") {
  TestSshd sshd;
  sshd.pause();
  auto options = sshd.options();
  options.connect_deadline = 200ms;
  CHECK_THROWS_WITH_AS(Session(sshd.endpoint(), options),
                       ("cannot connect to '127.0.0.1:" + std::to_string(sshd.port()) +
                        "': no SSH handshake within 200ms")
                           .c_str(),
                       ConnectionLost);
  CHECK_FALSE(answers_ssh("127.0.0.1", sshd.port(), 100ms));
}

TEST_CASE("ssh: a server killed in mid-command is a lost connection") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  auto kill = [&](std::string_view) { sshd.signal_sessions(SIGKILL); };
  CHECK_THROWS_AS(session.run(kStays, "", 30s, kill), ConnectionLost);
  CHECK_THROWS_AS(session.run("true", "", 30s, nullptr), ConnectionLost);
}

TEST_CASE("ssh: a server killed between two commands is a lost connection") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  CHECK(run(session, "true").result.exit_code == 0);
  sshd.signal_sessions(SIGKILL);
  CHECK_THROWS_AS(session.run("true", "", 30s, nullptr), ConnectionLost);
}

TEST_CASE("ssh: a silent connection is noticed, a silent command on a good one is left alone") {
  TestSshd good_sshd;
  TestSshd sshd;
  auto options = [](const TestSshd& of) {
    auto options = of.options();
    options.keepalive = 1s;
    return options;
  };
  Session good(good_sshd.endpoint(), options(good_sshd));
  Session idle(sshd.endpoint(), options(sshd));
  Session busy(sshd.endpoint(), options(sshd));
  auto is_lost = [&](Session& session, const std::string& input) {
    auto freeze = [&](std::string_view) { sshd.signal_sessions(SIGSTOP); };
    CHECK_THROWS_WITH_AS(session.run(kStays, input, 30s, freeze),
                         ("lost the connection to '127.0.0.1:" + std::to_string(sshd.port()) +
                          "': it was silent for 3.0s")
                             .c_str(),
                         ConnectionLost);
  };
  std::jthread staying([&] { CHECK(run(good, kStays, "", 3500ms).result.timed_out); });
  std::jthread waiting([&] { is_lost(idle, ""); });
  is_lost(busy, std::string(20 << 20, 'x'));
}

TEST_CASE("ssh: banners and chatty profiles do not matter") {
  TestFolder folder;
  write_file(folder / "banner", std::string(3000, '#') + "\nwelcome\n");
  write_file(folder / ".bashrc", "echo chatter; echo more >&2\n");
  TestSshd sshd("Banner " + (folder / "banner") + "\nSetEnv HOME=" + folder.path().string());
  Session session(sshd.endpoint(), sshd.options());
  auto ran = run(session, "sh", "echo hello");
  CHECK(ran.output.ends_with("hello\n"));
  CHECK(ran.result.exit_code == 0);
}

TEST_CASE("ssh: sessions in many threads at once") {
  TestSshd sshd;
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 3; ++i) {
          Session session(sshd.endpoint(), sshd.options());
          auto text = std::to_string(thread) + std::string(200'000, 'x');
          if (run(session, "cat", text).output == text) ++good;
        }
      });
    }
  }
  CHECK(good == 24);
}

TEST_CASE("ssh: a file arrives as it was, whatever its size") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  for (std::size_t size : {0U, 1U, (256U << 10), (5U << 20) + 3U}) {
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 17 >> 5);
    auto from = sshd.folder() / "from";
    auto to = sshd.folder() / "to";
    write_file(from, content);
    CHECK(send_file(session, from, "cat > " + shell_quote(to)).exit_code == 0);
    CHECK(run_or_throw({"sha256sum", from}).substr(0, 64) ==
          run_or_throw({"sha256sum", to}).substr(0, 64));
  }
}

TEST_CASE("ssh: a file that is not there, and a full disk there, are told") {
  TestSshd sshd;
  Session session(sshd.endpoint(), sshd.options());
  CHECK_THROWS_WITH_AS(send_file(session, "/no/such/file", "cat"),
                       "cannot read '/no/such/file': No such file or directory", Error);
  auto file = sshd.folder() / "from";
  write_file(file, std::string(1 << 20, 'x'));
  auto result = send_file(session, file, "cat > /dev/full");
  CHECK(result.exit_code == 1);
  CHECK(result.error_output.find("No space left on device") != std::string::npos);
}

TEST_CASE("ssh: without a key of ours the user's ssh config and keys are used") {
  TestSshd sshd;
  UserHome home;
  auto key = sshd.folder() / "client_key";
  auto port = std::to_string(sshd.port());
  std::string config =
      "Host some-node\n  HostName 127.0.0.1\n  Port " + port + "\n  IdentityFile " + key + "\n";
  auto endpoint = sshd.endpoint();
  endpoint.address = "some-node";
  endpoint.port = 22;
  SUBCASE("host name and port") {}
  SUBCASE("a bastion") {
    config += "  ProxyCommand ssh -F none -i " + key + " -p " + port +
              " -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -W '[%h]:%p' " +
              endpoint.user + "@127.0.0.1\n";
  }
  home.write("config", config);
  Session session(endpoint, SshOptions{});
  std::string sent(3 << 20, 'x');
  CHECK((run(session, "cat", sent).output == sent));
}

TEST_CASE("ssh: without a key of ours and a host key the user's known_hosts is asked") {
  TestSshd sshd;
  UserHome home;
  home.write("config", "IdentityFile " + (sshd.folder() / "client_key") + "\n");
  auto endpoint = sshd.endpoint();
  endpoint.host_key.clear();
  auto host = "[127.0.0.1]:" + std::to_string(sshd.port());
  home.write("known_hosts", host + " " + sshd.host_key() + "\n");
  CHECK(Session(endpoint, SshOptions{}).host_key() == sshd.host_key());
  home.write("known_hosts", host + " " + sshd.client_key() + "\n");
  try {
    Session session(endpoint, SshOptions{});
    FAIL("connected");
  } catch (const Error& error) {
    CHECK(std::string(error.what())
              .starts_with("the host key of '127.0.0.1:" + std::to_string(sshd.port()) +
                           "' is not the one in your ~/.ssh/known_hosts: found ssh-ed25519 "
                           "SHA256:"));
  }
}

TEST_CASE("ssh: without any key that the node knows the agent and the login user are named") {
  TestSshd sshd;
  UserHome home;
  auto endpoint = sshd.endpoint();
  CHECK_THROWS_WITH_AS(Session(endpoint, SshOptions{}),
                       ("'" + endpoint.user + "@127.0.0.1:" + std::to_string(sshd.port()) +
                        "' accepts no key of your ssh agent or ~/.ssh\n"
                        "  check the login user, and load a key that the node knows with ssh-add")
                           .c_str(),
                       Error);
}

TEST_CASE("ssh: answers_ssh knows sshd from silence and from other servers") {
  TestSshd sshd;
  CHECK(answers_ssh("127.0.0.1", sshd.port(), 5s));
  auto port = sshd.port();
  sshd.stop();
  CHECK_FALSE(answers_ssh("127.0.0.1", port, 100ms));
}

TEST_CASE("ssh: ip_address_of knows addresses, names and that there is none") {
  CHECK(ip_address_of("10.0.0.9") == "10.0.0.9");
  CHECK(ip_address_of("fd00::9") == "fd00::9");
  CHECK(ip_address_of("localhost") == "127.0.0.1");
  CHECK(ip_address_of("no-such-machine.invalid").empty());
}
