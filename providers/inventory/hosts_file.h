#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "inventory/hosts.h"

namespace muster {

/// A hosts file, or a folder of them, as it was read last.
struct HostsFile {
  /// Each file, when it was written and how long it was: all are read again when one differs.
  using Version = std::vector<
      std::tuple<std::filesystem::path, std::filesystem::file_time_type, std::uintmax_t>>;

  std::string name;    ///< as the hint has it
  std::string source;  ///< the same, as an absolute path
  Version version;
  std::string mistakes;  ///< empty when it is good
  std::vector<Host> hosts;
  std::vector<std::string> places;  ///< place_of each of `hosts`
  std::unordered_map<std::string, std::size_t> by_name;
  std::unordered_map<std::string, std::size_t> by_place;

  const Host* find_name(const std::string& host) const;
  const Host* find_place(const std::string& place) const;
  /// Of one of `hosts`.
  const std::string& place(const Host& host) const {
    return places[static_cast<std::size_t>(&host - hosts.data())];
  }
};

/// Whether the files are there, and as they were.
bool is_current(const HostsFile& file);

/// Mistakes are in it; never throws for what the user wrote.
std::shared_ptr<const HostsFile> read_hosts_file(const std::string& name);

}  // namespace muster
