#include "providers/local/records.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"

namespace muster {

namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

constexpr const char* kRecordSuffix = ".json";

Error damaged(const std::string& file, const std::string& why) {
  return Error("the record '" + file + "' is damaged" + why)
      .hint(
          "remove the node or network of this name by hand as docs/providers.md says, then this "
          "file");
}

Json parse_record(const std::string& text, const std::string& file) {
  auto json = Json::parse(text, nullptr, false);
  if (json.is_object()) return json;
  throw damaged(file, "");
}

template <typename Record>
Record read_record(const std::string& text, const std::string& file,
                   void (*fill)(const Json&, Record&)) {
  auto json = parse_record(text, file);
  Record record;
  try {
    fill(json, record);
  } catch (const Json::exception& mistake) {
    throw damaged(file, std::string(": ") + mistake.what());
  }
  return record;
}

std::vector<fs::path> record_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failure;
  for (fs::directory_iterator at(folder, failure), end; !failure && at != end;
       at.increment(failure)) {
    if (at->path().extension() == kRecordSuffix) files.push_back(at->path());
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    throw Error("cannot read the directory '" + folder.string() + "': " + failure.message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void remove_file(const fs::path& file) {
  std::error_code failure;
  fs::remove(file, failure);
  if (failure) throw Error("cannot remove '" + file.string() + "': " + failure.message());
}

/// The text of a record, or nothing: it may be removed at any time.
}  // namespace

std::string to_json(const LocalNode& node) {
  Json json{{"id", node.id},
            {"token", node.token},
            {"tag", node.tag},
            {"deployment", node.deployment},
            {"tenant", node.tenant},
            {"name", node.name},
            {"fqdn", node.fqdn},
            {"bridge", node.bridge},
            {"address", node.address},
            {"host_key", node.host_key},
            {"image", node.image},
            {"cpus", node.cpus},
            {"memory_mb", node.memory_mb},
            {"internet", node.internet},
            {"complete", node.complete}};
  return json.dump(2) + "\n";
}

std::string to_json(const LocalNetwork& network) {
  Json json{{"bridge", network.bridge},
            {"state", network.state},
            {"tenant", network.tenant},
            {"range", to_text(network.range)}};
  return json.dump(2) + "\n";
}

LocalNode parse_local_node(const std::string& text, const std::string& file) {
  return read_record<LocalNode>(text, file, [](const Json& json, LocalNode& node) {
    json.at("id").get_to(node.id);
    json.at("token").get_to(node.token);
    json.at("tag").get_to(node.tag);
    json.at("deployment").get_to(node.deployment);
    json.at("tenant").get_to(node.tenant);
    json.at("name").get_to(node.name);
    json.at("fqdn").get_to(node.fqdn);
    json.at("bridge").get_to(node.bridge);
    json.at("address").get_to(node.address);
    json.at("host_key").get_to(node.host_key);
    json.at("image").get_to(node.image);
    json.at("cpus").get_to(node.cpus);
    json.at("memory_mb").get_to(node.memory_mb);
    json.at("internet").get_to(node.internet);
    json.at("complete").get_to(node.complete);
  });
}

LocalNetwork parse_local_network(const std::string& text, const std::string& file) {
  auto network = read_record<LocalNetwork>(text, file, [](const Json& json, LocalNetwork& network) {
    json.at("bridge").get_to(network.bridge);
    network.state = json.value("state", "");
    json.at("tenant").get_to(network.tenant);
    network.range = parse_ipv4_range(json.at("range").get<std::string>()).value_or(Ipv4Range{});
  });
  if (network.range.first == 0) throw damaged(file, ": no range");
  return network;
}

std::optional<LocalNode> LocalRecords::node(const std::string& id) const {
  auto file = root_ / "nodes" / (id + kRecordSuffix);
  auto text = read_if_there(file);
  if (!text) return std::nullopt;
  return parse_local_node(*text, file.string());
}

std::vector<LocalNode> LocalRecords::nodes() const {
  std::vector<LocalNode> nodes;
  for (const auto& file : record_files(root_ / "nodes")) {
    if (auto text = read_if_there(file)) nodes.push_back(parse_local_node(*text, file.string()));
  }
  return nodes;
}

void LocalRecords::put(const LocalNode& node) const {
  make_directory(root_, 0700);
  make_directory(root_ / "nodes", 0700);
  write_file(root_ / "nodes" / (node.id + kRecordSuffix), to_json(node), 0600);
}

void LocalRecords::forget_node(const std::string& id) const {
  remove_file(root_ / "nodes" / (id + kRecordSuffix));
}

std::optional<LocalNetwork> LocalRecords::network(const std::string& bridge) const {
  auto file = root_ / "networks" / (bridge + kRecordSuffix);
  auto text = read_if_there(file);
  if (!text) return std::nullopt;
  return parse_local_network(*text, file.string());
}

std::vector<LocalNetwork> LocalRecords::networks() const {
  std::vector<LocalNetwork> networks;
  for (const auto& file : record_files(root_ / "networks")) {
    if (auto text = read_if_there(file)) {
      networks.push_back(parse_local_network(*text, file.string()));
    }
  }
  return networks;
}

void LocalRecords::put(const LocalNetwork& network) const {
  make_directory(root_, 0700);
  make_directory(root_ / "networks", 0700);
  write_file(root_ / "networks" / (network.bridge + kRecordSuffix), to_json(network), 0600);
}

void LocalRecords::forget_network(const std::string& bridge) const {
  remove_file(root_ / "networks" / (bridge + kRecordSuffix));
}

void LocalRecords::tidy() const {
  std::error_code ignored;
  for (const char* name : {"nodes", "networks"}) {
    for (fs::directory_iterator at(root_ / name, ignored), end; !ignored && at != end;
         at.increment(ignored)) {
      // write_file's temporary name; nobody else writes while we hold the lock.
      auto file = at->path().filename().string();
      std::error_code gone;
      if (file.find(std::string(kRecordSuffix) + ".") != std::string::npos) {
        fs::remove(at->path(), gone);
      }
    }
    fs::remove(root_ / name, ignored);  // stays when it is not empty
  }
  fs::remove(root_, ignored);
}

}  // namespace muster
