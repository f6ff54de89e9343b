#include <doctest/doctest.h>

#include "providers/local/forward_chains.h"
#include "providers/local/network.h"

using namespace muster;

namespace {

const std::string kBridge = "mub01234567890";
using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("firewall: the rules of a network") {
  LocalNetwork network{kBridge, "state", "tenant", *parse_ipv4_range("10.213.4.0/24")};
  CHECK(firewall_text(network, Texts{"10.213.4.2", "10.213.4.3"}) ==
        R"(table inet muster_mub01234567890
delete table inet muster_mub01234567890
table inet muster_mub01234567890 {
  set online { type ipv4_addr; elements = { 10.213.4.2, 10.213.4.3 }; }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "mub01234567890" ct state established,related accept
    iifname "mub01234567890" meta l4proto { icmp, icmpv6 } accept
    iifname "mub01234567890" drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "mub01234567890" oifname "mub01234567890" accept
    oifname "mub01234567890" ct state established,related accept
    oifname "mub01234567890" drop
    iifname "mub01234567890" oifname "mub*" drop
    iifname "mub01234567890" ip saddr @online accept
    iifname "mub01234567890" drop
  }
  chain leave {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.213.4.0/24 oifname != "mub01234567890" masquerade
  }
}
)");
}

TEST_CASE("firewall: a network with no node that may go out has an empty set") {
  LocalNetwork network{kBridge, "state", "tenant", *parse_ipv4_range("10.213.4.0/24")};
  CHECK(firewall_text(network, {}).find("  set online { type ipv4_addr; }\n") != std::string::npos);
}

TEST_CASE("firewall: other firewalls' forward chains are found, ours and other hooks are not") {
  auto chains = parse_forward_chains(R"(table ip nat {
	chain POSTROUTING {
		type nat hook postrouting priority srcnat; policy accept;
	}
}
# Warning: table ip filter is managed by iptables-nft, do not touch!
table ip filter {
	chain DOCKER {
	}
	chain INPUT {
		type filter hook input priority filter; policy drop;
	}
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
	}
}
table ip6 filter {
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
	}
}
table inet firewalld {
	chain filter_FORWARD {
		type filter hook forward priority filter + 10; policy accept;
	}
}
table inet muster_mub01234567890 {
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
}
)");
  CHECK(chains == std::vector<ForwardChain>{{"ip", "filter", "FORWARD", true},
                                            {"inet", "firewalld", "filter_FORWARD", false}});
  CHECK(parse_forward_chains("").empty());
}

TEST_CASE("firewall: rules are put into another's chain, and found there again") {
  ForwardChain chain{"ip", "filter", "FORWARD", true};
  CHECK(open_chain_text(chain, kBridge) ==
        "insert rule ip filter FORWARD iifname \"mub01234567890\" counter accept\n"
        "insert rule ip filter FORWARD oifname \"mub01234567890\" counter accept\n");
  auto handles = parse_bridge_rules(R"(table ip filter { # handle 3
	chain FORWARD { # handle 2
		type filter hook forward priority filter; policy drop;
		oifname "mub01234567890" counter packets 0 bytes 0 accept # handle 19
		iifname "mub01234567890" counter packets 7 bytes 420 accept # handle 18
		iifname "mub01234567891" counter packets 0 bytes 0 accept # handle 17
		iifname "mub01234567890" counter packets 0 bytes 0 jump DOCKER # handle 16
	}
}
)",
                                    kBridge);
  CHECK(handles == Texts{"19", "18"});
  CHECK(delete_rules_text(chain, handles) ==
        "delete rule ip filter FORWARD handle 19\ndelete rule ip filter FORWARD handle 18\n");
  CHECK(delete_rules_text(chain, {}) == "");
}

TEST_CASE("firewall: legacy iptables drop when their policy does and our bridges have no rule") {
  const std::string let_in = "-A FORWARD -i mub+ -j ACCEPT\n";
  const std::string let_out = "-A FORWARD -o mub+ -j ACCEPT\n";
  CHECK(legacy_forward_drops("-P FORWARD DROP\n"));
  CHECK(legacy_forward_drops("-P FORWARD DROP\n" + let_in));
  CHECK(legacy_forward_drops("-P FORWARD DROP\n" + let_out));
  CHECK_FALSE(legacy_forward_drops("-P FORWARD DROP\n" + let_in + let_out));
  CHECK_FALSE(legacy_forward_drops("-P FORWARD ACCEPT\n"));
  CHECK_FALSE(legacy_forward_drops(""));
}
