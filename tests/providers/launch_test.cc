#include "providers/local/launch.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "providers/local/disk.h"

using namespace muster;

namespace {

LocalNode node_to_launch() {
  LocalNode node;
  node.id = "mun0123456789a";
  node.name = "w-1";
  return node;
}

bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("launch: a node's container is run by its keeper, with its name, disk and store") {
  auto command = node_command(node_to_launch(), "/r/nodes/mun0123456789a", "/c/store", "/group");
  REQUIRE(command.size() > 4);
  CHECK(std::vector(command.begin(), command.begin() + 4) ==
        std::vector<std::string>{"/bin/sh", "/r/nodes/mun0123456789a/keep-node.sh", "/group",
                                 "systemd-nspawn"});
  for (const char* word :
       {"--boot", "--register=no", "--keep-unit", "--directory=/r/nodes/mun0123456789a/root",
        "--machine=mun0123456789a", "--hostname=w-1", "--network-namespace-path=/proc/self/ns/net",
        "--bind=/dev/kmsg", "--bind=/r/nodes/mun0123456789a/containerd:/var/lib/containerd",
        "--bind=/r/nodes/mun0123456789a/kubelet:/var/lib/kubelet",
        "--bind=/r/nodes/mun0123456789a/etcd:/var/lib/etcd", "--bind-ro=/c/store:/opt/muster/store",
        "--resolv-conf=off"}) {
    CAPTURE(word);
    CHECK(has(command, word));
  }
  CHECK(node_command(node_to_launch(), "/r", "/c", "")[2] == "");
}

TEST_CASE("launch: colons and backslashes in paths stay what they are") {
  auto command = node_command(node_to_launch(), "/r:1\\2", "/c:d", "");
  CHECK(has(command, "--bind=/r\\:1\\\\2/etcd:/var/lib/etcd"));
  CHECK(has(command, "--bind-ro=/c\\:d:/opt/muster/store"));
}

TEST_CASE("launch: commas, colons and backslashes in paths do not end an option of the overlay") {
  CHECK(overlay_options("/c/image", "/r/n") ==
        "lowerdir=/c/image,upperdir=/r/n/upper,workdir=/r/n/work");
  CHECK(overlay_options("/c,1/im:age", "/r\\n") ==
        "lowerdir=/c\\,1/im\\:age,upperdir=/r\\\\n/upper,workdir=/r\\\\n/work");
}

TEST_CASE("launch: the last lines of what a node said") {
  CHECK(last_lines("a\nb\nc\n", 2) == "b\nc");
  CHECK(last_lines("a\nb\n", 5) == "a\nb");
  CHECK(last_lines("\n\n", 5) == "");
  CHECK(last_lines("", 5) == "");
}
