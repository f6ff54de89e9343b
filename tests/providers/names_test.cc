#include "providers/local/names.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "provisioner/base/text.h"

using namespace muster;

TEST_CASE("names: a node's id is the token's, and says whose folder it is in") {
  auto id = local_node_id("/var/lib/muster/local", "token");
  CHECK(id == local_node_id("/var/lib/muster/local", "token"));
  CHECK(id != local_node_id("/var/lib/muster/local", "token "));
  CHECK(id.substr(0, 6) == "mun" + fingerprint("/var/lib/muster/local").substr(0, 3));
  CHECK(id.substr(6) == fingerprint("token").substr(0, 8));
  CHECK(local_node_id("/srv", "token").substr(6) == id.substr(6));
}

TEST_CASE("names: names of interfaces have 15 characters at most, and no kind looks like another") {
  auto id = local_node_id("/srv", "t");
  auto bridge = local_bridge({"/srv", "state", "tenant"});
  CHECK(local_cable(id).size() == 15);
  CHECK(bridge.size() == 14);
  CHECK(bridge.starts_with("mub"));
  CHECK_FALSE(local_cable(id).starts_with("mub"));
  CHECK(local_table(bridge) == "muster_" + bridge);
}

TEST_CASE("names: only ids are taken as ids") {
  CHECK(is_local_node_id(local_node_id("/srv", "t")));
  for (const char* text : {"", "mun", "mun0123456789", "mun0123456789ab", "mun0123456789X",
                           "../../etc/pass", "mub0123456789a", "mun0123456/89a"}) {
    CAPTURE(text);
    CHECK_FALSE(is_local_node_id(text));
  }
}

TEST_CASE("names: a machine id has 32 hex digits, a MAC address is a local one for one machine") {
  auto machine = local_machine_id("mun0123456789a");
  CHECK(machine.size() == 32);
  CHECK(machine.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(machine != local_machine_id("mun0123456789b"));
  auto mac = local_mac("mun0123456789a");
  CHECK(mac.size() == 17);
  CHECK(mac.starts_with("02:"));
  CHECK(mac != local_mac("mun0123456789ah"));
}

TEST_CASE("names: each tenant of each state in each folder has a network of its own") {
  NodeSpec spec;
  spec.tag = "s1/deployment/with/more";
  spec.tenant = "t1";
  auto owner = local_owner("/srv", spec);
  CHECK(owner.state == "s1");
  std::set<std::string> bridges{local_bridge(owner)};
  for (const LocalOwner& other :
       {LocalOwner{"/srv", "s1", "t2"}, {"/srv", "s2", "t1"}, {"/other", "s1", "t1"}}) {
    CHECK(bridges.insert(local_bridge(other)).second);
  }
  spec.tag = "s1/another";
  CHECK(local_bridge(local_owner("/srv", spec)) == local_bridge(owner));
}

namespace {

/// Two tenants of one state whose bridges would have one name.
std::pair<LocalOwner, LocalOwner> owners_of_one_name() {
  std::map<std::string, LocalOwner> seen;
  for (int i = 0;; ++i) {
    LocalOwner owner{"/srv", "s1", "t" + std::to_string(i)};
    auto [at, fresh] = seen.try_emplace(local_bridge(owner), owner);
    if (!fresh) return {at->second, owner};
  }
}

LocalNetwork network_named(const std::string& bridge, const LocalOwner& owner) {
  return {bridge, owner.state, owner.tenant, {}};
}

}  // namespace

TEST_CASE("names: two tenants whose bridges would have one name never share it") {
  const auto nothing = [](const std::string&) { return false; };
  const auto [one, two] = owners_of_one_name();
  const auto name = local_bridge(one);
  CHECK(name == local_bridge(two));
  CHECK(bridge_of(one, {}, nothing) == name);
  std::vector<LocalNetwork> networks{network_named(name, one)};
  CHECK(bridge_of(one, networks, nothing) == name);
  const auto other = bridge_of(two, networks, nothing);
  CHECK(other == local_bridge(two, 1));
  CHECK(other != name);
  networks.push_back(network_named(other, two));
  CHECK(bridge_of(two, networks, nothing) == other);
  // It stays where it is when the other one leaves.
  networks.erase(networks.begin());
  CHECK(bridge_of(two, networks, nothing) == other);
}

TEST_CASE("names: a bridge that is no network of this folder is another folder's") {
  LocalOwner owner{"/srv", "s1", "t1"};
  const auto first = local_bridge(owner);
  auto is_first = [&](const std::string& name) { return name == first; };
  CHECK(bridge_of(owner, {}, is_first) == local_bridge(owner, 1));
  const std::vector<LocalNetwork> own{network_named(first, owner)};
  CHECK(bridge_of(owner, own, is_first) == first);
}

TEST_CASE("names: a network on record without its state is its tenant's when the name says so") {
  const auto nothing = [](const std::string&) { return false; };
  LocalOwner owner{"/srv", "s1", "t1"};
  const LocalOwner stranger{"/srv", "s2", "t1"};
  const std::vector<LocalNetwork> old{{local_bridge(owner), "", "t1", {}}};
  CHECK(bridge_of(owner, old, nothing) == local_bridge(owner));
  CHECK(bridge_of(stranger, old, nothing) == local_bridge(stranger));
}
