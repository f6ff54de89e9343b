#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/tasks/facts.h"
#include "provisioner/tasks/reply.h"
#include "provisioner/tasks/store_script.h"
#include "tests/simulator/support.h"
#include "tests/simulator/wire.h"
#include "tests/tasks/compiling.h"

using namespace muster;
using namespace muster::simulator;
using namespace std::chrono_literals;
using muster::testing::Compiling;
using muster::testing::kNonce;

namespace {

struct Ran {
  RemoteResult result;
  std::string output;
};

Ran run(Session& session, const std::string& input, const std::string& command = "sh") {
  Ran ran;
  ran.result = session.run(command, input, 30s, [&](auto piece) { ran.output += piece; });
  return ran;
}

std::string with_nonce(std::string script, const std::string& nonce) {
  for (auto at = script.find(kNonce); at != script.npos; at = script.find(kNonce, at)) {
    script.replace(at, kNonce.size(), nonce);
  }
  return script;
}

/// "0 changed, 1 unchanged, end": what a node said to a role script.
std::string replies(Session& session, const std::string& script, long* ms = nullptr) {
  auto nonce = random_hex(16);
  std::vector<std::string> words;
  ReplyParser parser(nonce, [&](const TaskReply& reply) {
    words.push_back(std::to_string(reply.index) + " " + reply.outcome);
    if (ms != nullptr) *ms += reply.ms;
  });
  auto result = session.run("sh", with_nonce(script, nonce), 30s,
                            [&](std::string_view piece) { parser.feed(piece); });
  if (parser.ended()) words.emplace_back("end");
  CHECK(result.exit_code == 0);
  CHECK(parser.noise() == "");
  return join(words, ", ");
}

SimulatorOptions canned(int nodes = 2) {
  SimulatorOptions options;
  options.nodes = nodes;
  return options;
}

SimulatorOptions real_shell() {
  auto options = canned();
  options.answer = Answer::sh;
  return options;
}

const std::string kRole = R"(
tasks:
  - {name: a, file: {path: /srv/a, content: "x\n"}, notify: [h]}
  - {name: b, command: {run: "echo 'it''s\n  m_task 7 x'"}}
handlers:
  - {name: h, command: {run: "touch /srv/h"}}
  - {name: unasked, command: {run: "touch /srv/unasked"}}
)";

/// A TCP connection that says nothing.
int silent_connection(const Endpoint& endpoint) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(endpoint.port));
  ::inet_pton(AF_INET, endpoint.address.c_str(), &address.sin_addr);
  REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

}  // namespace

TEST_CASE("simulator: a canned role is changed the first time on a node, then unchanged") {
  Playing playing(canned());
  Session first(playing.endpoint(0), playing.ssh());
  Session second(playing.endpoint(1), playing.ssh());
  auto script = Compiling(kRole).script().script;
  CHECK(replies(first, script) == "0 changed, 1 changed, 2 changed, end");
  CHECK(replies(first, script) == "0 unchanged, 1 unchanged, end");
  CHECK(replies(second, script) == "0 changed, 1 changed, 2 changed, end");
  auto other = Compiling(kRole + "undo:\n  - {name: u, command: {run: 'true'}}\n");
  CHECK(replies(first, other.undo().script) == "0 changed, 1 changed, end");
  CHECK(replies(first, script) == "0 changed, 1 changed, 2 changed, end");
  CHECK(playing.counters().authenticated == 2);
  CHECK(playing.counters().scripts == 5);
}

TEST_CASE("simulator: all scripts of muster's are read, and others are refused") {
  auto facts = read_script(facts_script(kNonce));
  CHECK(facts.kind == Script::Kind::facts);
  CHECK(facts.nonce == kNonce);
  auto text = Compiling(kRole).script().script;
  auto role = read_script(text);
  CHECK(role.kind == Script::Kind::role);
  CHECK(role.nonce == kNonce);
  REQUIRE(role.calls.size() == 4);
  CHECK(role.calls[0].notifies == std::vector<std::string>{"r.h"});
  CHECK(role.calls[2].handler == "r.h");
  // Another run's script has another nonce, and what is made of it.
  Compiling again(kRole);
  again.nonce = "fedcba9876543210";
  CHECK(read_script(again.script().script).hash == role.hash);
  CHECK(read_script(again.script(Mode::check).script).check);
  StorePlace place;
  place.sha256 = std::string(64, 'a');
  CHECK(read_script(ask_store_script(place, kNonce)).kind == Script::Kind::store);
  CHECK(read_script(ask_store_script(place, kNonce)).sha256 == place.sha256);
  CHECK(stored_file(receive_script({place, WireForm::raw, 1, 0})) == place.sha256);
  CHECK(read_script(stop_script(kNonce)).kind == Script::Kind::stop);
  CHECK(read_script("m_nonce=" + kNonce + "\nm_all() {\n  m_begin\n}\nm_all\n").kind ==
        Script::Kind::other);
  Playing playing(canned());
  Session session(playing.endpoint(), playing.ssh());
  auto refused = run(session, "echo x\n").result;
  CHECK(refused.exit_code == 126);
  CHECK(refused.error_output.find("cannot read this script") != std::string::npos);
}

TEST_CASE("simulator: asking what would change changes nothing") {
  Playing playing(canned());
  Session session(playing.endpoint(), playing.ssh());
  Compiling compiling("tasks:\n  - {name: a, command: {run: 'true'}}\n");
  auto check = compiling.script(Mode::check).script;
  auto apply = compiling.script().script;
  CHECK(replies(session, check) == "0 changed, end");
  CHECK(replies(session, check) == "0 changed, end");
  CHECK(replies(session, apply) == "0 changed, end");
  CHECK(replies(session, check) == "0 unchanged, end");
}

TEST_CASE("simulator: facts have what was uploaded in the store") {
  Playing playing(canned());
  Session session(playing.endpoint(), playing.ssh());
  auto facts = [&] { return parse_facts(run(session, facts_script(kNonce)).output, kNonce); };
  CHECK(facts().values.at("arch") == "amd64");
  CHECK(facts().store.empty());
  StorePlace place;
  place.sha256 = std::string(64, 'a');
  place.run = "run";
  auto has = [&] {
    return parse_store_answer(run(session, ask_store_script(place, kNonce)).output, kNonce).has;
  };
  CHECK_FALSE(has());
  auto script = receive_script({place, WireForm::raw, 1 << 20, 0});
  std::string content(1 << 20, 'x');
  auto sent = session.send(
      from_stdin("sh", script), script,
      [&, left = true]() mutable {
        return std::exchange(left, false) ? std::string_view(content) : std::string_view();
      },
      30s);
  CHECK(sent.exit_code == 0);
  CHECK(has());
  CHECK(facts().store == std::vector{place.sha256});
  CHECK(playing.counters().other_commands == 3);
  CHECK(playing.counters().facts == 3);
}

TEST_CASE(
    "simulator: canned tasks take their time, on slow nodes more, and keepalives are answered") {
  auto options = canned();
  options.task_time = 800ms;
  options.slow = 100;
  options.slow_factor = 4;
  Playing playing(options);
  auto ssh = playing.ssh();
  ssh.keepalive = 1s;
  Session session(playing.endpoint(), ssh);
  auto began = Loop::Clock::now();
  long ms = 0;
  // Three silent keepalives would be a lost connection.
  CHECK(replies(session,
                Compiling("tasks:\n  - {name: a, command: {run: 'true'}}\n").script().script,
                &ms) == "0 changed, end");
  CHECK(Loop::Clock::now() - began >= 3200ms);
  CHECK(ms == 3200);
}

TEST_CASE("simulator: scripts are really run when asked for") {
  Playing playing(real_shell());
  Session session(playing.endpoint(1), playing.ssh());
  auto ran = run(session, "echo $SIMULATED_NODE; echo oops >&2; pwd; exit 3\n");
  CHECK(ran.result.exit_code == 3);
  CHECK(ran.result.error_output == "oops\n");
  auto lines = split(trim(ran.output), '\n');
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "1");
  CHECK(std::filesystem::is_directory(lines[1] + "/store"));
  CHECK(run(session, "kill -KILL $$\n").result.exit_code == 137);
  CHECK(run(session, "head -c 3000000 /dev/zero\n").output == std::string(3'000'000, '\0'));
  auto script = Compiling(R"(
tasks:
  - {name: a, file: {path: LOCAL/a, content: "x\n"}}
)");
  script.role.tasks[0].args.members[0].value.text = lines[1] + "/a";
  auto text = script.script().script;
  CHECK(replies(session, text) == "0 changed, end");
  CHECK(replies(session, text) == "0 unchanged, end");
  CHECK(read_file(lines[1] + "/a") == "x\n");
  CHECK(std::filesystem::exists(lines[1] + "/run/muster.lock"));  // not this machine's
}

TEST_CASE("simulator: what sh left behind is gone with the simulator, and its programs too") {
  std::string folder;
  std::string pid;
  {
    Playing playing(real_shell());
    Session session(playing.endpoint(), playing.ssh());
    folder = trim(run(session, "pwd\n").output);
    auto ran = session.run("sh", "echo $$; exec sleep 600\n", 300ms,
                           [&](std::string_view piece) { pid += piece; });
    CHECK(ran.timed_out);
  }
  REQUIRE(std::atoi(pid.c_str()) > 0);
  CHECK_FALSE(std::filesystem::exists("/proc/" + trim(pid)));
  CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE("simulator: latency delays both ways, and what is long arrives whole") {
  auto options = canned();
  options.latency = 60ms;
  options.jitter = 5ms;
  options.loss = 1;
  Playing playing(options);
  auto began = Loop::Clock::now();
  Session session(playing.endpoint(), playing.ssh());
  // TCP, banners, keys of both, and two of the login, at the least.
  CHECK(Loop::Clock::now() - began >= 5 * 60ms);
  began = Loop::Clock::now();
  // The channel, which was asked for at the login; the command and its answer.
  CHECK(run(session, facts_script(kNonce)).result.exit_code == 0);
  CHECK(Loop::Clock::now() - began >= 2 * 60ms);
  Compiling compiling("tasks:\n  - {name: a, file: {path: /a, content: VALUE}}\n");
  compiling.role.tasks[0].args.members[1].value.text = std::string(200'000, '#');
  CHECK(replies(session, compiling.script().script) == "0 changed, end");
}

TEST_CASE("simulator: a lost segment costs what sending it again takes") {
  std::mt19937_64 random(1);
  Wire wire{10ms, 5ms, 0};
  auto delay = wire.delay(100, random);
  CHECK(delay >= 10ms);
  CHECK(delay <= 15ms);
  wire.loss = 0.5;
  CHECK(wire.delay(100 * 1448, random) >= 10ms + 20ms + 200ms);
}

TEST_CASE("simulator: connections are cut") {
  auto options = canned();
  options.failure_rate = 100;
  options.failure_within = 300ms;
  options.task_time = 30s;
  for (auto latency : {0ms, 2ms}) {
    options.latency = latency;
    Playing playing(options);
    auto use = [&] {
      Session session(playing.endpoint(), playing.ssh());
      replies(session,
              Compiling("tasks:\n  - {name: a, command: {run: 'true'}}\n").script().script);
    };
    for (int i = 0; i < 5; ++i) CHECK_THROWS_AS(use(), ConnectionLost);
    CHECK(playing.counters().cut == 5);
    CHECK(Playing::becomes(playing.counters().open, 0));
  }
}

TEST_CASE("simulator: what goes beyond max-startups is dropped") {
  auto options = canned();
  options.max_startups = 1;
  Playing playing(options);
  int silent = silent_connection(playing.endpoint());
  REQUIRE(Playing::becomes(playing.counters().open, 1));
  CHECK_THROWS_AS(Session(playing.endpoint(), playing.ssh()), ConnectionLost);
  CHECK(playing.counters().refused == 1);
  Session other(playing.endpoint(1), playing.ssh());
  ::close(silent);
  REQUIRE(Playing::becomes(playing.counters().open, 1));
  Session first(playing.endpoint(), playing.ssh());
  Session second(playing.endpoint(), playing.ssh());  // those that have logged in do not count
  CHECK(playing.counters().refused == 1);
}

TEST_CASE("simulator: connections are refused") {
  auto options = canned();
  options.refuse_rate = 100;
  options.latency = 10ms;
  Playing playing(options);
  CHECK_THROWS_AS(Session(playing.endpoint(), playing.ssh()), ConnectionLost);
  CHECK(playing.counters().refused == 1);
  CHECK(playing.counters().authenticated == 0);
}

TEST_CASE("simulator: a key that it does not know is refused for good") {
  Playing playing(canned());
  SshOptions stranger;
  stranger.private_key = make_ssh_key("stranger").private_key;
  try {
    Session session(playing.endpoint(), stranger);
    FAIL("it was let in");
  } catch (const ConnectionLost&) {
    FAIL("it was taken for a lost connection");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("does not accept") != std::string::npos);
  }
  CHECK(playing.counters().rejected > 0);
  CHECK(playing.counters().authenticated == 0);
}

TEST_CASE("simulator: 200 nodes at once") {
  constexpr int kNodes = 200;
  constexpr int kThreads = 8;
  Playing playing(canned(kNodes));
  auto script = Compiling(kRole).script().script;
  std::vector<std::unique_ptr<Session>> sessions(kNodes);
  std::atomic<int> good = 0;
  auto each = [&](const auto& call) {
    std::vector<std::jthread> threads;
    for (int first = 0; first < kThreads; ++first) {
      threads.emplace_back([&, first] {
        for (int i = first; i < kNodes; i += kThreads) call(i);
      });
    }
  };
  each([&](int i) {
    sessions[static_cast<std::size_t>(i)] =
        std::make_unique<Session>(playing.endpoint(i), playing.ssh());
  });
  CHECK(playing.counters().open == kNodes);
  each([&](int i) {
    auto output = run(*sessions[static_cast<std::size_t>(i)], script).output;
    if (output.find(" done 2 changed 0 0 ") != output.npos) ++good;
  });
  CHECK(good == kNodes);
  sessions.clear();
  CHECK(Playing::becomes(playing.counters().open, 0));
  CHECK(playing.counters().most_open == kNodes);
  CHECK(playing.counters().accepted == kNodes);
}

TEST_CASE("simulator: the program says when it is ready, writes its hosts, and counts") {
  TestFolder folder;
  write_file(folder / "key.pub", make_ssh_key("test").public_key + "\n");
  auto script = R"(
    cd "$1" && "$0" --nodes 3 --authorized-key key.pub --inventory hosts.yaml --user me >out &
    simulator=$!
    tries=0
    until grep -q ready "$1/out" || [ "$tries" -gt 500 ]; do sleep 0.01; tries=$((tries + 1)); done
    kill -TERM "$simulator"
    wait "$simulator"
    echo "exit $?"
    cat "$1/out")";
  auto text = run_or_throw({"sh", "-c", script, MUSTER_SIMULATOR, folder.path().string()});
  auto lines = split(trim(text), '\n');
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "exit 0");
  CHECK(lines[1] == "ready 3 nodes");
  CHECK(lines[2].starts_with("{\"simulation\":true,\"nodes\":3,\"accepted\":0,"));
  auto hosts = read_file(folder / "hosts.yaml");
  CHECK(hosts.find("{name: sim2, address: 127.64.0.3, port: ") != hosts.npos);
  CHECK(hosts.find("user: me, host_key: \"ssh-ed25519 AAAA") != hosts.npos);
}

TEST_CASE("simulator: wrong options are refused") {
  CHECK(parse_simulator_options({"--nodes", "7", "--loss", "0.5"}).nodes == 7);
  CHECK_THROWS_AS(parse_simulator_options({"--node", "7"}), Error);
  CHECK_THROWS_AS(parse_simulator_options({"--nodes"}), Error);
  CHECK_THROWS_AS(parse_simulator_options({"--nodes", "0"}), Error);
  CHECK_THROWS_AS(parse_simulator_options({"--answer", "yes"}), Error);
  auto no_key = canned();
  CHECK_THROWS_AS(Simulator{no_key}, Error);
  auto elsewhere = canned();
  elsewhere.first_address = "10.0.0.1";
  CHECK_THROWS_AS(Playing{elsewhere}, Error);
}
