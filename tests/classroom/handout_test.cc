#include "provisioner/classroom/handout.h"

#include <doctest/doctest.h>

using namespace muster;

namespace {

const BastionKeys kBastions{{"10.0.0.1:22", "ssh-ed25519 BBBB"}};

Cluster cluster(bool kubernetes = true) {
  Cluster made;
  made.name = "lab-ann";
  made.settings.login_user = "student";
  made.kubernetes = kubernetes;
  return made;
}

DeploymentRecord record() {
  DeploymentRecord made;
  made.name = "lab-ann";
  NodeRecord node;
  node.name = "control-001";
  node.state = NodeState::ready;
  node.endpoint.address = "10.77.0.2";
  node.endpoint.host_key = "ssh-ed25519 AAAA";
  node.wanted_roles = {"etcd", "k8s-master"};
  made.nodes.push_back(node);
  node.name = "worker-001";
  node.endpoint.port = 2222;
  node.endpoint.bastion = "jump@10.0.0.1";
  node.wanted_roles = {"k8s-worker"};
  made.nodes.push_back(node);
  node.name = "worker-002";
  node.state = NodeState::creating;
  made.nodes.push_back(node);
  return made;
}

}  // namespace

TEST_CASE("handout: ssh knows the nodes that are there, and whom to log in as") {
  auto text = ssh_config_text(cluster(), record(), kBastions);
  CHECK(text.substr(text.find("\nHost")) == R"(
Host control-001
  HostName 10.77.0.2
  Port 22
  User student
  UserKnownHostsFile known_hosts
  HostKeyAlias control-001
  StrictHostKeyChecking yes

Host worker-001
  HostName 10.77.0.2
  Port 2222
  User student
  UserKnownHostsFile known_hosts
  HostKeyAlias worker-001
  StrictHostKeyChecking yes
  ProxyCommand ssh -p 22 -l jump -o StrictHostKeyChecking=yes -o 'UserKnownHostsFile=known_hosts ~/.ssh/known_hosts' -W '[%h]:%p' 10.0.0.1
)");
  CHECK(known_hosts_text(record(), kBastions) ==
        "control-001,10.77.0.2 ssh-ed25519 AAAA\n"
        "worker-001,[10.77.0.2]:2222 ssh-ed25519 AAAA\n"
        "10.0.0.1 ssh-ed25519 BBBB\n");
}

TEST_CASE("handout: the README has the commands to begin with") {
  auto text = handout_readme(cluster(), record());
  CHECK(text.find("```\nexport KUBECONFIG=\"$PWD/kubeconfig\"\nkubectl get nodes\n"
                  "ssh -F ssh_config control-001\n```\n") != std::string::npos);
  CHECK(text.find("| worker-001 | 10.77.0.2 | k8s-worker |\n") != std::string::npos);
  auto plain = handout_readme(cluster(false), record());
  CHECK(plain.find("kubectl") == std::string::npos);
  CHECK(plain.find("KUBECONFIG") == std::string::npos);
  CHECK(plain.find("```\nssh -F ssh_config control-001\n```\n") != std::string::npos);
}
