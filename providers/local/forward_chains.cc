#include "providers/local/forward_chains.h"

#include <sstream>

#include "provisioner/base/text.h"

namespace muster {

std::vector<ForwardChain> parse_forward_chains(std::string_view nft_list_chains) {
  std::vector<ForwardChain> chains;
  std::istringstream lines{std::string(nft_list_chains)};
  ForwardChain at;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first, second;
    words >> first >> second;
    if (first == "table") {
      at.family = second;
      words >> at.table;
    } else if (first == "chain") {
      at.name = second;
    } else if (first == "type" && second == "filter" &&
               line.find(" hook forward ") != std::string::npos) {
      bool ours = at.table.starts_with("muster_mub");
      at.drops = line.find("policy drop;") != std::string::npos;
      if (!ours && (at.family == "ip" || at.family == "inet")) chains.push_back(at);
    }
  }
  return chains;
}

std::vector<std::string> parse_bridge_rules(std::string_view nft_list_chain,
                                            const std::string& bridge) {
  std::vector<std::string> handles;
  const std::string mark = "# handle ";
  for (const auto& line : split(nft_list_chain, '\n')) {
    auto handle = line.rfind(mark);
    bool ours = line.find("ifname \"" + bridge + "\"") != std::string::npos &&
                line.find(" accept") != std::string::npos;
    if (ours && handle != std::string::npos) handles.push_back(line.substr(handle + mark.size()));
  }
  return handles;
}

std::string open_chain_text(const ForwardChain& chain, const std::string& bridge) {
  std::string text;
  for (const char* side : {"iifname", "oifname"}) {
    text += "insert rule " + chain.text() + " " + side + " \"" + bridge + "\" counter accept\n";
  }
  return text;
}

std::string delete_rules_text(const ForwardChain& chain, const std::vector<std::string>& handles) {
  std::string text;
  for (const auto& handle : handles) {
    text += "delete rule " + chain.text() + " handle " + handle + "\n";
  }
  return text;
}

bool legacy_forward_drops(std::string_view iptables_rules) {
  bool drops = false, in = false, out = false;
  for (const auto& line : split(iptables_rules, '\n')) {
    drops = drops || line == "-P FORWARD DROP";
    in = in || line == "-A FORWARD -i mub+ -j ACCEPT";
    out = out || line == "-A FORWARD -o mub+ -j ACCEPT";
  }
  return drops && !(in && out);
}

}  // namespace muster
