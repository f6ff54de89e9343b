#pragma once

#include <string>
#include <vector>

#include "provisioner/base/text.h"
#include "provisioner/checks/preflight_rules.h"

namespace muster::testing {

/// A new master with etcd and pods, and a host that is fit for it.
struct CheckTrial {
  NodeNeeds needs;
  Look look;

  CheckTrial() {
    needs.kubernetes = needs.etcd = needs.control_plane = needs.pods = needs.bridge = true;
    needs.packages = true;
    needs.ports = {{6443, false, "kube-apiserver"}, {7443, true, "the API balancer"}};
    needs.architecture = "amd64";
    needs.artifacts = {"kubelet"};
    needs.networks = {
        {"the pod network", "k8s-kube_pod_subnet", *parse_cidr("10.233.64.0/18")},
        {"the Service network", "k8s-kube_service_addresses", *parse_cidr("10.233.0.0/18")}};
    needs.pod_bits = 24;
    auto& seen = look.seen;
    seen.facts.values = {{"os", "debian"},       {"os_version", "12"}, {"kernel", "6.1.0"},
                         {"arch", "amd64"},      {"cpus", "2"},        {"memory_mb", "4000"},
                         {"container", "false"}, {"cgroup", "v2"},     {"nameserver", "true"},
                         {"systemd", "true"}};
    seen.packages = "apt-get";
    seen.disks = {{"/", "/", 20'000}, {"/var/lib", "/", 20'000}, {"/opt", "/", 20'000}};
    seen.modules = {{"overlay", true, ""},
                    {"br_netfilter", true, ""},
                    {"nf_conntrack", true, ""},
                    {"nf_tables", true, ""},
                    {"ip_tables", false, ""}};
    seen.controllers = "cpuset cpu io memory pids";
    seen.names = {{"own", true, "n"}, {"mirror", true, "deb.debian.org"}};
    seen.mtu = 1500;
    seen.device = "eth0";
    set_clock(0);
  }

  /// The answer took 100 ms.
  void set_clock(double off) {
    look.asked = 1'000'000;
    look.heard = 1'000'000.1;
    look.seen.clock = 1'000'000.05 + off;
  }

  std::vector<Finding> found() const { return judge(needs, look); }
  /// "error clock: what was found -> what to do" of all that is not well.
  std::string bad() const {
    std::vector<std::string> lines;
    for (const auto& finding : found()) {
      if (finding.level == Level::ok) continue;
      lines.push_back(to_string(finding.level) + " " + finding.check + ": " + finding.detail +
                      " -> " + finding.remedy);
    }
    return join(lines, "\n");
  }
};

inline void set_fact(CheckTrial& trial, const char* fact, const char* value) {
  trial.look.seen.facts.values[fact] = value;
}

}  // namespace muster::testing
