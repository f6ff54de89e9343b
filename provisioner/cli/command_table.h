#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "provisioner/cli/commands.h"

namespace muster {

/// Collects commands; what is said of one follows its command().
class Table {
 public:
  Table& group(std::string name) {
    group_ = std::move(name);
    return *this;
  }
  Table& command(std::string name, std::string help) {
    commands_.push_back({std::move(name), group_, std::move(help), {}, {}, {}, {}});
    return *this;
  }
  Table& argument(ArgumentRule rule) {
    commands_.back().arguments.push_back(std::move(rule));
    return *this;
  }
  Table& option(OptionRule rule) {
    commands_.back().options.push_back(std::move(rule));
    return *this;
  }
  Table& example(std::string text) {
    commands_.back().examples.push_back(std::move(text));
    return *this;
  }
  Table& check(std::function<std::string(const Options&)> check) {
    commands_.back().check = std::move(check);
    return *this;
  }
  std::vector<Command> take() { return std::move(commands_); }

 private:
  std::string group_;
  std::vector<Command> commands_;
};

// Parts of the table that have files of their own.
void add_classroom_commands(Table& table);
void add_hosts_commands(Table& table);
void add_check_commands(Table& table);
void add_etcd_commands(Table& table);
void add_certificate_commands(Table& table);
void add_import_commands(Table& table);
void add_provider_commands(Table& table);
void add_bundle_commands(Table& table);
void add_bmc_commands(Table& table);

}  // namespace muster
