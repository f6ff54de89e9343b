#pragma once

#include <map>
#include <string>

#include "inventory/cluster.h"
#include "provisioner/run/context.h"
#include "tests/support/node_facts.h"

namespace muster::testing {

/// What a role is rendered with on a node of a cluster that is made anew: its machines are local
/// ones of Debian 12 on a host with cgroup v1.
inline ContextInput context_input(const Cluster& cluster, const Node& node, const Role& role) {
  ContextInput input;
  input.cluster = &cluster;
  input.node = &node;
  input.role = &role;
  static std::map<std::string, Endpoint> endpoints;
  int last = 10;
  endpoints.clear();
  for (const auto& other : cluster.nodes) {
    endpoints[other.name].address = "10.1.0." + std::to_string(last++);
  }
  input.endpoints = &endpoints;
  static const RecordIndex kNothing;
  input.before = &kNothing;
  static const CertificateOrder kNoOrder;
  input.certificates = &kNoOrder;
  input.facts = facts_of_a_node();
  for (const char* artifact : {"coredns-image", "pause-image"}) input.artifacts[artifact] = true;
  return input;
}

}  // namespace muster::testing
