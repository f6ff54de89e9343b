// Many nodes, and more than there can be.
#include <algorithm>

#include "inventory/hosts.h"
#include "providers/conformance/trial.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

/// As many at once as there are; all must be made.
std::vector<Attempt> make_all(ProviderTrial& trial, int count) {
  std::vector<NodeSpec> specs;
  for (int i = 0; i < count; ++i) specs.push_back(trial.spec());
  auto attempts = trial.create_at_once(specs);
  for (const auto& attempt : attempts) {
    if (attempt.error.empty()) continue;
    throw CaseFailed{"of " + std::to_string(count) +
                     " creates at once one failed: " + attempt.error};
  }
  return attempts;
}

std::vector<ProvidedNode> nodes_of(const std::vector<Attempt>& attempts) {
  std::vector<ProvidedNode> nodes;
  for (const auto& attempt : attempts) nodes.push_back(attempt.node);
  return nodes;
}

void must_be_apart(const std::vector<Attempt>& attempts) {
  std::set<std::string> handles;
  std::set<std::string> places;
  for (const auto& [spec, node, error] : attempts) {
    if (!handles.insert(node.handle).second) {
      throw CaseFailed{"two nodes have the handle '" + node.handle + "'"};
    }
    if (!places.insert(node.endpoint.bastion + " " + place_of(node.endpoint)).second) {
      throw CaseFailed{"two nodes have the address '" + place_of(node.endpoint) + "'"};
    }
  }
}

}  // namespace

std::string case_quota(ProviderTrial& trial) {
  const auto& [tag, quota] = std::pair(trial.input().tag, trial.input().quota);
  if (quota == 0) throw CaseSkipped{"it is not known how many nodes there can be: say --quota N"};
  auto nodes = nodes_of(make_all(trial, quota));
  auto one_more = trial.spec();
  auto attempt = trial.create_at_once({one_more}).front();
  if (attempt.error.empty()) {
    throw CaseFailed{"with a quota of " + std::to_string(quota) + " it made one node more"};
  }
  for (const auto& node : trial.listed(tag)) {
    if (node.token != one_more.token) continue;
    if (node.complete) throw CaseFailed{"the node beyond the quota failed, and is listed as whole"};
    trial.provider().destroy(node.handle);
  }
  trial.must_list(tag, nodes);
  trial.provider().destroy(nodes.back().handle);
  nodes.back() = trial.create(one_more);
  trial.must_list(tag, nodes);
  return "beyond " + count_of(static_cast<std::size_t>(quota), "node") + ": " +
         first_line(attempt.error);
}

std::string case_parallel(ProviderTrial& trial) {
  const auto& [tag, quota] = std::pair(trial.input().tag, trial.input().quota);
  const int count = quota == 0 ? trial.input().creates : std::min(quota, trial.input().creates);
  const RealClock clock;
  const auto began = clock.steady_ms();
  auto attempts = make_all(trial, count);
  const auto took = clock.steady_ms() - began;
  must_be_apart(attempts);
  trial.must_list(tag, nodes_of(attempts));
  trial.destroy_at_once(attempts);
  trial.must_list(tag, {});
  return std::to_string(count) + " creates at once in " + format_ms(took);
}

std::string case_nothing_left(ProviderTrial& trial) {
  trial.must_list(trial.input().tag, {});
  trial.must_list(trial.other_tag(), {});
  return "";
}

}  // namespace muster
