#include "provisioner/plan/membership.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr std::size_t kNamed = 3;

/// "member w-1", "members a, b, c and 7 more".
std::string name_members(const std::set<std::string>& members) {
  std::vector<std::string> named;
  for (const auto& member : members) {
    if (named.size() < kNamed) named.push_back(member);
  }
  auto more = members.size() - named.size();
  return (members.size() > 1 ? "members " : "member ") + join(named, ", ") +
         (more > 0 ? " and " + std::to_string(more) + " more" : "");
}

std::string certificate_reason(RotationPhase phase) {
  switch (phase) {
    case RotationPhase::trust:
      return "the new CAs are trusted too";
    case RotationPhase::issue:
      return "certificates of the new CAs";
    case RotationPhase::distrust:
      return "the old CAs are no longer trusted";
    case RotationPhase::none:
      break;
  }
  return "its certificates are renewed";
}

}  // namespace

Membership::Membership(const Cluster& cluster, const DeploymentRecord* record)
    : cluster_(cluster), record_(record) {
  if (record != nullptr) recorded_ = index_of(*record);
}

const std::string& Membership::reason_of_change(const Role& role,
                                                const std::vector<std::string>& parts) {
  auto [found, fresh] = reasons_.try_emplace({role.name, parts});
  if (fresh) found->second = find_reason(role, parts);
  return found->second;
}

std::string Membership::find_reason(const Role& role, std::vector<std::string> parts) {
  auto changed = std::find(parts.begin(), parts.end(), "members");
  bool listed = changed != parts.end();
  std::set<std::string> joining;
  std::set<std::string> leaving;
  for (const auto& used : role.uses) {
    const auto& members = members_of(used);
    // A replaced node keeps its name, and with it everyone's fingerprint, but has a new address.
    const auto& join = listed ? members.joining : members.created;
    joining.insert(join.begin(), join.end());
    if (listed) leaving.insert(members.leaving.begin(), members.leaving.end());
  }
  std::vector<std::string> reasons;
  if (!joining.empty()) reasons.push_back("new " + name_members(joining));
  if (!leaving.empty()) reasons.push_back("leaving " + name_members(leaving));
  if (listed && !reasons.empty()) parts.erase(changed);
  if (std::erase(parts, kCertificatesPart) > 0) {
    reasons.push_back(certificate_reason(record_->certificates.phase));
  }
  if (!parts.empty()) reasons.push_back("changed: " + join(parts, ", "));
  return join(reasons, "; ");
}

const Membership::Members& Membership::members_of(const std::string& used) {
  auto [found, fresh] = members_.emplace(used, Members{});
  auto& members = found->second;
  if (!fresh) return members;
  bool all = used == "*";
  std::unordered_set<std::string> staying;
  for (const auto& node : cluster_.nodes) {
    if (!all && !wants(node, used)) continue;
    staying.insert(node.name);
    const auto* record = kept_record(recorded_, node);
    if (record == nullptr) members.created.push_back(node.name);
    if (record == nullptr || (!all && record->find_role(used) == nullptr)) {
      members.joining.push_back(node.name);
    }
  }
  if (record_ == nullptr) return members;
  for (const auto& node : record_->nodes) {
    if (!node.twin_of().empty()) continue;
    if ((all || node.find_role(used) != nullptr) && staying.count(node.name) == 0) {
      members.leaving.push_back(node.name);
    }
  }
  return members;
}

}  // namespace muster
