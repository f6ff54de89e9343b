#include "provisioner/checks/preflight_leftovers.h"

#include <algorithm>
#include <set>

#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr const char* kPodNetwork = "10-muster-bridge.conflist";

class Leftovers {
 public:
  Leftovers(const NodeNeeds& needs, const Sighting& seen) : needs_(needs), seen_(seen) {}

  std::vector<Finding> all() {
    kubernetes();
    etcd();
    runtimes();
    cni();
    return std::move(findings_);
  }

 private:
  void say(Level level, const std::string& check, std::string detail, std::string remedy) {
    findings_.push_back({level, check, std::move(detail), std::move(remedy)});
  }
  void warn(const std::string& check, std::string detail, std::string remedy) {
    say(Level::warning, check, std::move(detail), std::move(remedy));
  }
  void refuse(const std::string& check, std::string detail, std::string remedy) {
    say(Level::error, check, std::move(detail), std::move(remedy));
  }

  void kubernetes() {
    std::vector<std::string> signs;
    for (const auto& program : seen_.programs) {
      static const std::set<std::string> kOthers{"etcd", "dockerd", "containerd", "crio"};
      if (kOthers.contains(program.name)) continue;
      signs.push_back(program.name + " runs (" + program.detail + ")");
    }
    signs.insert(signs.end(), seen_.kubernetes.begin(), seen_.kubernetes.end());
    if (signs.empty()) return;
    if (seen_.by_muster.empty()) {
      refuse("kubernetes", "it already has somebody's Kubernetes: " + join(signs, ", "),
             "take another host, or remove that first (kubeadm reset, k3s-uninstall.sh, ...)");
    } else {
      refuse("kubernetes", "it already has another deployment's Kubernetes: " + join(signs, ", "),
             "destroy that one first, with the state of muster that has it");
    }
  }

  void etcd() {
    std::string sign = seen_.etcd_data;
    for (const auto& program : seen_.programs) {
      if (program.name == "etcd") sign = "it runs (" + program.detail + ")";
    }
    if (sign.empty()) return;
    if (needs_.etcd) {
      refuse("etcd", "it already has an etcd: " + sign,
             "save what it holds, remove it and /var/lib/etcd, or take another host");
    } else {
      warn("etcd", "it already has an etcd: " + sign, "is it still needed there?");
    }
  }

  void runtimes() {
    auto runs = [&](const std::string& name) {
      return std::ranges::find(seen_.programs, name, &NamedCheck::name) != seen_.programs.end();
    };
    if (seen_.containerd_io) {
      refuse("docker", "Docker's containerd.io is installed: containerd would take its place",
             "remove Docker's packages, or take another host");
    } else if (runs("dockerd")) {
      warn("docker", "Docker runs there, and its rules drop packets between pods",
           "remove it: Kubernetes does not use it");
    } else if (seen_.other_containerd_config && runs("containerd")) {
      warn("containerd", "containerd runs there with a configuration of its own",
           "nothing to do when nobody needs it: muster replaces the configuration");
    }
  }

  void cni() {
    if (!needs_.bridge || !needs_.pods) return;
    for (const auto& file : seen_.cni) {
      if (file == kPodNetwork) continue;
      bool first = file < kPodNetwork;
      say(first ? Level::error : Level::warning, "cni",
          "it has another pod network: /etc/cni/net.d/" + file +
              (first ? ", which comes before muster's" : ""),
          "remove that file");
    }
  }

  const NodeNeeds& needs_;
  const Sighting& seen_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> judge_leftovers(const NodeNeeds& needs, const Sighting& seen) {
  return Leftovers(needs, seen).all();
}

}  // namespace muster
