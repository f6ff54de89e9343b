#include "providers/local/address.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace muster;

namespace {

Ipv4Range range(const char* text) { return *parse_ipv4_range(text); }

std::uint32_t address(const std::string& text) { return parse_ipv4_range(text + "/32")->first; }

}  // namespace

TEST_CASE("address: a range is read and written alike") {
  for (const char* text : {"10.213.0.0/16", "0.0.0.0/0", "192.168.7.128/25", "10.0.0.1/32"}) {
    CHECK(to_text(range(text)) == text);
  }
  CHECK(range("10.213.0.0/16").last() == address("10.213.255.255"));
  CHECK(range("0.0.0.0/0").last() == 0xffffffff);
}

TEST_CASE("address: what is no range is refused") {
  for (const char* text :
       {"", "10.213.0.0", "10.213.0.0/", "10.213.0.0/33", "10.213.0.0/-1", "10.213.0.1/16",
        "10.213.0/16", "10.213.0.0/16 ", "10.213.0.0/1x", "fd00::/8", "010.0.0.0/8x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_ipv4_range(text));
  }
}

TEST_CASE("address: ranges overlap when they share an address") {
  CHECK(range("10.0.0.0/8").overlaps(range("10.213.4.0/24")));
  CHECK(range("10.213.4.0/24").overlaps(range("10.0.0.0/8")));
  CHECK_FALSE(range("10.213.4.0/24").overlaps(range("10.213.5.0/24")));
  CHECK(range("10.213.4.0/24").contains(address("10.213.4.255")));
  CHECK_FALSE(range("10.213.4.0/24").contains(address("10.213.5.0")));
}

TEST_CASE("address: the first free network of the pool is taken") {
  auto pool = range("10.213.0.0/16");
  CHECK(free_network(pool, {}) == range("10.213.0.0/24"));
  std::vector taken{range("10.213.0.0/23"), range("10.213.3.7/32"), range("10.213.2.0/24")};
  CHECK(free_network(pool, taken) == range("10.213.4.0/24"));
  CHECK_FALSE(free_network(pool, std::vector{range("10.0.0.0/8")}));
}

TEST_CASE("address: a pool smaller than /24 is one network") {
  CHECK(free_network(range("10.9.8.0/29"), {}) == range("10.9.8.0/29"));
  CHECK_FALSE(free_network(range("10.9.8.0/29"), std::vector{range("10.9.8.4/32")}));
}

TEST_CASE("address: the last network of all addresses ends the search") {
  CHECK(free_network(range("255.255.255.0/24"), {}) == range("255.255.255.0/24"));
  CHECK_FALSE(free_network(range("255.255.254.0/23"), std::vector{range("255.255.254.0/23")}));
}

TEST_CASE("address: nodes get what follows the host's address, until the broadcast address") {
  auto network = range("10.9.8.0/29");
  CHECK(ipv4_text(gateway_of(network)) == "10.9.8.1");
  std::vector<std::uint32_t> used;
  for (const char* expected : {"10.9.8.2", "10.9.8.3", "10.9.8.4", "10.9.8.5", "10.9.8.6"}) {
    auto next = free_address(network, used);
    REQUIRE(next);
    CHECK(ipv4_text(*next) == expected);
    used.push_back(*next);
  }
  CHECK_FALSE(free_address(network, used));
  used.erase(used.begin() + 1);
  CHECK(free_address(network, used) == address("10.9.8.3"));
}

TEST_CASE("address: routes are read without the default route and what is cut") {
  auto routes = parse_routes(
      "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
      "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "tun0\t0000640A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
      "tun0\t0000\n");
  REQUIRE(routes.size() == 2);
  CHECK(to_text(routes[0]) == "192.168.1.0/24");
  CHECK(to_text(routes[1]) == "10.100.0.0/16");
  CHECK(parse_routes("").empty());
}

TEST_CASE("address: property: a free network lies in the pool and overlaps nothing taken") {
  CHECK(rc::check([] {
    auto pool = Ipv4Range{0x0ad50000, *rc::gen::inRange(16, 30)};
    std::vector<Ipv4Range> taken;
    for (auto part : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 256))) {
      taken.push_back({0x0ad50000 + (static_cast<std::uint32_t>(part) << 8), 24});
    }
    auto found = free_network(pool, taken);
    if (!found) return;
    RC_ASSERT(pool.contains(found->first) && pool.contains(found->last()));
    for (const auto& other : taken) RC_ASSERT(!found->overlaps(other));
  }));
}
