#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "inventory/hosts.h"
#include "provisioner/definition/names.h"
#include "provisioner/definition/value.h"

namespace muster {

class SeenHosts {
 public:
  /// Empty when `text` comes for the first time; else where it came before.
  std::string name_before(const std::string& text, const std::string& file, Position at) {
    return before(names_, text, file, at);
  }
  std::string place_before(const std::string& text, const std::string& file, Position at) {
    return before(places_, text, file, at);
  }
  /// Of where other nodes find hosts: `told` is one that was written as cluster_address. An address
  /// that no file says so may come again, with another port.
  std::string inside_before(const std::string& address, bool told, const std::string& file,
                            Position at);

 private:
  struct Place {
    std::string file;
    Position at;
  };
  using Places = std::unordered_map<std::string, Place>;

  static std::string before(Places& seen, const std::string& text, const std::string& file,
                            Position at);

  Places names_;
  Places places_;
  Places inside_;
  Places told_inside_;
};

/// Makes hosts of the tree of one file, and collects what is wrong with it.
class HostsReader {
 public:
  HostsReader(const std::filesystem::path& file, SeenHosts& seen, Diagnostics& diagnostics);

  std::vector<Host> read(const Value& root);

 private:
  void read_host(const Value& item);
  void read_name(const Value& item, Host& host);
  void read_address(const Value& item, Endpoint& endpoint);
  void read_cluster_address(const Value& item, Endpoint& endpoint);
  void read_login(const Value& item, Endpoint& endpoint);
  void read_host_key(const Value& key, Endpoint& endpoint);
  void read_labels(const Value& item, Host& host);
  void read_location(const Value& item, Host& host);
  void read_capacity(const Value& item, Capacity& capacity);
  void read_architecture(const Value& item, Host& host);
  std::string key_file(const Value& key);
  // bmc_reader.cc
  void read_bmc(const Value& item, Host& host);
  void read_bmc_login(const Value& told, BmcEndpoint& bmc);
  void read_bmc_tls(const Value& told, BmcEndpoint& bmc);
  void read_bmc_uses(const Value& told, BmcEndpoint& bmc, const Host& host);
  bool flag_of(const Value& object, const std::string& key);
  /// A path as the file means it: beside it, or in the user's home.
  std::filesystem::path path_of(const std::string& text) const;
  std::string label_value(const Value& item, const std::string& key);

  void check_keys(const Value& object, const std::string& what,
                  const std::vector<std::string>& known);
  /// The member, when it is there and of that kind.
  const Value* get(const Value& object, const std::string& key, Value::Kind kind);
  const Value* required(const Value& host, const std::string& key);
  bool problem(const NameProblem& problem, Position at, const std::string& what);
  void error(Position at, std::string message, std::string hint = "");

  std::string file_;
  std::filesystem::path folder_;
  SeenHosts& seen_;
  Diagnostics& diagnostics_;
  std::vector<Host> hosts_;
  std::unordered_map<std::string, std::string> keys_;  // as written -> full path
  std::size_t reported_ = 0;
};

}  // namespace muster
