#include "providers/local/name_servers.h"

#include <doctest/doctest.h>

#include <vector>

#include "providers/local/address.h"

using namespace muster;

namespace {

const std::vector<std::uint32_t> kOwn{parse_ipv4_range("192.168.1.7/32")->first};

std::string for_node(const std::string& host, const std::string& upstream = "") {
  return resolv_conf_for_node(host, upstream, kOwn);
}

}  // namespace

TEST_CASE("name servers: what nodes can reach is kept, with search and options") {
  CHECK(for_node("# made by dhclient\nsearch example.org\nnameserver 192.168.1.1\n"
                 "nameserver 9.9.9.9\noptions edns0\nsortlist 1.2.3.4\n") ==
        "search example.org\nnameserver 192.168.1.1\nnameserver 9.9.9.9\noptions edns0\n");
}

TEST_CASE("name servers: those on the host itself, and IPv6 ones, are left out") {
  CHECK(for_node("nameserver 127.0.0.53\nnameserver 127.0.1.1\nnameserver ::1\nnameserver 0.0.0.0\n"
                 "nameserver fe80::1%eth0\nnameserver 2620:fe::fe\nnameserver 192.168.1.7\n"
                 "nameserver 192.168.1.1\n") == "nameserver 192.168.1.1\n");
}

TEST_CASE("name servers: systemd-resolved's own file is asked when the first names only the host") {
  CHECK(for_node("nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch lan\n",
                 "nameserver 192.168.1.1\nsearch lan\n") == "nameserver 192.168.1.1\nsearch lan\n");
  CHECK(for_node("nameserver 9.9.9.9\n", "nameserver 192.168.1.1\n") == "nameserver 9.9.9.9\n");
}

TEST_CASE("name servers: with none to be reached the file is empty") {
  CHECK(for_node("") == "");
  CHECK(for_node("search lan\noptions edns0\n") == "");
  CHECK(for_node("nameserver 127.0.0.1\n", "nameserver ::1\n") == "");
  CHECK(for_node("nameserver\nnameserver nonsense\n") == "");
}
