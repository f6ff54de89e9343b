#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inventory/bmc_endpoint.h"
#include "inventory/record.h"
#include "provisioner/base/diagnostics.h"

namespace muster {

/// What a machine has; 0 is what the file does not tell.
struct Capacity {
  double cpus = 0;
  std::int64_t memory_mb = 0;
  std::int64_t disk_gb = 0;
};

/// A machine that exists already, as a hosts file describes it.
struct Host {
  std::string name;  ///< a DNS label, unique in the file, or in all files of a folder
  Endpoint endpoint;
  std::map<std::string, std::string> labels;  ///< with those of zone and rack
  std::string zone;                           ///< may be empty, as rack
  std::string rack;
  Capacity capacity;
  std::string architecture;  ///< "amd64", "arm64"; empty: not told
  std::string file;          ///< as it was named when it was read
  std::optional<BmcEndpoint> bmc;
};

/// The labels that zone and rack become.
inline constexpr char kZoneLabel[] = "topology.kubernetes.io/zone";
inline constexpr char kRackLabel[] = "muster/rack";

/// Where hosts files are looked for, from the folder that muster is run in, when none is named.
inline constexpr const char* kDefaultHostsFolder = "inventory";

/// The hosts of a file, in its order; with mistakes, those that could be understood.
struct HostsResult {
  std::vector<Host> hosts;
  Diagnostics diagnostics;
};

/// The names and addresses of the files that were read before.
class SeenHosts;

/// Reads a hosts file (docs/providers.md). Relative paths of keys are taken from the file's folder,
/// "~/" is the user's home. Never throws for what the user wrote.
HostsResult read_hosts(const std::filesystem::path& file, SeenHosts* seen = nullptr);
HostsResult parse_hosts(const std::filesystem::path& file, std::string text,
                        SeenHosts* seen = nullptr);

/// What a file, or the files of a folder in the order of their names, have.
struct HostFiles {
  std::vector<std::filesystem::path> files;
  std::vector<Host> hosts;
  std::string mistakes;  ///< of all files, each with its place; empty when there are none
};

/// The hosts files that `path` stands for: itself, or the *.yaml, *.yml and *.json in that folder.
std::vector<std::filesystem::path> host_files_in(const std::filesystem::path& path);
/// Never throws for what the user wrote.
HostFiles read_host_files(const std::filesystem::path& path);

/// "user@host:port" and what is short for it ("host": root's, port 22), an IPv6 address with a port
/// in brackets; nothing when it is none of these.
std::optional<Endpoint> parse_bastion(const std::string& text);

/// The fingerprint in a line of `ssh-keygen -lf` ("256 SHA256:... root@web (ED25519)") or alone, as
/// an Endpoint has it: "SHA256:... (ED25519)"; nothing when it is none.
std::optional<std::string> parse_fingerprint(const std::string& text);

/// "address:port" in lower case, an IPv6 address in brackets and its short form: the same for one
/// machine, whatever its name is in a file.
std::string place_of(const Endpoint& endpoint);

}  // namespace muster
