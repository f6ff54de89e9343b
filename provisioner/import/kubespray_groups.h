#pragma once

#include <string>
#include <vector>

#include "provisioner/import/ansible_inventory.h"

namespace muster {

/// Kubespray's name of a group today, of any that it had: "kube_node" of "kube-node". Empty when it
/// knows no such group.
std::string kubespray_group(const std::string& name);

/// What is wrong with the groups, a line each: such that mean nothing to Kubespray and are not in
/// `allowed`. A host in them would silently be no part of the cluster.
std::vector<std::string> unknown_groups(const AnsibleInventory& inventory,
                                        const std::vector<std::string>& allowed);

/// Does what Kubespray's playbooks do first: hosts of groups with older names are in those of today
/// too, and all of the cluster's are in k8s_cluster.
void add_dynamic_groups(AnsibleInventory& inventory);

}  // namespace muster
