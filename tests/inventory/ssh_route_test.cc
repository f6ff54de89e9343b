#include "inventory/ssh_route.h"

#include <doctest/doctest.h>

#include "provisioner/base/text.h"

using namespace muster;

namespace {

const SshFiles kSshFiles{"/s/t.key", "/s/d.known_hosts", "/s/bastions.known_hosts"};
const BastionKeys kSeen{{"[fd00::9]:2222", "ssh-ed25519 BBBB"}};

NodeRecord behind(const std::string& bastion) {
  NodeRecord node;
  node.name = "n1";
  node.state = NodeState::ready;
  node.endpoint.address = "fd00::1";
  node.endpoint.host_key = "ssh-ed25519 AAAA";
  node.endpoint.bastion = bastion;
  return node;
}

std::string value_of(const SshRoute& route, const std::string& name) {
  for (const auto& option : route.options) {
    if (option.name == name) return option.value;
  }
  return "";
}

}  // namespace

TEST_CASE("route: muster's own key opens the bastion too, whose host key must be the one seen") {
  auto route = ssh_route(behind("hop@[fd00::9]:2222"), kSshFiles, kSeen);
  CHECK(join(ssh_command(route), " ") ==
        "ssh -p 22 -l root -o LogLevel=ERROR -o IdentityFile=/s/t.key -o "
        "UserKnownHostsFile=/s/d.known_hosts -o HostKeyAlias=n1 -o StrictHostKeyChecking=yes -o "
        "IdentitiesOnly=yes -o ProxyCommand=ssh -p 2222 -l hop -o IdentityFile=/s/t.key -o "
        "IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o "
        "'UserKnownHostsFile=/s/d.known_hosts ~/.ssh/known_hosts' -W '[%h]:%p' fd00::9 fd00::1");
}

TEST_CASE("route: a key file opens both, the user's agent neither of them by name") {
  auto node = behind("hop@[fd00::9]:2222");
  node.endpoint.identity = "/home/me/id";
  CHECK(value_of(ssh_route(node, kSshFiles, kSeen), "ProxyCommand")
            .find("IdentityFile=/home/me/id") != std::string::npos);
  node.endpoint.identity = kUserIdentity;
  auto route = ssh_route(node, kSshFiles, kSeen);
  CHECK(route.key == "");
  CHECK(value_of(route, "IdentitiesOnly") == "");
  CHECK(value_of(route, "ProxyCommand").find("Identit") == std::string::npos);
}

TEST_CASE("route: the key of a bastion that was never seen is taken once") {
  auto command = value_of(ssh_route(behind("hop@gate"), kSshFiles, kSeen), "ProxyCommand");
  CHECK(command.find("-o StrictHostKeyChecking=accept-new -o "
                     "'UserKnownHostsFile=/s/bastions.known_hosts ~/.ssh/known_hosts'") !=
        std::string::npos);
}

TEST_CASE("route: the scope of an address is no word of ssh's") {
  auto command =
      value_of(ssh_route(behind("hop@[fe80::1%eth0]"), kSshFiles, kSeen), "ProxyCommand");
  CHECK(command.substr(command.find(" -W ")) == " -W '[%h]:%p' fe80::1%%eth0");
}

TEST_CASE("route: host keys of nodes are known by name, of bastions by address, each once") {
  DeploymentRecord record;
  record.nodes = {behind("hop@[fd00::9]:2222"), behind("other@[FD00:0::9]:2222"),
                  behind("hop@gate")};
  record.nodes[1].name = "n2";
  record.nodes[2].name = "n3";
  record.nodes[2].endpoint.host_key.clear();
  CHECK(host_keys_text(record, kSeen) ==
        "n1 ssh-ed25519 AAAA\nn2 ssh-ed25519 AAAA\n[FD00:0::9]:2222 ssh-ed25519 BBBB\n"
        "[fd00::9]:2222 ssh-ed25519 BBBB\n");
}
