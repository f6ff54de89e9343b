#pragma once

#include <map>
#include <string>
#include <vector>

#include "inventory/hosts.h"

namespace muster {

/// What a node's hints ask for.
struct HostWish {
  std::string file;                           ///< a hosts file, or a folder of them
  std::string host;                           ///< its name; empty: any that is free and fits
  std::map<std::string, std::string> labels;  ///< all of them
  std::string zone;                           ///< empty: any, as rack
  std::string rack;
  Capacity least;
  std::string key;  ///< the same for wishes that ask the same of a host, whatever its name

  /// Whether the host has what is asked for, but for its name.
  bool fits(const Host& host) const;
  /// The same, and it has the name.
  bool is_for(const Host& of_file) const {
    return (host.empty() || host == of_file.name) && fits(of_file);
  }
  /// The first thing that the host lacks: "label disk=ssd"; empty when it fits.
  std::string lacking(const Host& host) const;
  /// "label disk=ssd, zone a, 8 cpus"; empty when any host will do.
  std::string text() const;
};

/// Reads the hints (JSON object text); what is wrong with them is added to `mistakes`.
HostWish host_wish_of(const std::string& hints, std::vector<std::string>& mistakes);

}  // namespace muster
