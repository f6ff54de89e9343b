#include "provisioner/import/ssh_arguments.h"

#include <doctest/doctest.h>

#include "provisioner/base/text.h"

using namespace muster;

namespace {

/// "user@host:port (key)", and what is left over.
std::string jump_of(const std::string& text) {
  auto read = read_ssh_arguments(text);
  std::string others = read.others.empty() ? "" : " others: " + join(read.others, ", ");
  if (!read.jump) return "none" + others;
  const auto& jump = *read.jump;
  return jump.user + "@" + jump.host + ":" + jump.port +
         (jump.key.empty() ? "" : " (" + jump.key + ")") + others;
}

}  // namespace

TEST_CASE("ssh arguments: a jump in all its forms") {
  CHECK(jump_of("-J ops@gate") == "ops@gate:");
  CHECK(jump_of("-Jops@gate:2200") == "ops@gate:2200");
  CHECK(jump_of("-o ProxyJump=ops@gate:22") == "ops@gate:22");
  CHECK(jump_of("-oproxyjump=gate") == "@gate:");
  CHECK(jump_of("-o 'ProxyJump ops@gate'") == "ops@gate:");
  CHECK(jump_of("-J ssh://ops@[2001:db8::1]:2200") == "ops@2001:db8::1:2200");
  CHECK(jump_of("-q -C -J ops@gate -v") == "ops@gate:");
  CHECK(jump_of("-o ProxyJump=none") == "none");
}

TEST_CASE("ssh arguments: a ProxyCommand that is a jump") {
  CHECK(jump_of(R"(-o ProxyCommand="ssh -W %h:%p ops@gate")") == "ops@gate:");
  CHECK(jump_of(R"(-o ProxyCommand="ssh -W [%h]:%p -q -p 2200 -i ~/.ssh/k gate -l ops")") ==
        "ops@gate:2200 (~/.ssh/k)");
  CHECK(jump_of(R"(-o ProxyCommand='/usr/bin/ssh -qW %h:%p -o User=ops -o Port=23 gate')") ==
        "ops@gate:23");
  CHECK(jump_of(R"(-oProxyCommand="ssh -F /dev/null -o StrictHostKeyChecking=no -W %h:%p a@b")") ==
        "a@b:");
}

TEST_CASE("ssh arguments: what is no jump of one host is told") {
  CHECK(jump_of("-J a@b,c@d") == "none others: ProxyJump a@b,c@d");
  CHECK(jump_of(R"(-o ProxyCommand="nc -x proxy:1080 %h %p")") == "none others: ProxyCommand");
  CHECK(jump_of(R"(-o ProxyCommand="ssh ops@gate nc %h %p")") == "none others: ProxyCommand");
  CHECK(jump_of(R"(-o ProxyCommand="ssh -J x@y -W %h:%p a@b")") == "none others: ProxyCommand");
  CHECK(jump_of("-o ProxyCommand='open") == "none others: a quote in it is not closed");
  CHECK(jump_of("-o HostKeyAlgorithms=ssh-rsa") == "none others: HostKeyAlgorithms");
  CHECK(jump_of("-F other.config") == "none others: -F");
}

TEST_CASE("ssh arguments: logins, and switches of the host key's check") {
  auto read = read_ssh_arguments(
      "-i ~/.ssh/id -p 2222 -l ops -o ControlPersist=30m -o StrictHostKeyChecking=no "
      "-o UserKnownHostsFile=/dev/null");
  CHECK(read.key == "~/.ssh/id");
  CHECK(read.port == "2222");
  CHECK(read.user == "ops");
  CHECK(join(read.host_key, " ") == "StrictHostKeyChecking=no UserKnownHostsFile=/dev/null");
  CHECK(read.others.empty());
}
