#include <doctest/doctest.h>

#include <cstdlib>

#include "providers/local/local.h"
#include "providers/provider.h"
#include "provisioner/base/error.h"
#include "tests/support/folder.h"

using namespace muster;

TEST_CASE("registry: the kinds are built in, by their names and by Digital Rebar's") {
  TestFolder folder;
  ProviderRegistry registry({folder.path()});
  CHECK(registry.names() == std::vector<std::string>{"exec", "inventory", "local"});
  CHECK(&registry.get("local") == &registry.get("local-provider"));
}

TEST_CASE("registry: a name that was given is one of its kind") {
  TestFolder folder;
  ProviderRegistry registry({folder.path()});
  registry.give({"lab", "local", "{}", {}});
  registry.give({"google-provider", "inventory", "{}", {}});
  CHECK(&registry.get("lab") == &registry.get("local"));
  CHECK(&registry.get("google-provider") == &registry.get("inventory"));
  CHECK(registry.names() == std::vector<std::string>{"exec", "inventory", "local"});
  CHECK_THROWS_WITH_AS(
      registry.get("labb"),
      "there is no provider 'labb'; known: exec, inventory, local, google-provider, lab"
      "\n  did you mean 'lab'?",
      Error);
}

TEST_CASE("registry: an unknown name is an error with the known ones, and the one meant") {
  TestFolder folder;
  ProviderRegistry registry({folder.path()});
  CHECK_THROWS_WITH_AS(
      registry.get("loacl"),
      "there is no provider 'loacl'; known: exec, inventory, local\n  did you mean 'local'?",
      Error);
  CHECK_THROWS_WITH_AS(registry.get("locl-provider"),
                       "there is no provider 'locl-provider'; known: exec, inventory, local\n"
                       "  did you mean 'local'?",
                       Error);
  CHECK_THROWS_WITH_AS(registry.get("google-provider"),
                       "there is no provider 'google-provider'; known: exec, inventory, local\n"
                       "  name another one in the definition, or with --provider local",
                       Error);
  try {
    registry.get("google");
  } catch (const Error& error) {
    CHECK(error.exit_code() == ExitCode::usage);
  }
}

TEST_CASE("registry: the folder of local nodes is the environment's when that is absolute") {
  const char* before = std::getenv("MUSTER_LOCAL_DIR");
  std::string kept = before != nullptr ? before : "";
  ::unsetenv("MUSTER_LOCAL_DIR");
  CHECK(default_local_root() == "/var/lib/muster/local");
  ::setenv("MUSTER_LOCAL_DIR", "relative", 1);
  CHECK(default_local_root() == "/var/lib/muster/local");
  for (const char* same : {"/srv/nodes", "/srv/nodes/", "/srv//x/../nodes"}) {
    ::setenv("MUSTER_LOCAL_DIR", same, 1);
    CHECK(default_local_root() == "/srv/nodes");
  }
  if (before != nullptr) {
    ::setenv("MUSTER_LOCAL_DIR", kept.c_str(), 1);
  } else {
    ::unsetenv("MUSTER_LOCAL_DIR");
  }
}

TEST_CASE("registry: a handle that is no local node's is refused before anything is touched") {
  TestFolder folder;
  LocalProvider provider(folder.path() / "local", folder.path() / "cache");
  for (const char* handle : {"", "../../etc", "mub0123456789a"}) {
    auto expected = "'" + std::string(handle) + "' is no node of provider 'local'";
    CHECK_THROWS_WITH_AS(provider.destroy(handle), expected.c_str(), Error);
    CHECK_THROWS_WITH_AS(provider.set_power(handle, true), expected.c_str(), Error);
  }
}

TEST_CASE("registry: where there are no nodes, none are listed and nothing is made") {
  TestFolder folder;
  LocalProvider provider(folder.path() / "local", folder.path() / "cache");
  CHECK(provider.list("state/deployment").empty());
  CHECK_FALSE(std::filesystem::exists(folder.path() / "local"));
}

TEST_CASE("registry: validate tells mistakes in hints with what the machine lacks") {
  TestFolder folder;
  LocalProvider provider(folder.path() / "local", folder.path() / "cache");
  auto problems = provider.validate(R"({"cpu": 2})");
  REQUIRE_FALSE(problems.empty());
  CHECK(problems.front() == "provider 'local' has no hint 'cpu'; did you mean 'cpus'?");
}
