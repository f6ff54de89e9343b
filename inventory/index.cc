#include "inventory/index.h"

namespace muster {

namespace {

template <typename Index, typename Nodes>
Index make_index(const Nodes& nodes) {
  Index index;
  index.reserve(nodes.size());
  for (const auto& node : nodes) index.emplace(node.name, &node);  // the first of a name, as find
  return index;
}

}  // namespace

NodeIndex index_of(const Cluster& cluster) { return make_index<NodeIndex>(cluster.nodes); }

RecordIndex index_of(const DeploymentRecord& record) {
  return make_index<RecordIndex>(record.nodes);
}

}  // namespace muster
