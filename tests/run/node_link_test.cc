#include "provisioner/run/node_link.h"

#include <doctest/doctest.h>

#include "tests/support/said.h"
#include "tests/support/sshd.h"
#include "tests/support/user_home.h"

using namespace muster;

namespace {

/// "" when the node answers, else why not.
std::string trouble(const Endpoint& endpoint, const SshOptions& options) {
  RunResources resources;
  NodeLinks links({options, "d", &resources, {}});
  try {
    return links.to("n-1", endpoint).facts().values.contains("arch") ? "" : "no facts";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("node link: without an identity muster's own key opens the node") {
  TestSshd sshd;
  CHECK(trouble(sshd.endpoint(), sshd.options()) == "");
}

TEST_CASE("node link: a key file opens the node, whatever muster's own key is") {
  TestSshd sshd;
  TestSshd other;
  auto endpoint = sshd.endpoint();
  CHECK(has(trouble(endpoint, other.options()), "does not accept muster's key"));
  endpoint.identity = sshd.folder() / "client_key";
  CHECK(trouble(endpoint, other.options()) == "");
  endpoint.identity = other.folder() / "client_key";
  CHECK(has(trouble(endpoint, sshd.options()), "does not accept muster's key"));
}

TEST_CASE("node link: a key file that is missing, empty or no key is an error that says so") {
  TestSshd sshd;
  auto endpoint = sshd.endpoint();
  endpoint.identity = sshd.folder() / "nowhere";
  CHECK(has(trouble(endpoint, sshd.options()), endpoint.identity));
  endpoint.identity = sshd.folder() / "empty";
  write_file(endpoint.identity, "\n");
  CHECK(trouble(endpoint, sshd.options()) ==
        "the private key file '" + endpoint.identity + "' is empty");
  write_file(endpoint.identity, "hello");
  CHECK(has(trouble(endpoint, sshd.options()), "cannot be read"));
}

TEST_CASE("node link: the user's identity is the user's keys, and muster's own is not offered") {
  TestSshd sshd;
  UserHome home;
  auto endpoint = sshd.endpoint();
  endpoint.identity = kUserIdentity;
  CHECK(has(trouble(endpoint, sshd.options()), "accepts no key of your ssh agent or ~/.ssh"));
  home.write("id_ed25519", read_file(sshd.folder() / "client_key"));
  CHECK(trouble(endpoint, {}) == "");
}

TEST_CASE("node link: a host key that nobody told is trusted once, and must be the same then") {
  TestSshd sshd;
  TestSshd other;
  auto endpoint = sshd.endpoint();
  endpoint.host_key.clear();
  RunResources resources;
  NodeLinks links({sshd.options(), "d", &resources, {}});
  auto& link = links.to("n-1", endpoint);
  CHECK(link.host_key().empty());
  link.facts();
  CHECK(link.host_key() == sshd.host_key());
  link.drop();
  link.facts();
  CHECK(link.host_key() == sshd.host_key());
  link.drop();
  sshd.change_host_key(other.folder() / "host_key");
  try {
    link.facts();
    FAIL("connected");
  } catch (const Error& error) {
    CHECK(has(error.what(), "changed: expected"));
  }
}

TEST_CASE("node link: a check asks for the facts too, and the run goes on with its connection") {
  TestSshd sshd;
  const auto endpoint = sshd.endpoint();
  RunResources resources;
  NodeLinks links({sshd.options(), "d", &resources, {}});
  auto& link = links.to("n-1", endpoint);
  auto look = link.look({});
  CHECK(look.no_root == "");
  CHECK(look.seen.facts.values.contains("arch"));
  REQUIRE(look.seen.clock);
  CHECK(*look.seen.clock <= look.heard);  // of this very machine
  CHECK(*look.seen.clock + (look.seen.clock_is_whole ? 1 : 0) >= look.asked);
  sshd.pause();  // nobody else gets in
  CHECK(link.facts().values == look.seen.facts.values);
  CHECK(&links.anew("n-1", endpoint) == &link);
  auto unpinned = endpoint;
  unpinned.host_key.clear();
  CHECK(&links.anew("n-1", unpinned) == &link);
  CHECK(link.goes_to(unpinned));
  auto other = endpoint;
  other.port = 1;
  CHECK_FALSE(link.goes_to(other));
  CHECK(links.anew("n-1", other).goes_to(other));
}

TEST_CASE("node link: a check of a node that was silent is no reason not to ask it in the run") {
  TestSshd sshd;
  const auto endpoint = sshd.endpoint();
  sshd.stop();
  RunResources resources;
  LinkOptions options{sshd.options(), "d", &resources, {}};
  options.patience = std::chrono::milliseconds(0);
  NodeLinks links(options);
  CHECK_THROWS_AS(links.to("n-1", endpoint).look({}), Error);
  CHECK(links.to("n-1", endpoint).is_silent());
  CHECK_FALSE(links.anew("n-1", endpoint).is_silent());
}

TEST_CASE("node link: who is not let in is told why, and not that sudo is missing") {
  TestSshd sshd;
  TestSshd other;
  RunResources resources;
  LinkOptions options{sshd.options(), "d", &resources, {}};
  options.patience = std::chrono::milliseconds(0);
  NodeLinks links(options);
  auto endpoint = sshd.endpoint();
  endpoint.user = "nobody-of-this-name";
  auto look = [&] {
    links.forget("n-1");
    links.to("n-1", endpoint).look({});
  };
  CHECK_THROWS_AS(look(), Error);
  endpoint.identity = sshd.folder() / "nowhere";
  CHECK_THROWS_AS(look(), KeyUnusable);
  endpoint.identity = sshd.folder() / "empty";
  write_file(endpoint.identity, "\n");
  CHECK_THROWS_AS(look(), KeyUnusable);
  write_file(endpoint.identity, "hello");
  CHECK_THROWS_AS(look(), KeyUnusable);
  endpoint.identity.clear();
  endpoint.host_key = other.host_key();
  CHECK_THROWS_AS(look(), HostKeyChanged);
  sshd.stop();
  CHECK_THROWS_AS(look(), Error);
  CHECK(links.to("n-1", endpoint).is_silent());
}

TEST_CASE("node link: a host key that changed is told from other refusals") {
  TestSshd sshd;
  TestSshd other;
  auto endpoint = sshd.endpoint();
  endpoint.host_key = other.host_key();
  RunResources resources;
  NodeLinks links({sshd.options(), "d", &resources, {}});
  CHECK_THROWS_AS(links.to("n-1", endpoint).look({}), HostKeyChanged);
  links.forget("n-1");
  endpoint.host_key = sshd.host_key();
  endpoint.identity = other.folder() / "client_key";
  try {
    links.to("n-1", endpoint).look({});
    FAIL("it must be refused");
  } catch (const HostKeyChanged&) {
    FAIL("its key is the right one");
  } catch (const Error& error) {
    CHECK(has(error.what(), "does not accept muster's key"));
  }
}
