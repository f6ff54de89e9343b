#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "inventory/cluster.h"
#include "inventory/record.h"

namespace muster {

/// Nodes by name, for whoever looks up many: Cluster::find and DeploymentRecord::find walk their
/// lists, which for each of 10,000 nodes takes longer than the rest of a plan. An index is valid as
/// long as the nodes that it was made of stay where they are.
using NodeIndex = std::unordered_map<std::string_view, const Node*>;
using RecordIndex = std::unordered_map<std::string_view, const NodeRecord*>;

NodeIndex index_of(const Cluster& cluster);
RecordIndex index_of(const DeploymentRecord& record);

/// What `index` has by that name, or nullptr.
template <typename Index>
typename Index::mapped_type find_in(const Index& index, std::string_view name) {
  auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

}  // namespace muster
