#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "providers/local/address.h"

namespace muster {

/// What is on record of one local node; written before anything else of it is made.
struct LocalNode {
  std::string id;
  std::string token;
  std::string tag;
  std::string deployment;
  std::string tenant;
  std::string name;
  std::string fqdn;
  std::string bridge;
  std::string address;
  std::string host_key;  ///< "ssh-ed25519 AAAA..."; empty until the disk is made
  std::string image;     ///< the lower layer of its disk
  double cpus = 0;
  int memory_mb = 0;
  bool internet = true;
  bool complete = false;  ///< it has answered on SSH

  bool operator==(const LocalNode&) const = default;
};

/// The network of one tenant of one state.
struct LocalNetwork {
  std::string bridge;
  std::string state;  ///< empty in a record of an earlier version
  std::string tenant;
  Ipv4Range range;

  bool operator==(const LocalNetwork&) const = default;
};

std::string to_json(const LocalNode& node);
std::string to_json(const LocalNetwork& network);
/// Throw Error naming `file` when the text is not what to_json makes.
LocalNode parse_local_node(const std::string& text, const std::string& file);
LocalNetwork parse_local_network(const std::string& text, const std::string& file);

/// The folder of local nodes: nodes/<id>.json beside the node's files in nodes/<id>/, and
/// networks/<bridge>.json. The record of a node is the first thing made and the last removed.
/// Writers hold the lock of the networks.
class LocalRecords {
 public:
  explicit LocalRecords(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path folder(const std::string& id) const { return root_ / "nodes" / id; }

  std::optional<LocalNode> node(const std::string& id) const;
  std::vector<LocalNode> nodes() const;
  void put(const LocalNode& node) const;
  void forget_node(const std::string& id) const;

  std::optional<LocalNetwork> network(const std::string& bridge) const;
  std::vector<LocalNetwork> networks() const;
  void put(const LocalNetwork& network) const;
  void forget_network(const std::string& bridge) const;

  /// Removes what a killed writer left, and the folders themselves when they are empty.
  void tidy() const;

 private:
  std::filesystem::path root_;
};

}  // namespace muster
