// How nodes are reached: every form of address, and the user's own ssh config, keys, agent and
// known hosts. Run by tests/integration/login.sh, which puts it into namespaces of its own.
#include <doctest/doctest.h>

#include "inventory/address.h"
#include "inventory/ssh_route.h"
#include "tests/integration/comfort_node.h"

using namespace muster;
using namespace muster::testing;
using namespace std::chrono_literals;

namespace {

/// Of a link, as far as the first answer; "" when it answers.
std::string refusal(const Endpoint& endpoint, const SshOptions& options = {}) {
  RunResources resources;
  NodeLinks links({options, "d", &resources, {}});
  auto& link = links.to("n1", endpoint);
  try {
    return link.facts().values.at("uid") == "0" ? "" : "not root";
  } catch (const Error& error) {
    return error.what();
  }
}

std::string link_local_address() {
  for (Deadline until(20s); !until.passed(); std::this_thread::sleep_for(20ms)) {
    auto shown = run_or_throw({"ip", "-6", "-o", "addr", "show", "node0"});
    if (shown.find("tentative") != std::string::npos) continue;
    for (const auto& word : split(shown, ' ')) {
      if (word.starts_with("fe80:")) return word.substr(0, word.find('/')) + "%node0";
    }
  }
  throw std::runtime_error("node0 has no link-local address");
}

/// The user's ~/.ssh while a test lasts. ssh(1) does not look at $HOME, so it is the real one of
/// this world.
class UserSettings {
 public:
  UserSettings() { make_directory(kFolder, 0700); }
  ~UserSettings() { std::filesystem::remove_all(kFolder); }
  UserSettings(const UserSettings&) = delete;
  UserSettings& operator=(const UserSettings&) = delete;

  void write(const std::string& file, const std::string& content) const {
    write_file(*this / file, content, 0600);
  }
  std::string operator/(const std::string& file) const { return kFolder + ("/" + file); }

 private:
  static constexpr const char* kFolder = "/root/.ssh";
};

/// A real ssh-agent; ends with the test.
class Agent {
 public:
  explicit Agent(const std::string& socket) : socket_(socket) {
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(1);
      ::execlp("ssh-agent", "ssh-agent", "-D", "-a", socket.c_str(), nullptr);
      ::_exit(127);
    }
    for (Deadline until(10s); !std::filesystem::exists(socket) && !until.passed();) {
      std::this_thread::sleep_for(10ms);
    }
    ::setenv("SSH_AUTH_SOCK", socket.c_str(), 1);
  }
  ~Agent() {
    ::unsetenv("SSH_AUTH_SOCK");
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

 private:
  std::string socket_;
  pid_t pid_ = 0;
};

}  // namespace

TEST_CASE("login: every form of address") {
  auto local = link_local_address();
  ComfortNode node("root", "/bin/bash", "ListenAddress ::1\nListenAddress " + local + "\n");
  node.put("/etc/hosts",
           "127.0.0.1 localhost\n127.0.0.9 several\n127.0.0.8 several\n127.0.0.1 several\n"
           "::1 six\n127.0.0.9 dead\n");
  auto endpoint = node.endpoint();
  for (const auto& address :
       std::vector<std::string>{"127.0.0.1", "::1", local, "localhost", "several", "six"}) {
    CAPTURE(address);
    endpoint.address = address;
    CHECK(refusal(endpoint, node.sshd().options()) == "");
  }
  endpoint.address = "::1";
  RunResources resources;
  NodeLinks links({node.sshd().options(), "d", &resources, {}});
  auto& link = links.to("n1", endpoint);
  CHECK(run_command(link, "echo six").text() == "changed");
}

TEST_CASE("login: the user's ssh config") {
  ComfortNode node("ann");
  node.allow_sudo();
  UserSettings home;
  auto key = node.sshd().folder() / "client_key";
  auto port = std::to_string(node.sshd().port());
  // Nothing else is on port 22.
  home.write("config", "Host some-node\n  HostName 127.0.0.1\n  Port " + port +
                           "\n  IdentityFile " + key + "\nHost other\n  HostName 127.0.0.1\n");
  auto endpoint = node.endpoint();
  endpoint.address = "some-node";
  endpoint.port = 22;
  CHECK(refusal(endpoint) == "");
  auto bastion = "Host gate\n  HostName 127.0.0.1\n  User ann\n  Port " + port +
                 "\n  IdentityFile " + key + "\n  StrictHostKeyChecking no\n";
  auto behind = "Host some-node\n  HostName 127.0.0.1\n  Port " + port + "\n  IdentityFile " + key;
  for (const char* way :
       {"ProxyCommand ssh -q -W %h:%p gate", "ProxyJump gate", "ProxyJump ann@gate"}) {
    CAPTURE(way);
    home.write("config", behind + "\n  " + way + "\n" + bastion);
    CHECK(refusal(endpoint) == "");
    // It really is the way: without the gate nothing is reached.
    home.write("config", behind + "\n  " + way + "\nHost gate\n  HostName 127.0.0.1\n  Port 1\n");
    CHECK(refusal(endpoint) != "");
  }
}

TEST_CASE("login: a key of the user's agent, an encrypted one without it") {
  ComfortNode node;
  UserSettings home;
  auto key = home / "id_ed25519";
  std::filesystem::copy_file(node.sshd().folder() / "client_key", key);
  run_or_throw({"ssh-keygen", "-q", "-p", "-P", "", "-N", "a passphrase", "-f", key});
  auto endpoint = node.endpoint();
  auto said = refusal(endpoint);
  CHECK(said == "'root@127.0.0.1:" + std::to_string(endpoint.port) +
                    "' accepts no key of your ssh agent or ~/.ssh\n"
                    "  check the login user, and load a key that the node knows with ssh-add");
  Agent agent(home / "agent");
  CHECK(refusal(endpoint) == said);
  run_or_throw({"ssh-add", "-q", node.sshd().folder() / "client_key"});
  CHECK(refusal(endpoint) == "");
}

TEST_CASE("login: a host key that changed is refused, whoever remembers the old one") {
  ComfortNode node;
  UserSettings home;
  home.write("config", "IdentityFile " + (node.sshd().folder() / "client_key") + "\n");
  auto endpoint = node.endpoint();
  endpoint.host_key = node.sshd().client_key();
  CHECK(refusal(endpoint).starts_with("the host key of '127.0.0.1:"));
  endpoint.host_key.clear();
  auto host = "[127.0.0.1]:" + std::to_string(endpoint.port) + " ";
  home.write("known_hosts", host + node.sshd().host_key() + "\n");
  CHECK(refusal(endpoint) == "");
  home.write("known_hosts", host + node.sshd().client_key() + "\n");
  CHECK(refusal(endpoint).find("is not the one in your ~/.ssh/known_hosts") != std::string::npos);
}

TEST_CASE("login: ssh passes a bastion as muster does, with whichever key, over IPv6 too") {
  TestSshd node("ListenAddress ::1\n");
  TestSshd bastion("ListenAddress ::1\n");
  write_file(bastion.folder() / "authorized_keys", read_file(node.folder() / "client_key.pub"));
  UserSettings home;
  DeploymentRecord record;
  record.name = "d";
  record.nodes.resize(1);
  auto& recorded = record.nodes.front();
  recorded.name = "n1";
  recorded.endpoint = node.endpoint();
  const SshFiles files{node.folder() / "client_key", node.folder() / "d.known_hosts",
                       node.folder() / "bastions.known_hosts"};
  auto by_ssh = [&](const BastionKeys& bastions) {
    write_file(files.known_hosts, host_keys_text(record, bastions), 0600);
    ProcessSpec spec;
    spec.argv = ssh_command(ssh_route(recorded, files, bastions));
    spec.argv.insert(spec.argv.begin() + 1, {"-o", "BatchMode=yes"});
    spec.argv.insert(spec.argv.end(), {"--", "echo passed"});
    auto result = run_process(spec);
    return result.output + result.error_output;
  };
  for (const std::string address : {"127.0.0.1", "::1"}) {
    recorded.endpoint.address = address;
    recorded.endpoint.bastion = "root@" + bracketed(address) + ":" + std::to_string(bastion.port());
    const auto place = bracketed(address) + ":" + std::to_string(bastion.port());
    const BastionKeys seen{{place, bastion.host_key()}};
    CAPTURE(address);
    // muster's own key, then that of a file, then the agent's.
    recorded.endpoint.identity = "";
    CHECK(refusal(recorded.endpoint, node.options()) == "");
    CHECK(by_ssh(seen) == "passed\n");
    CHECK(by_ssh({}).starts_with("passed\n"));  // the bastion never seen
    recorded.endpoint.identity = node.folder() / "client_key";
    CHECK(refusal(recorded.endpoint) == "");
    CHECK(by_ssh(seen) == "passed\n");
    recorded.endpoint.identity = kUserIdentity;
    {
      Agent agent(home / "agent");
      run_or_throw({"ssh-add", "-q", node.folder() / "client_key"});
      CHECK(refusal(recorded.endpoint) == "");
      CHECK(by_ssh(seen) == "passed\n");
    }
    std::filesystem::remove(home / "agent");
    // Another key than was seen is refused by both.
    recorded.endpoint.identity = "";
    CHECK(by_ssh({{place, node.host_key()}}).find("Host key verification failed.") !=
          std::string::npos);
    home.write("known_hosts", "[" + address + "]:" + std::to_string(bastion.port()) + " " +
                                  node.host_key() + "\n");
    CHECK(refusal(recorded.endpoint, node.options()).starts_with("the host key of the bastion '"));
    std::filesystem::remove(home / "known_hosts");
    std::filesystem::remove(files.bastions);
  }
}
