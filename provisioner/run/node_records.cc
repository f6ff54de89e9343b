#include "provisioner/run/node_records.h"

#include <algorithm>

#include "provisioner/pki/pki.h"

namespace muster {

NodeRecords::NodeRecords(Store& store, const Cluster& cluster, const DeploymentRecord& record)
    : store_(store), wanted_(index_of(cluster)), deployment_(record.name) {
  for (const auto& node : record.nodes) nodes_[node.name] = node;
}

void NodeRecords::before(const Step& step) {
  switch (step.verb) {
    case Verb::create_node:
      put(intended(step));
      break;
    case Verb::destroy_node: {
      auto record = of(step.node);
      if (record.token.empty()) break;
      record.state = NodeState::destroying;
      put(record);
      break;
    }
    case Verb::apply_role:
    case Verb::undo_role:
      put_in_doubt(step);
      break;
    case Verb::verify_role:
      break;
  }
}

NodeRecord NodeRecords::intended(const Step& step) const {
  auto record = of(step.node);
  const auto wanted = node(step.node);
  // What its provider has given away may be another node's address by now. Whoever destroys what is
  // made now asks the provider what it is called, when this run did not come to know it.
  if (record.state == NodeState::lost) {
    record.endpoint = {};
    record.handle.clear();
  }
  record.provider = wanted.provider;
  record.pod_cidr = wanted.pod_cidr;
  record.wanted_roles = wanted.roles;
  record.state = NodeState::creating;
  if (record.token.empty()) record.token = random_hex(16);
  return record;
}

/// From now on the node may have the role in part. An apply that has a record was put in doubt
/// before the run (see mark_unfinished).
void NodeRecords::put_in_doubt(const Step& step) {
  const auto record = of(step.node);
  const auto* known = record.find_role(step.role);
  if (known == nullptr) {
    store_.put_role(deployment_, step.node, {step.role, ""});
  } else if (known->whole() && step.verb == Verb::undo_role) {
    store_.put_role(deployment_, step.node, {step.role, kInDoubt});
  }
}

void NodeRecords::after(const Step& step, const StepResult& result) {
  if (!result.host_key.empty()) {
    auto record = of(step.node);
    record.endpoint.host_key = result.host_key;
    put(record);
  }
  if (!succeeded(result.outcome)) return;
  switch (step.verb) {
    case Verb::create_node: {
      auto record = of(step.node);
      record.handle = result.made->handle;
      record.endpoint = result.made->endpoint;
      record.state = NodeState::ready;
      put(record);
      // The machine may be another one than the plan had for it.
      std::lock_guard lock(mutex_);
      labels_[step.node] = result.made->labels;
      break;
    }
    case Verb::destroy_node: {
      store_.forget_node(deployment_, step.node);
      std::lock_guard lock(mutex_);
      nodes_.erase(step.node);
      endpoints_.reset();
      break;
    }
    case Verb::apply_role:
    case Verb::verify_role:
      store_.put_role(deployment_, step.node, {step.role, step.fingerprint});
      break;
    case Verb::undo_role:
      if (!result.forgotten) forget_role(step);
      break;
  }
}

void NodeRecords::is_coming(const std::string& node, const std::string& handle) {
  auto record = of(node);
  if (record.handle == handle) return;
  record.handle = handle;
  put(record);
}

void NodeRecords::forget_role(const Step& step) {
  store_.forget_role(deployment_, step.node, step.role);
  std::lock_guard lock(mutex_);
  if (auto node = nodes_.find(step.node); node != nodes_.end()) {
    std::erase_if(node->second.roles,
                  [&](const RoleRecord& known) { return known.role == step.role; });
  }
}

void NodeRecords::put(const NodeRecord& node) {
  store_.put_node(deployment_, node);
  std::lock_guard lock(mutex_);
  nodes_[node.name] = node;
  endpoints_.reset();
}

NodeRecord NodeRecords::of(const std::string& node) const {
  std::lock_guard lock(mutex_);
  auto found = nodes_.find(node);
  if (found != nodes_.end()) return found->second;
  NodeRecord fresh;
  fresh.name = node;
  return fresh;
}

bool NodeRecords::is_another_nodes(const std::string& handle, const NodeRecord& node) const {
  std::lock_guard lock(mutex_);
  return std::ranges::any_of(nodes_, [&](const auto& item) {
    const auto& other = item.second;
    return other.state == NodeState::ready && other.provider == node.provider &&
           other.handle == handle && other.token != node.token;
  });
}

Node NodeRecords::node(const std::string& name) const {
  if (const auto* known = find_in(wanted_, name)) {
    auto node = *known;
    std::lock_guard lock(mutex_);
    if (auto got = labels_.find(name); got != labels_.end()) node.set_machine_labels(got->second);
    return node;
  }
  const auto record = of(name);
  Node node;
  node.name = name;
  node.fqdn = name;
  node.pod_cidr = record.pod_cidr;
  node.roles = record.wanted_roles;
  return node;
}

std::shared_ptr<const NodeRecords::Endpoints> NodeRecords::endpoints() const {
  std::lock_guard lock(mutex_);
  if (!endpoints_) {
    auto made = std::make_shared<Endpoints>();
    for (const auto& [name, record] : nodes_) {
      if (!record.endpoint.address.empty()) made->emplace_hint(made->end(), name, record.endpoint);
    }
    endpoints_ = std::move(made);
  }
  return endpoints_;
}

}  // namespace muster
