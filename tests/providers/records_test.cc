#include "providers/local/records.h"

#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "tests/support/folder.h"

using namespace muster;

namespace {

LocalNode some_node(const std::string& id = "mun0123456789a") {
  LocalNode node;
  node.id = id;
  node.token = "token \"quoted\"";
  node.tag = "state/deployment";
  node.deployment = "deployment";
  node.tenant = "tenant";
  node.name = "w-1";
  node.fqdn = "w-1.example";
  node.bridge = "mub01234567890";
  node.address = "10.213.0.2";
  node.host_key = "ssh-ed25519 AAAA";
  node.image = "/cache/images/node-1";
  node.cpus = 1.5;
  node.memory_mb = 512;
  node.internet = false;
  node.complete = true;
  return node;
}

LocalNetwork some_network() {
  return {"mub01234567890", "state", "tenant", *parse_ipv4_range("10.213.0.0/24")};
}

const std::string kHint =
    "\n  remove the node or network of this name by hand as docs/providers.md says, then this file";

}  // namespace

TEST_CASE("records: a node and a network are read as they were written") {
  CHECK(parse_local_node(to_json(some_node()), "f") == some_node());
  CHECK(parse_local_network(to_json(some_network()), "f") == some_network());
}

TEST_CASE("records: a record cut at any byte is an error that names the file") {
  auto whole = to_json(some_node());
  for (std::size_t length = 0; length + 2 < whole.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_WITH_AS(parse_local_node(whole.substr(0, length), "/r/nodes/mun1.json"),
                         ("the record '/r/nodes/mun1.json' is damaged" + kHint).c_str(), Error);
  }
}

TEST_CASE("records: a record that lacks something, or has it in another type, is damaged") {
  CHECK_THROWS_WITH_AS(parse_local_node("{}", "/r/n.json"),
                       ("the record '/r/n.json' is damaged: [json.exception.out_of_range.403] "
                        "key 'id' not found" +
                        kHint)
                           .c_str(),
                       Error);
  auto text = to_json(some_node());
  auto at = text.find("512");
  text.replace(at, 3, "\"x\"");
  CHECK_THROWS_AS(parse_local_node(text, "/r/n.json"), Error);
  CHECK_THROWS_WITH_AS(
      parse_local_network(R"({"bridge": "mub1", "tenant": "t", "range": "10.0.0.1/8"})", "/r/b"),
      ("the record '/r/b' is damaged: no range" + kHint).c_str(), Error);
}

TEST_CASE("records: what is put is found until it is forgotten") {
  TestFolder folder;
  LocalRecords records(folder.path() / "local");
  CHECK(records.nodes().empty());
  CHECK(records.networks().empty());
  CHECK_FALSE(records.node("mun0123456789a"));
  CHECK_FALSE(records.network("mub01234567890"));

  records.put(some_node());
  records.put(some_node("mun0123456789b"));
  records.put(some_network());
  CHECK(records.node("mun0123456789a") == some_node());
  CHECK(records.nodes() == std::vector{some_node(), some_node("mun0123456789b")});
  CHECK(records.network("mub01234567890") == some_network());
  CHECK(records.networks() == std::vector{some_network()});

  auto changed = some_node();
  changed.complete = false;
  records.put(changed);
  CHECK(records.node("mun0123456789a") == changed);

  records.forget_node("mun0123456789a");
  records.forget_node("mun0123456789a");
  CHECK_FALSE(records.node("mun0123456789a"));
  records.forget_network("mub01234567890");
  CHECK(records.networks().empty());
}

TEST_CASE("records: a node's folder and what a killed writer left are no records") {
  TestFolder folder;
  LocalRecords records(folder.path() / "local");
  records.put(some_node());
  make_directory(records.folder("mun0123456789a"));
  write_file(folder.path() / "local/nodes/mun0123456789b.json.x1Y2z3", "{\"id\"");
  CHECK(records.nodes() == std::vector{some_node()});
}

TEST_CASE("records: tidy removes what a killed writer left, and folders that are empty") {
  TestFolder folder;
  auto root = folder.path() / "local";
  LocalRecords records(root);
  records.put(some_node());
  records.put(some_network());
  auto cut = root / "nodes/mun0123456789b.json.x1Y2z3";
  write_file(cut, "{");
  records.tidy();
  CHECK_FALSE(std::filesystem::exists(cut));
  CHECK(records.nodes().size() == 1);
  records.forget_network("mub01234567890");
  records.tidy();
  CHECK_FALSE(std::filesystem::exists(root / "networks"));
  CHECK(records.nodes().size() == 1);
  records.forget_node("mun0123456789a");
  records.tidy();
  CHECK_FALSE(std::filesystem::exists(root));
  records.tidy();
}

TEST_CASE("records: only their owner reads them: they hold tokens") {
  TestFolder folder;
  LocalRecords records(folder.path() / "local");
  records.put(some_node());
  auto mode = [&](const char* name) {
    return static_cast<int>(std::filesystem::status(folder.path() / name).permissions()) & 0777;
  };
  CHECK(mode("local") == 0700);
  CHECK(mode("local/nodes") == 0700);
  CHECK(mode("local/nodes/mun0123456789a.json") == 0600);
}
