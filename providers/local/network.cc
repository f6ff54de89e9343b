#include "providers/local/network.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <unistd.h>

#include <bit>
#include <filesystem>

#include "providers/local/forward_chains.h"
#include "providers/local/host_settings.h"
#include "providers/local/names.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

void run_ip(const std::string& batch, std::vector<std::string> prefix = {}) {
  ProcessSpec spec;
  spec.argv = std::move(prefix);
  spec.argv.insert(spec.argv.end(), {"ip", "-batch", "-"});
  spec.input = batch;
  run_or_throw(spec);
}

void run_nft(const std::string& script) {
  ProcessSpec spec;
  spec.argv = {"nft", "-f", "-"};
  spec.input = script;
  run_or_throw(spec);
}

/// Addresses and network masks.
std::vector<std::pair<std::uint32_t, std::uint32_t>> interface_addresses() {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> found;
  ifaddrs* interfaces = nullptr;
  if (::getifaddrs(&interfaces) != 0) return found;
  for (auto* at = interfaces; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_netmask == nullptr ||
        at->ifa_addr->sa_family != AF_INET) {
      continue;
    }
    auto number = [](const sockaddr* address) {
      return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr);
    };
    found.emplace_back(number(at->ifa_addr), number(at->ifa_netmask));
  }
  ::freeifaddrs(interfaces);
  return found;
}

std::vector<ForwardChain> other_chains() {
  return parse_forward_chains(run_or_throw({"nft", "list", "chains"}));
}

std::vector<std::string> rules_in(const ForwardChain& chain, const std::string& bridge) {
  auto text = run_or_throw({"nft", "-a", "list", "chain", chain.family, chain.table, chain.name});
  return parse_bridge_rules(text, bridge);
}

/// The nft script that lets the bridge's packets pass other firewalls that would drop them.
std::string open_other_chains(const std::string& bridge) {
  std::string text;
  for (const auto& chain : other_chains()) {
    if (chain.drops && rules_in(chain, bridge).empty()) text += open_chain_text(chain, bridge);
  }
  return text;
}

/// Also where the policy is another by now.
std::string close_other_chains(const std::string& bridge) {
  std::string text;
  for (const auto& chain : other_chains()) {
    text += delete_rules_text(chain, rules_in(chain, bridge));
  }
  return text;
}

std::string delete_table_text(const std::string& table) {
  // Naming the table first makes it, so that deleting it never fails.
  return "table inet " + table + "\ndelete table inet " + table + "\n";
}

}  // namespace

std::string firewall_text(const LocalNetwork& network, std::span<const std::string> online) {
  auto table = local_table(network.bridge);
  auto bridge = "\"" + network.bridge + "\"";
  auto elements = online.empty() ? "" : " elements = { " + join(online, ", ") + " };";
  // The host may pass bridged packets through these chains too (bridge-nf-call-iptables), so what
  // stays on the bridge is accepted first. Protocols by the words of nft's own: it looks others up
  // in /etc/protocols, which a small Debian has not.
  return delete_table_text(table) +  //
         "table inet " + table + " {\n" + "  set online { type ipv4_addr;" + elements + " }\n" +
         "  chain input {\n"
         "    type filter hook input priority filter; policy accept;\n"
         "    iifname " +
         bridge +
         " ct state established,related accept\n"
         "    iifname " +
         bridge +
         " meta l4proto { icmp, icmpv6 } accept\n"
         "    iifname " +
         bridge +
         " drop\n"
         "  }\n"
         "  chain forward {\n"
         "    type filter hook forward priority filter; policy accept;\n"
         "    iifname " +
         bridge + " oifname " + bridge +
         " accept\n"
         "    oifname " +
         bridge +
         " ct state established,related accept\n"
         "    oifname " +
         bridge +
         " drop\n"
         "    iifname " +
         bridge +
         " oifname \"mub*\" drop\n"
         "    iifname " +
         bridge +
         " ip saddr @online accept\n"
         "    iifname " +
         bridge +
         " drop\n"
         "  }\n"
         "  chain leave {\n"
         "    type nat hook postrouting priority srcnat; policy accept;\n"
         "    ip saddr " +
         to_text(network.range) + " oifname != " + bridge +
         " masquerade\n"
         "  }\n"
         "}\n";
}

bool interface_exists(const std::string& name) {
  return ::access(("/sys/class/net/" + name).c_str(), F_OK) == 0;
}

std::vector<Ipv4Range> host_ranges() {
  auto ranges = parse_routes(read_file("/proc/net/route"));
  for (const auto& [address, mask] : interface_addresses()) {
    ranges.push_back({address & mask, std::popcount(mask)});
  }
  return ranges;
}

std::vector<std::uint32_t> host_addresses() {
  std::vector<std::uint32_t> addresses;
  for (const auto& [address, mask] : interface_addresses()) addresses.push_back(address);
  return addresses;
}

void raise_network(const LocalNetwork& network, std::span<const LocalNode> nodes) {
  const auto& bridge = network.bridge;
  std::vector<std::string> online;
  for (const auto& node : nodes) {
    if (node.internet) online.push_back(node.address);
  }
  // The rules come first: no packet passes before them.
  run_nft(firewall_text(network, online) + open_other_chains(bridge));
  HostSettings().raise(!online.empty());
  std::string batch;
  if (!interface_exists(bridge)) {
    // A bridge without an address of its own changes it with its ports, and neighbours lose it.
    batch += "link add " + bridge + " address " + local_mac(bridge) + " type bridge\n";
  }
  batch += "addr replace " + ipv4_text(gateway_of(network.range)) + "/" +
           std::to_string(network.range.prefix) + " dev " + bridge + "\n";
  batch += "link set " + bridge + " up\n";
  run_ip(batch);
}

void remove_network(const std::string& bridge) {
  if (interface_exists(bridge)) run_ip("link del " + bridge + "\n");
  run_nft(delete_table_text(local_table(bridge)) + close_other_chains(bridge));
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/net")) {
    if (entry.path().filename().string().starts_with("mub")) return;
  }
  HostSettings().restore();
}

void plug_in(const LocalNode& node, const LocalNetwork& network, pid_t pid) {
  auto cable = local_cable(node.id);
  auto process = std::to_string(pid);
  // Of the address, not of the node: neighbours remember for a minute where an address was last.
  auto mac = local_mac(network.bridge + " " + node.address);
  run_ip("link add " + cable + " address " + local_mac(cable) +
         " type veth peer name eth0 address " + mac + " netns " + process + "\n" +  //
         "link set " + cable + " master " + network.bridge + " up\n");
  run_ip(
      "link set lo up\n"
      "addr add " +
          node.address + "/" + std::to_string(network.range.prefix) + " dev eth0\n" +
          "link set eth0 up\n"
          "route add default via " +
          ipv4_text(gateway_of(network.range)) + "\n",
      {"nsenter", "--net=/proc/" + process + "/ns/net", "--"});
}

void unplug(const std::string& id) {
  auto cable = local_cable(id);
  if (!interface_exists(cable)) return;
  try {
    run_ip("link del " + cable + "\n");
  } catch (const Error&) {
    // The kernel takes it away by itself when the node's last process ends.
    if (interface_exists(cable)) throw;
  }
}

}  // namespace muster
