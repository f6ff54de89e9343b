// Real nodes of the provider `local`; needs root, and is run by tests/integration/local.sh.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <random>
#include <thread>

#include "providers/local/cgroups.h"
#include "providers/local/local.h"
#include "providers/local/names.h"
#include "providers/local/network.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/ssh/session.h"
#include "tests/support/forbidden_calls.h"

using namespace muster;

namespace {

const std::string kLeftovers = std::string(MUSTER_SOURCE_DIR) + "/tests/support/leftovers.sh";

/// The client's side: a key of our own, and a folder for it that goes away.
struct Keys {
  Keys() {
    char name[] = "/tmp/muster-local-test.XXXXXX";
    folder = ::mkdtemp(name);
    run_or_throw({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", private_key()});
  }
  ~Keys() { std::filesystem::remove_all(folder); }
  std::string private_key() const { return (folder / "id").string(); }
  std::string public_key() const { return trim(read_file(folder / "id.pub")); }
  std::filesystem::path folder;
};

const Keys& keys() {
  static const Keys keys;
  return keys;
}

LocalProvider& provider() {
  static LocalProvider provider(default_local_root(), default_cache_directory());
  static bool prepared = [] {
    provider.prepare({"{}"}, [](const std::string& line) { std::cerr << line << "\n"; });
    return true;
  }();
  (void)prepared;
  return provider;
}

NodeSpec spec_of(const std::string& name, const std::string& tenant = "a",
                 const std::string& hints = "{}") {
  NodeSpec spec;
  spec.name = name;
  spec.fqdn = name + ".example";
  spec.deployment = "d";
  spec.tenant = tenant;
  spec.tag = "integration/" + tenant;
  spec.token = "token of " + name + " " + std::to_string(::getpid());
  spec.hints = hints;
  spec.authorized_key = keys().public_key();
  return spec;
}

/// Destroys what a test case made, also when it fails.
struct Cleanup {
  ~Cleanup() {
    for (const char* tenant : {"a", "b"}) {
      for (const auto& node : provider().list(std::string("integration/") + tenant)) {
        provider().destroy(node.handle);
      }
    }
  }
};

/// With the host key that the provider names, and no other.
ProcessResult ssh(const ProvidedNode& node, const std::string& command,
                  const std::string& input = "") {
  auto known = keys().folder / ("known_hosts." + node.handle);
  write_file(known, node.endpoint.address + " " + node.endpoint.host_key + "\n");
  ProcessSpec spec;
  spec.argv = {"ssh",
               "-i",
               keys().private_key(),
               "-o",
               "BatchMode=yes",
               "-o",
               "ConnectTimeout=5",
               "-o",
               "StrictHostKeyChecking=yes",
               "-o",
               "UserKnownHostsFile=" + known.string(),
               "root@" + node.endpoint.address,
               command};
  spec.input = input;
  return run_process(spec);
}

std::string leftovers() {
  ProcessSpec spec;
  spec.argv = {kLeftovers, "--only", default_local_root().string()};
  auto result = run_process(spec);
  return result.output + result.error_output;
}

bool reaches(const ProvidedNode& from, const std::string& address, int port) {
  auto answer = ssh(from, "exec 2>/dev/null; timeout 3 bash -c '</dev/tcp/" + address + "/" +
                              std::to_string(port) + "' && echo yes || echo no");
  if (answer.output == "yes\n") return true;
  // A node that cannot be asked must not count as one that reaches nobody.
  if (answer.output != "no\n") throw Error("cannot ask a node: " + answer.error_output);
  return false;
}

struct Attempt {
  ProvidedNode from;
  std::string address;
  int port;
};

/// All at once: each takes the whole second that packets are waited for.
bool none_reaches(const std::vector<Attempt>& attempts) {
  std::vector<std::future<bool>> answers;
  for (const auto& attempt : attempts) {
    answers.push_back(std::async(
        std::launch::async, [&] { return reaches(attempt.from, attempt.address, attempt.port); }));
  }
  bool any = false;
  for (auto& answer : answers) any = answer.get() || any;
  return !any;
}

/// A firewall like Docker's, that drops what it does not know; of all bridges, only tenant a's.
struct OtherFirewall {
  OtherFirewall() : bridge(local_bridge({default_local_root().string(), "integration", "a"})) {
    ProcessSpec spec;
    spec.argv = {"nft", "-f", "-"};
    spec.input =
        "table ip mutest {\n chain FORWARD {\n"
        "  type filter hook forward priority filter; policy drop;\n"
        "  iifname != \"" +
        bridge + "\" oifname != \"" + bridge + "\" accept\n }\n}\n";
    run_or_throw(spec);
  }
  ~OtherFirewall() {
    try {
      run_or_throw({"nft", "delete", "table", "ip", "mutest"});
    } catch (const Error& error) {
      std::cerr << error.what() << "\n";
    }
  }
  std::string rules() const {
    return run_or_throw({"nft", "list", "chain", "ip", "mutest", "FORWARD"});
  }
  std::string bridge;
};

constexpr std::uint16_t kPort = 7007;

/// A process that listens at the address in a network namespace; returns when it does.
pid_t listen_in_child(const std::string& network_namespace, const std::string& address) {
  int ready[2];
  REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
  pid_t child = ::fork();
  if (child == 0) {
    int space = ::open(network_namespace.c_str(), O_RDONLY | O_CLOEXEC);
    if (::setns(space, CLONE_NEWNET) != 0) ::_exit(1);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_port = htons(kPort);
    ::inet_pton(AF_INET, address.c_str(), &own.sin_addr);
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) ::_exit(1);
    if (::listen(fd, 8) != 0 || ::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  ::close(ready[1]);
  char byte = 0;
  CHECK(::read(ready[0], &byte, 1) == 1);
  ::close(ready[0]);
  return child;
}

/// Runs `work` in a process of its own and kills it after `wait`.
void run_and_kill(const std::function<void()>& work, std::chrono::microseconds wait) {
  pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    try {
      work();
    } catch (const std::exception&) {
    }
    ::_exit(0);
  }
  std::this_thread::sleep_for(wait);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

std::chrono::microseconds time_of(const std::function<void()>& work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

}  // namespace

TEST_CASE("local: nodes answer, know their names, and reach their own tenant only") {
  Cleanup cleanup;
  CHECK(provider().validate("{}") == std::vector<std::string>{});
  auto make = [](NodeSpec spec) { return provider().create(spec); };
  auto first = std::async(std::launch::async, make, spec_of("a-1"));
  auto second = std::async(std::launch::async, make, spec_of("a-2"));
  auto third = std::async(std::launch::async, make, spec_of("b-1", "b", R"({"internet": false})"));
  auto a1 = first.get(), a2 = second.get(), b1 = third.get();

  CHECK(ssh(a1, "hostname; cat /etc/hostname").output == "a-1\na-1\n");
  CHECK(ssh(a2, "hostname -f").output == "a-2.example\n");
  CHECK(ssh(a1, "systemctl is-system-running --wait").output == "running\n");
  CHECK(ssh(a1, "echo x > /opt/muster/store/x").exit_code != 0);
  CHECK(ssh(a1, "swapoff /no/such/file").error_output == "swapoff: Not superuser.\n");
  CHECK(ssh(a1, "date -s now").error_output == "date: cannot set date: Operation not permitted\n");
  CHECK(ssh(a1, "cat /proc/1/cgroup").output == ssh(a2, "cat /proc/1/cgroup").output);
  CHECK(ssh(b1, "true").exit_code == 0);
  CHECK(ssh(b1, "cat /etc/resolv.conf").output == "");  // no internet

  CHECK(reaches(a1, a2.endpoint.address, 22));
  CHECK(reaches(a2, a1.endpoint.address, 22));
  CHECK(none_reaches({{a1, b1.endpoint.address, 22},
                      {a2, b1.endpoint.address, 22},
                      {b1, a1.endpoint.address, 22},
                      {b1, a2.endpoint.address, 22}}));
  CHECK(ssh(a1, "ip route get " + b1.endpoint.address).exit_code == 0);

  auto here = leftovers();
  for (const auto& node : {a1, a2, b1}) {
    for (std::string thing : {"interface " + node.handle + "h\n", "processes of " + node.handle,
                              "/muster-" + node.handle + "\n", "/nodes/" + node.handle + ".json"}) {
      CAPTURE(thing);
      CHECK(here.find(thing) != std::string::npos);
    }
  }
  for (const char* tenant : {"a", "b"}) {
    auto bridge = local_bridge({default_local_root().string(), "integration", tenant});
    CHECK(here.find("interface " + bridge + "\n") != std::string::npos);
    CHECK(here.find("nftables muster_" + bridge + "\n") != std::string::npos);
  }

  CHECK(provider().list("integration/a").size() == 2);
  CHECK(provider().list("integration/b").size() == 1);
  CHECK(provider().list("integration").empty());
}

TEST_CASE("local: a node reaches the outside when it may, and never the host's services") {
  Cleanup cleanup;
  OtherFirewall firewall;
  auto online = provider().create(spec_of("a-1"));
  CHECK(firewall.rules().find("iifname \"" + firewall.bridge + "\" counter") != std::string::npos);
  auto second = provider().create(spec_of("a-3"));
  auto offline = provider().create(spec_of("a-2", "a", R"({"internet": false})"));
  // The outside: a network namespace behind the host, with an sshd-like listener.
  run_or_throw({"ip", "link", "add", "mutestout", "type", "veth", "peer", "name", "mutestin"});
  run_or_throw({"ip", "netns", "add", "mutest"});
  run_or_throw({"ip", "link", "set", "mutestin", "netns", "mutest"});
  run_or_throw({"ip", "addr", "add", "198.51.100.1/30", "dev", "mutestout"});
  run_or_throw({"ip", "link", "set", "mutestout", "up"});
  for (const char* line :
       {"link set lo up", "link set mutestin up", "addr add 198.51.100.2/30 dev mutestin"}) {
    auto argv = split("ip -n mutest " + std::string(line), ' ');
    run_or_throw(argv);
  }
  auto outside = listen_in_child("/run/netns/mutest", "198.51.100.2");
  auto gateway = trim(ssh(online, "ip -4 route show default | cut -d' ' -f3").output);
  auto host = listen_in_child("/proc/self/ns/net", "0.0.0.0");

  CHECK(reaches(online, second.endpoint.address, 22));
  CHECK(reaches(online, "198.51.100.2", kPort));
  CHECK(none_reaches({{offline, "198.51.100.2", kPort},
                      {online, gateway, kPort},
                      {online, "198.51.100.1", kPort}}));

  for (auto pid : {outside, host}) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  run_or_throw({"ip", "link", "del", "mutestout"});
  run_or_throw({"ip", "netns", "del", "mutest"});

  for (const auto& node : {online, second, offline}) provider().destroy(node.handle);
  CHECK(firewall.rules().find("ifname \"" + firewall.bridge + "\" counter") == std::string::npos);
}

TEST_CASE("local: creating again with the same token finds the same node") {
  Cleanup cleanup;
  auto first = provider().create(spec_of("a-1"));
  CHECK(ssh(first, "echo kept > /root/mark; sync").exit_code == 0);
  auto again = provider().create(spec_of("a-1"));
  CHECK(again.handle == first.handle);
  CHECK(again.endpoint.address == first.endpoint.address);
  CHECK(again.endpoint.host_key == first.endpoint.host_key);
  CHECK(ssh(again, "cat /root/mark").output == "kept\n");
  CHECK(provider().list("integration/a").size() == 1);
}

TEST_CASE("local: who takes the address of a node that is gone is found there at once") {
  Cleanup cleanup;
  provider().create(spec_of("a-stays"));
  auto first = provider().create(spec_of("a-goes"));
  auto mac = [](const ProvidedNode& node) {
    return ssh(node, "cat /sys/class/net/eth0/address").output;
  };
  auto wanted = mac(first);
  provider().destroy(first.handle);
  auto next = provider().create(spec_of("a-comes"));
  CHECK(next.endpoint.address == first.endpoint.address);
  CHECK(mac(next) == wanted);  // what neighbours remember of the address is true of it
  CHECK(wanted.size() == 18);
}

TEST_CASE("local: a node whose id is another's by chance does not take the other's place") {
  Cleanup cleanup;
  auto node = provider().create(spec_of("a-1"));
  LocalRecords records(default_local_root());
  auto other = *records.node(node.handle);
  other.token = "another";
  records.put(other);
  CHECK_THROWS_WITH_AS(provider().create(spec_of("a-1")),
                       ("the id '" + node.handle +
                        "' belongs to node 'a-1' of deployment 'd' already\n"
                        "  while creating local node 'a-1'\n"
                        "  destroy this node and create it again: it gets another id then")
                           .c_str(),
                       Error);
}

TEST_CASE("local: a node that was off keeps its disk, address, key and machine id") {
  Cleanup cleanup;
  auto node = provider().create(spec_of("a-1"));
  auto id = ssh(node, "echo kept > /root/mark; sync; cat /etc/machine-id").output;
  CHECK(id == local_machine_id(node.handle) + "\n");
  provider().set_power(node.handle, false);
  CHECK_FALSE(answers_ssh(node.endpoint.address, 22, std::chrono::milliseconds(500)));
  provider().set_power(node.handle, true);
  CHECK(ssh(node, "cat /root/mark /etc/machine-id").output == "kept\n" + id);

  // As after a reboot of the host: the bridge and its rules are gone as well.
  provider().set_power(node.handle, false);
  auto bridge = local_bridge(local_owner(default_local_root().string(), spec_of("a-1")));
  run_or_throw({"ip", "link", "del", bridge});
  run_or_throw({"nft", "delete", "table", "inet", local_table(bridge)});
  CHECK(provider().create(spec_of("a-1")).handle == node.handle);
  CHECK(ssh(node, "cat /root/mark").output == "kept\n");

  // A reboot from inside.
  ssh(node, "touch /run/before; systemctl reboot --force --force");
  // The old sshd may answer once more; then the new boot has an empty /run.
  Deadline deadline(std::chrono::seconds(30));
  while (ssh(node, "test ! -e /run/before").exit_code != 0) REQUIRE_FALSE(deadline.passed());
  CHECK(ssh(node, "cat /root/mark; hostname").output == "kept\na-1\n");
}

TEST_CASE("local: limits hold inside the node") {
  Cleanup cleanup;
  auto node = provider().create(spec_of("a-1", "a", R"({"cpus": 0.5, "memory_mb": 300})"));
  int found = 0;
  for (const auto& group : plan_cgroups(cgroup_host(), node.handle, {})) {
    for (const char* file : {"memory.limit_in_bytes", "memory.max"}) {  // v1, v2
      if (!std::filesystem::exists(group.path / file)) continue;
      CHECK(trim(read_file(group.path / file)) == "314572800");
      ++found;
    }
  }
  CHECK(found == 1);
}

TEST_CASE("local: a network that the host uses is refused by name") {
  Cleanup cleanup;
  auto node = provider().create(spec_of("a-1"));
  auto range = node.endpoint.address.substr(0, node.endpoint.address.rfind('.')) + ".0/24";
  CHECK_THROWS_WITH_AS(
      provider().create(spec_of("b-1", "b", R"({"network": ")" + range + "\"}")),
      ("the address range " + range +
       " has no free network for tenant 'b'\n"
       "  while creating local node 'b-1'\n"
       "  name another range with the hint 'network', e.g. {\"network\": \"10.77.0.0/16\"}")
          .c_str(),
      Error);
  CHECK_THROWS_AS(provider().create(spec_of("a-2", "a", R"({"network": "10.77.0.0/16"})")), Error);
}

TEST_CASE("local: the firewall loads on a machine that knows no names of protocols and services") {
  const LocalNetwork network{"mub0", "state", "tenant", *parse_ipv4_range("10.213.4.0/24")};
  const auto rules = keys().folder / "rules.nft";
  write_file(rules, firewall_text(network, std::vector<std::string>{"10.213.4.2"}));
  const auto listed = run_or_throw({"unshare", "--net", "--mount", "sh", "-ec",
                                    "mount --bind /dev/null /etc/protocols\n"
                                    "mount --bind /dev/null /etc/services\n"
                                    "nft -f \"$1\"\n"
                                    "nft list tables",
                                    "sh", rules.string()});
  CHECK(listed == "table inet muster_mub0\n");
}

TEST_CASE("local: destroying twice, or what never was, is fine; another's name is refused") {
  Cleanup cleanup;
  auto node = provider().create(spec_of("a-1"));
  provider().destroy(node.handle);
  provider().destroy(node.handle);
  provider().destroy("mun0123456789a");
  CHECK(leftovers() == "");
  CHECK_THROWS_WITH_AS(provider().destroy("../../etc"),
                       "'../../etc' is no node of provider 'local'", Error);
}

TEST_CASE("local: whenever create is killed, list and destroy leave nothing, or create finishes") {
  Cleanup cleanup;
  auto spec = spec_of("a-1");
  auto whole = time_of([&] { provider().create(spec); });
  for (const auto& node : provider().list(spec.tag)) provider().destroy(node.handle);
  CHECK(leftovers() == "");
  std::mt19937 random(std::random_device{}());
  for (int round = 0; round < 20; ++round) {
    auto wait = std::chrono::microseconds(
        std::uniform_int_distribution<long>(0, whole.count() * 11 / 10)(random));
    CAPTURE(wait.count());
    run_and_kill([&] { provider().create(spec); }, wait);
    auto nodes = provider().list(spec.tag);
    CHECK(nodes.size() <= 1);
    if (round % 3 == 0) {
      auto node = provider().create(spec);
      CHECK(ssh(node, "hostname").output == "a-1\n");
      nodes = provider().list(spec.tag);
    }
    for (const auto& node : nodes) provider().destroy(node.handle);
    CHECK(leftovers() == "");
  }
}

TEST_CASE("local: whenever destroy is killed, destroying again leaves nothing") {
  Cleanup cleanup;
  auto spec = spec_of("a-1");
  auto handle = provider().create(spec).handle;
  auto whole = time_of([&] { provider().destroy(handle); });
  std::mt19937 random(std::random_device{}());
  for (int round = 0; round < 10; ++round) {
    provider().create(spec);
    auto wait =
        std::chrono::microseconds(std::uniform_int_distribution<long>(0, whole.count())(random));
    CAPTURE(wait.count());
    run_and_kill([&] { provider().destroy(handle); }, wait);
    for (const auto& node : provider().list(spec.tag)) provider().destroy(node.handle);
    CHECK(leftovers() == "");
  }
}

TEST_CASE("local: what would change the whole machine is refused in a node") {
  Cleanup cleanup;
  auto node = provider().create(spec_of("a-1"));
  auto copied =
      ssh(node, "cat > /root/calls && chmod +x /root/calls", read_file(MUSTER_FORBIDDEN_CALLS));
  REQUIRE(copied.exit_code == 0);
  std::string wanted;
  for (const auto& call : forbidden_calls()) {
    wanted += std::string(to_text(call.entry)) + " " + call.name + ": Operation not permitted\n";
  }
  CHECK(ssh(node, "/root/calls").output == wanted);
}

// Not a check: prints how long nodes take. Run with:
//   tests/integration/local.sh build/debug --no-skip --test-case='local: how long*'
TEST_CASE("local: how long create and destroy take" * doctest::skip()) {
  Cleanup cleanup;
  for (int round = 0; round < 5; ++round) {
    for (std::size_t count : {1, 3}) {
      std::vector<std::future<ProvidedNode>> nodes;
      auto made = time_of([&] {
        for (std::size_t i = 0; i < count; ++i) {
          nodes.push_back(std::async(std::launch::async, [i] {
            return provider().create(spec_of("a-" + std::to_string(i)));
          }));
        }
        for (auto& node : nodes) node.wait();
      });
      auto gone = time_of([&] {
        std::vector<std::future<void>> ends;
        for (auto& node : nodes) {
          ends.push_back(std::async(std::launch::async,
                                    [handle = node.get().handle] { provider().destroy(handle); }));
        }
      });
      std::cout << count << " at once: created in " << made.count() / 1000 << " ms, destroyed in "
                << gone.count() / 1000 << " ms" << std::endl;
    }
  }
}
