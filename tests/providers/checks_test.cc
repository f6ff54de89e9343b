#include "providers/local/checks.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/folder.h"

using namespace muster;

namespace {

using Texts = std::vector<std::string>;

LocalFacts good_facts() {
  LocalFacts facts;
  facts.root = true;
  facts.folder = "/var/lib/muster/local";
  facts.free_bytes = std::uint64_t{10} << 30;
  facts.overlay = true;
  facts.cgroups = true;
  facts.kmsg = true;
  return facts;
}

Texts problems_with(const LocalFacts& facts, const LocalHints& hints = {}) {
  return local_problems(facts, hints);
}

}  // namespace

TEST_CASE("checks: a machine that has all has no problems") {
  CHECK(problems_with(good_facts()) == Texts{});
}

TEST_CASE("checks: who is not root is told to use sudo") {
  auto facts = good_facts();
  facts.root = false;
  CHECK(problems_with(facts) ==
        Texts{"provider 'local' needs root: it starts system containers; run with sudo"});
}

TEST_CASE("checks: each missing program comes with the package that has it") {
  auto facts = good_facts();
  facts.missing_programs = {"systemd-nspawn", "nft", "mmdebstrap"};
  CHECK(problems_with(facts) ==
        Texts{"provider 'local' needs the program 'systemd-nspawn'; run: apt-get install "
              "systemd-container",
              "provider 'local' needs the program 'nft'; run: apt-get install nftables",
              "provider 'local' needs the program 'mmdebstrap'; run: apt-get install mmdebstrap"});
}

TEST_CASE("checks: a kernel without overlay file systems, cgroups or /dev/kmsg") {
  auto facts = good_facts();
  facts.overlay = false;
  CHECK(problems_with(facts) ==
        Texts{"provider 'local' needs overlay file systems, which this kernel lacks; load the "
              "module 'overlay' or use a kernel with CONFIG_OVERLAY_FS"});
  facts = good_facts();
  facts.cgroups = false;
  CHECK(problems_with(facts) == Texts{"provider 'local' needs cgroups, and none are mounted; "
                                      "mount them on /sys/fs/cgroup"});
  facts = good_facts();
  facts.kmsg = false;
  CHECK(problems_with(facts) == Texts{"provider 'local' needs /dev/kmsg, which kubelets read, and "
                                      "there is none; run: mknod -m 600 /dev/kmsg c 1 11"});
}

TEST_CASE("checks: a firewall that nft does not show, and that cuts nodes off") {
  auto facts = good_facts();
  facts.forward_drops = true;
  CHECK(problems_with(facts) ==
        Texts{"this machine's iptables drop forwarded packets, which would cut local nodes off; "
              "run: iptables-legacy -I FORWARD -i mub+ -j ACCEPT; "
              "iptables-legacy -I FORWARD -o mub+ -j ACCEPT"});
}

TEST_CASE("checks: a folder on an overlay, or with no space") {
  auto facts = good_facts();
  facts.folder_on_overlay = true;
  CHECK(problems_with(facts) ==
        Texts{"provider 'local' cannot keep nodes in '/var/lib/muster/local', which is on an "
              "overlay file system; set MUSTER_LOCAL_DIR to a folder on a real disk"});
  facts = good_facts();
  facts.free_bytes = std::uint64_t{1536} << 20;
  CHECK(problems_with(facts) ==
        Texts{"provider 'local' needs 2.0 GiB free for '/var/lib/muster/local', and 1.5 GiB are; "
              "make room, or set MUSTER_LOCAL_DIR to a folder on a larger disk"});
}

TEST_CASE("checks: an address range that is taken whole is a problem, a part of it is not") {
  auto facts = good_facts();
  facts.taken = {*parse_ipv4_range("10.0.0.0/8")};
  CHECK(problems_with(facts) ==
        Texts{"this machine already uses all of the address range '10.213.0.0/16'; name a free one "
              "with the hint 'network'"});
  LocalHints hints;
  hints.network = parse_ipv4_range("172.30.0.0/16");
  CHECK(problems_with(facts, hints) == Texts{});
  facts.taken = {*parse_ipv4_range("10.213.0.0/17")};
  CHECK(problems_with(facts) == Texts{});
}

TEST_CASE("checks: all problems are told in one go") {
  CHECK(problems_with(LocalFacts{}).size() == 5);
}

TEST_CASE("checks: this machine's facts are gathered without root and without changing anything") {
  TestFolder folder;
  auto root = folder.path() / "deep/local";
  LocalRecords records(root);
  auto facts = gather_local_facts(records, true);
  CHECK(facts.folder == root.string());
  CHECK(facts.free_bytes > 0);
  CHECK(std::find(facts.missing_programs.begin(), facts.missing_programs.end(), "mmdebstrap") ==
        facts.missing_programs.end());
  CHECK_FALSE(std::filesystem::exists(folder.path() / "deep"));
}
