#include "providers/local/name_servers.h"

#include <algorithm>
#include <sstream>

#include "providers/local/address.h"

namespace muster {

namespace {

bool nodes_reach(const std::string& server, std::span<const std::uint32_t> own) {
  auto range = parse_ipv4_range(server + "/32");
  if (!range) return false;
  // 0.0.0.0 means this host too.
  bool loopback = range->first >> 24 == 127 || range->first == 0;
  return !loopback && std::find(own.begin(), own.end(), range->first) == own.end();
}

}  // namespace

std::string resolv_conf_for_node(const std::string& host_text, const std::string& upstream_text,
                                 std::span<const std::uint32_t> own) {
  for (const auto& text : {host_text, upstream_text}) {
    std::istringstream lines(text);
    std::string kept;
    bool any = false;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string key, value;
      words >> key >> value;
      bool server = key == "nameserver" && nodes_reach(value, own);
      any = any || server;
      if (server || key == "search" || key == "options") kept += line + "\n";
    }
    if (any) return kept;
  }
  return "";
}

}  // namespace muster
