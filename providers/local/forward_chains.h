#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// A chain of another firewall on this machine (Docker's, ufw's) that forwarded packets pass.
/// What it drops stays dropped whatever our own table accepts.
struct ForwardChain {
  std::string family;
  std::string table;
  std::string name;
  bool drops = false;  ///< by its policy

  std::string text() const { return family + " " + table + " " + name; }
  bool operator==(const ForwardChain&) const = default;
};

/// The chains in the output of "nft list chains" that hook into forwarding of IPv4, without ours.
std::vector<ForwardChain> parse_forward_chains(std::string_view nft_list_chains);

/// The handles of our rules for the bridge in the output of "nft -a list chain ...".
std::vector<std::string> parse_bridge_rules(std::string_view nft_list_chain,
                                            const std::string& bridge);

/// Lines of an nft script that let the bridge's packets pass the chain; our own table still says
/// which of them may. iptables shows these rules as "-i BRIDGE -j ACCEPT".
std::string open_chain_text(const ForwardChain& chain, const std::string& bridge);
std::string delete_rules_text(const ForwardChain& chain, const std::vector<std::string>& handles);

/// True when iptables-legacy, which nft does not show, drops what local nodes forward: its
/// "-S FORWARD" says so, and no rule lets the bridges "mub+" pass.
bool legacy_forward_drops(std::string_view iptables_rules);

}  // namespace muster
