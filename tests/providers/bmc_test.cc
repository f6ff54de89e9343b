// What the provider inventory does with hosts that have a BMC, where none answers.
#include <doctest/doctest.h>

#include <filesystem>

#include "providers/inventory/inventory.h"
#include "provisioner/base/files.h"
#include "tests/support/folder.h"
#include "tests/support/said.h"

using namespace muster;

namespace {

/// One host, with a BMC where nobody listens.
struct BmcYard {
  explicit BmcYard(std::string at = "10.0.0.1", int on = 22) : address(std::move(at)), port(on) {
    write_file(folder / "password", "sesame\n", 0600);
  }

  void write(const std::string& uses) const {
    write_file(folder / "hosts.yaml",
               "hosts:\n  - {name: h, address: " + address + ", port: " + std::to_string(port) +
                   ", bmc: {kind: redfish, address: 127.0.0.1, port: 1, user: u, password_file: "
                   "password" +
                   uses + "}}\n");
  }
  NodeSpec spec() const {
    NodeSpec spec;
    spec.name = "n";
    spec.deployment = "a";
    spec.tag = "state/a";
    spec.token = "token";
    spec.hints = R"({"file": ")" + (folder / "hosts.yaml") + "\"}";
    return spec;
  }

  TestFolder folder;
  std::string address;
  int port;
  InventoryProvider provider{folder.path() / "claims"};
};

}  // namespace

TEST_CASE("inventory: a host that is put to sleep at the end is released after that") {
  BmcYard yard;
  yard.write(", release: off");
  const auto node = yard.provider.create(yard.spec());
  const auto why = error_of([&] { yard.provider.destroy(node.handle); });
  CHECK(has(why, "BMC 127.0.0.1 (redfish) does not answer"));
  CHECK(has(why, "while switching off host 'h'"));
  CHECK(has(why, "take 'release: off' out of"));
  CHECK(!has(why, "sesame"));
  CHECK(yard.provider.list("state/a").size() == 1);
  yard.write("");
  yard.provider.destroy(node.handle);
  CHECK(yard.provider.list("state/a").empty());
}

TEST_CASE("inventory: a host that is left as it is needs no BMC to be released") {
  BmcYard yard;
  yard.write("");
  const auto node = yard.provider.create(yard.spec());
  yard.provider.destroy(node.handle);
  CHECK(yard.provider.list("state/a").empty());
}

TEST_CASE("inventory: a host that cannot be woken is an error, and stays the node's") {
  BmcYard yard("127.0.0.1", 2);
  yard.write(", wake: true");
  CHECK(!yard.provider.machines({yard.spec()}).front());
  const auto why = error_of([&] { yard.provider.create(yard.spec()); });
  CHECK(has(why, "does not answer"));
  CHECK(has(why, "while waking host 'h'"));
  const auto nodes = yard.provider.list("state/a");
  REQUIRE(nodes.size() == 1);
  CHECK(nodes.front().running);  // nobody knows
}

TEST_CASE("inventory: power needs a BMC in the file") {
  BmcYard yard;
  yard.write("");
  const auto node = yard.provider.create(yard.spec());
  write_file(yard.folder / "hosts.yaml", "hosts: [{name: h, address: 10.0.0.1}]\n");
  CHECK(has(error_of([&] { yard.provider.set_power(node.handle, false); }),
            "host 'h' has no 'bmc' in"));
  CHECK(has(error_of([&] { yard.provider.set_power("10.0.0.9:22/other", false); }),
            "no hosts file has the host of"));
}
