#pragma once

#include <map>
#include <string>

#include "inventory/cluster.h"
#include "provisioner/engine/context.h"

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
  input.facts.values = {{"arch", "amd64"},       {"os", "debian"},     {"os_version", "12"},
                        {"kernel", "6.1.0"},     {"cpus", "2"},        {"memory_mb", "2048"},
                        {"container", "true"},   {"cgroup", "v1"},     {"oom_score_adj", "false"},
                        {"nameserver", "false"}, {"systemd", "true"},  {"openrc", "false"},
                        {"cgroup_v1", "true"},   {"nftables", "true"}, {"apt", "true"},
                        {"dnf", "false"},        {"apk", "false"}};
  for (const char* artifact : {"coredns-image", "pause-image"}) input.artifacts[artifact] = true;
  return input;
}

}  // namespace muster::testing
