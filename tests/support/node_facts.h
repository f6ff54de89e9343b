#pragma once

#include "provisioner/tasks/facts.h"

namespace muster::testing {

/// Of a Debian 12 container with cgroup v1: every fact that templates may ask for.
inline Facts facts_of_a_node() {
  Facts facts;
  facts.values = {{"arch", "amd64"},
                  {"os", "debian"},
                  {"os_version", "12"},
                  {"kernel", "6.1.0"},
                  {"cpus", "2"},
                  {"memory_mb", "2048"},
                  {"container", "true"},
                  {"cgroup", "v1"},
                  {"oom_score_adj", "false"},
                  {"nameserver", "false"},
                  {"systemd", "true"},
                  {"openrc", "false"},
                  {"cgroup_v1", "true"},
                  {"nftables", "true"},
                  {"apt", "true"},
                  {"dnf", "false"},
                  {"apk", "false"},
                  {"selinux", "false"},
                  {"resolv_conf", "/etc/resolv.conf"}};
  return facts;
}

}  // namespace muster::testing
