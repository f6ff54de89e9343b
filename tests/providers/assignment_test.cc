#include "providers/inventory/assignment.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <set>

using namespace muster;

namespace {

using Given = std::vector<std::optional<std::size_t>>;

Host host(const std::string& zone = "", const std::string& rack = "",
          std::map<std::string, std::string> labels = {}) {
  Host host;
  host.zone = zone;
  host.rack = rack;
  host.labels = std::move(labels);
  return host;
}

HostWish wish(const std::string& hints) {
  std::vector<std::string> mistakes;
  auto wish = host_wish_of(
      hints.substr(0, 1) + R"("file": "f")" + (hints == "{}" ? "}" : ", " + hints.substr(1)),
      mistakes);
  REQUIRE(mistakes.empty());
  return wish;
}

Given assign(const std::vector<Host>& hosts, const std::vector<HostWant>& wants,
             const std::map<std::string, GroupPlaces>& groups = {}) {
  return assign_hosts(hosts, std::vector<bool>(hosts.size(), true), wants, groups);
}

std::vector<HostWant> times(std::size_t count, const HostWish& wish, const std::string& group) {
  return std::vector<HostWant>(count, {&wish, group});
}

}  // namespace

TEST_CASE("assignment: without zones it is the order of the hosts, of those that are free") {
  auto any = wish("{}");
  std::vector<Host> hosts(4);
  CHECK(assign_hosts(hosts, {false, true, false, true}, times(3, any, "a"), {}) ==
        Given{1, 3, std::nullopt});
}

TEST_CASE("assignment: nodes of a group are spread over zones, then over racks") {
  auto any = wish("{}");
  std::vector<Host> hosts{host("a", "1"), host("a", "1"), host("a", "2"),
                          host("b", "1"), host("b", "1"), host("c", "1")};
  CHECK(assign(hosts, times(3, any, "m")) == Given{0, 3, 5});
  CHECK(assign(hosts, times(6, any, "m")) == Given{0, 3, 5, 2, 4, 1});
  // Each group for itself: the second begins anew.
  auto wants = times(2, any, "m");
  auto more = times(2, any, "w");
  wants.insert(wants.end(), more.begin(), more.end());
  CHECK(assign(hosts, wants) == Given{0, 3, 1, 4});
}

TEST_CASE("assignment: nodes that are there already count") {
  auto any = wish("{}");
  std::vector<Host> hosts{host("a"), host("b"), host("c")};
  std::map<std::string, GroupPlaces> groups;
  groups["m"].add(host("a"));
  groups["m"].add(host("b"));
  CHECK(assign(hosts, times(2, any, "m"), groups) == Given{2, 0});
  CHECK(assign(hosts, times(2, any, "other"), groups) == Given{0, 1});
}

TEST_CASE("assignment: who can have few hosts does not lose them to who can have any") {
  auto any = wish("{}");
  auto ssd = wish(R"({"labels": {"disk": "ssd"}})");
  std::vector<Host> hosts{host("", "", {{"disk", "ssd"}}), host("", "", {{"disk", "ssd"}}), host(),
                          host()};
  auto wants = times(2, any, "a");
  auto demanding = times(2, ssd, "b");
  wants.insert(wants.end(), demanding.begin(), demanding.end());
  CHECK(assign(hosts, wants) == Given{2, 3, 0, 1});
  wants.push_back({&ssd, "b"});
  CHECK(assign(hosts, wants) == Given{2, 3, 0, 1, std::nullopt});
}

TEST_CASE("assignment: wishes that overlap are all met where that can be") {
  // Each of the three has two hosts to choose from; taking the first one each time fails.
  auto a = wish(R"({"labels": {"x": "1"}})");
  auto b = wish(R"({"labels": {"y": "1"}})");
  auto c = wish(R"({"labels": {"z": "1"}})");
  std::vector<Host> hosts{host("", "", {{"x", "1"}, {"y", "1"}, {"z", "1"}}),
                          host("", "", {{"x", "1"}, {"z", "1"}}), host("", "", {{"y", "1"}})};
  CHECK(assign(hosts, {{&a, "a"}, {&b, "b"}, {&c, "c"}}) != Given{});
  auto given = assign(hosts, {{&a, "a"}, {&b, "b"}, {&c, "c"}});
  for (const auto& host : given) CHECK(host);
}

TEST_CASE("assignment: what is wanted of capacity, zone and rack") {
  auto big = wish(R"({"cpus": 8, "memory_mb": 16384, "disk_gb": 100})");
  CHECK(big.text() == "8 cpus, 16384 MB of memory, 100 GB of disk");
  auto there = wish(R"({"zone": "b", "rack": "r2", "cpus": 0.5})");
  CHECK(there.text() == "zone b, rack r2, 0.5 cpus");
  std::vector<Host> hosts(4, host("b", "r2"));
  hosts[1].capacity = {8, 16384, 99};
  hosts[2].capacity = {8, 16384, 100};
  hosts[3].capacity = {16, 32768, 4000};
  hosts[3].zone = "c";
  CHECK(assign(hosts, times(3, big, "a")) == Given{2, 3, std::nullopt});
  CHECK(big.lacking(hosts[0]) == "8 cpus");
  CHECK(big.lacking(hosts[1]) == "100 GB of disk");
  CHECK(assign(hosts, times(3, there, "a")) == Given{1, 2, std::nullopt});
}

TEST_CASE("assignment: as many as can have a host have one, held against trying all ways") {
  std::mt19937 random(7);
  auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random()) % below; };
  for (int round = 0; round < 300; ++round) {
    std::vector<Host> hosts(1 + pick(6));
    for (auto& host : hosts) {
      for (const char* label : {"x", "y", "z"}) {
        if (pick(2) == 0) host.labels[label] = "1";
      }
      host.zone = std::string(1, static_cast<char>('a' + pick(2)));
    }
    std::vector<HostWish> wishes{
        wish("{}"), wish(R"({"labels": {"x": "1"}})"), wish(R"({"labels": {"y": "1"}})"),
        wish(R"({"labels": {"z": "1", "y": "1"}})"), wish(R"({"zone": "a"})")};
    std::vector<HostWant> wants(1 + pick(6));
    for (auto& want : wants) want = {&wishes[pick(wishes.size())], pick(2) == 0 ? "g" : "h"};
    auto given = assign(hosts, wants);
    std::set<std::size_t> taken;
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (!given[i]) continue;
      CHECK(taken.insert(*given[i]).second);
      CHECK(wants[i].wish->fits(hosts[*given[i]]));
    }
    std::size_t most = 0;
    std::vector<bool> used(hosts.size());
    std::function<void(std::size_t, std::size_t)> try_all = [&](std::size_t at, std::size_t have) {
      if (at == wants.size()) {
        most = std::max(most, have);
        return;
      }
      try_all(at + 1, have);
      for (std::size_t i = 0; i < hosts.size(); ++i) {
        if (used[i] || !wants[at].wish->fits(hosts[i])) continue;
        used[i] = true;
        try_all(at + 1, have + 1);
        used[i] = false;
      }
    };
    try_all(0, 0);
    CAPTURE(round);
    CHECK(taken.size() == most);
    CHECK(assign(hosts, wants) == given);
  }
}

TEST_CASE("assignment: nodes of one block are one group") {
  CHECK(group_of("web-001") == "web");
  CHECK(group_of("demo-02-12345") == "demo-02");
  CHECK(group_of("web1") == "web1");
  CHECK(group_of("web-") == "web-");
  CHECK(group_of("7") == "7");
}
