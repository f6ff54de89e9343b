#include "provisioner/definition/component_flags.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

struct OwnFiles {
  std::string_view component;
  std::string_view unit;
  std::string_view config;
};

constexpr std::array<OwnFiles, 6> kOwnFiles = {
    {{"kubelet", "templates/kube-node/kubelet.service", "templates/kube-node/kubelet.yaml"},
     {"kube-proxy", "templates/kube-node/kube-proxy.service",
      "templates/kube-node/kube-proxy.yaml"},
     {"kube-apiserver", "templates/kube-control-plane/kube-apiserver.service", ""},
     {"kube-controller-manager", "templates/kube-control-plane/kube-controller-manager.service",
      ""},
     {"kube-scheduler", "templates/kube-control-plane/kube-scheduler.service", ""},
     {"etcd", "templates/etcd/etcd.service", ""}}};

/// Of a flag or field, written without "-" and in lower case.
struct Elsewhere {
  std::string_view name;
  std::string_view place;
};

constexpr Elsewhere kElsewhere[] = {{"v", "attribs.k8s-log_level"},
                                    {"secureport", "attribs.k8s-kube_apiserver_port"},
                                    {"anonymousauth", "attribs.k8s-kube_api_anonymous_auth"},
                                    {"serviceclusteriprange", "attribs.k8s-kube_service_addresses"},
                                    {"clustercidr", "attribs.k8s-kube_pod_subnet"},
                                    {"clusterdns", "attribs.k8s-kube_service_addresses"},
                                    {"clusterdomain", "attribs.k8s-dns_domain"},
                                    {"serviceaccountissuer", "attribs.k8s-dns_domain"},
                                    {"clustername", "name"},
                                    {"nodelabels", "the labels of \"nodes\""},
                                    {"registerwithtaints", "the taints of \"nodes\""},
                                    {"config", "extra_config"},
                                    {"auditpolicyfile", "audit.policy"},
                                    {"auditwebhookconfigfile", "audit.webhook"},
                                    {"auditwebhookmode", "audit.webhook"},
                                    {"authenticationconfig", "authentication"}};

/// Of the kubelet: they stand deeper in its file, where muster sets them.
constexpr std::string_view kDeepFields[] = {"anonymousauth", "authenticationtokenwebhook",
                                            "authorizationmode", "clientcafile"};

/// Of etcd: its environment has them.
constexpr const char* kEtcdSets[] = {"initial-cluster", "initial-cluster-state",
                                     "heartbeat-interval", "election-timeout"};

/// Of muster's own, what a cluster works with whatever its value is.
constexpr std::string_view kMayDiffer[] = {
    "failSwapOn", "protectKernelDefaults", "nodeStatusUpdateFrequency",
    "resolvConf", "tlsMinVersion",         "seccompDefault",
    "mode",       "evictionHard",          "imageGCHighThresholdPercent",
    "conntrack"};

constexpr std::string_view kGivenAgain[] = {"enable-admission-plugins",
                                            "audit-log-mode",
                                            "audit-log-maxage",
                                            "audit-log-maxbackup",
                                            "audit-log-maxsize",
                                            "tls-min-version",
                                            "profiling",
                                            "kubelet-preferred-address-types",
                                            "cluster-signing-duration"};

std::string plain(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c != '-') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string_view own_file(const std::string& component, std::string_view OwnFiles::*which) {
  auto found = std::find_if(kOwnFiles.begin(), kOwnFiles.end(),
                            [&](const OwnFiles& files) { return files.component == component; });
  if (found == kOwnFiles.end() || ((*found).*which).empty()) return "";
  return resource((*found).*which);
}

bool is_number(const std::string& value, std::string_view more) {
  auto digits = value.substr(value.starts_with('-') ? 1 : 0);
  return !digits.empty() && std::isdigit(static_cast<unsigned char>(digits[0])) != 0 &&
         digits.find_first_not_of("0123456789" + std::string(more)) == std::string::npos;
}

/// "1h30m", "250ms", "0", as Go reads them.
bool is_go_duration(const std::string& value) {
  if (value == "0") return true;
  std::size_t at = value.starts_with('-') ? 1 : 0;
  bool any = false;
  while (at < value.size()) {
    auto unit = value.find_first_not_of("0123456789.", at);
    if (unit == at || unit == std::string::npos) return false;
    auto end = value.find_first_of("0123456789.", unit);
    auto name = value.substr(unit, end == std::string::npos ? end : end - unit);
    constexpr std::string_view kUnits[] = {"h", "m", "s", "ms", "us", "ns"};
    if (std::ranges::find(kUnits, name) == std::end(kUnits)) return false;
    any = true;
    at = end == std::string::npos ? value.size() : end;
  }
  return any;
}

}  // namespace

std::optional<ComponentFlags> ComponentFlags::of(const std::string& minor,
                                                 const std::string& component) {
  auto list = find_resource("roles/flags/" + minor + ".txt");
  if (!list) return std::nullopt;
  ComponentFlags flags;
  for (const auto& line : split(*list, '\n')) {
    std::istringstream words(line);
    std::string whose, name;
    Flag flag;
    words >> whose >> name >> flag.kind >> flag.note;
    if (whose == "gate" && component != "etcd") {
      flags.gates_.push_back(name);
    } else if (whose == component && name.starts_with("--")) {
      flags.flags_.emplace(name.substr(2), flag);
    }
  }
  if (flags.flags_.empty()) return std::nullopt;
  return flags;
}

const ComponentFlags::Flag* ComponentFlags::find(const std::string& name) const {
  auto found = flags_.find(name);
  return found == flags_.end() ? nullptr : &found->second;
}

std::vector<std::string> ComponentFlags::names() const {
  std::vector<std::string> names;
  for (const auto& [name, flag] : flags_) names.push_back(name);
  return names;
}

std::string wanted_instead(const std::string& kind, const std::string& value) {
  if (kind == "bool") return value == "true" || value == "false" ? "" : "true or false";
  if (kind == "duration") return is_go_duration(value) ? "" : "a duration such as 1h30m";
  if (kind.starts_with("uint")) {
    return is_number(value, "") && value[0] != '-' ? "" : "a whole number, 0 or more";
  }
  if (kind == "int" || kind == "int32" || kind == "int64") {
    return is_number(value, "") ? "" : "a whole number";
  }
  if (kind.starts_with("float")) return is_number(value, ".e+-") ? "" : "a number";
  return "";
}

std::vector<std::string> own_flags(const std::string& component) {
  std::vector<std::string> flags;
  auto unit = own_file(component, &OwnFiles::unit);
  for (auto at = unit.find(" --"); at != unit.npos; at = unit.find(" --", at + 1)) {
    auto name = unit.substr(at + 3);
    flags.emplace_back(name.substr(0, name.find_first_of("= \n\\{")));
  }
  if (component == "etcd") flags.insert(flags.end(), std::begin(kEtcdSets), std::end(kEtcdSets));
  return flags;
}

std::string set_instead(std::string_view name) {
  for (const auto& elsewhere : kElsewhere) {
    if (elsewhere.name == plain(name)) return std::string(elsewhere.place);
  }
  return name.starts_with("oidc-") ? "authentication" : "";
}

bool may_be_given_again(std::string_view flag) {
  return std::ranges::find(kGivenAgain, flag) != std::end(kGivenAgain);
}

std::vector<std::string> own_fields(const std::string& component) {
  std::vector<std::string> fields;
  for (const auto& line : split(own_file(component, &OwnFiles::config), '\n')) {
    auto colon = line.find(':');
    if (colon == std::string::npos || colon == 0) continue;
    auto name = line.substr(0, colon);
    bool word =
        std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
    if (word && std::ranges::find(kMayDiffer, name) == std::end(kMayDiffer)) {
      fields.push_back(name);
    }
  }
  return fields;
}

bool stands_in_own_file(const std::string& component, std::string_view flag) {
  auto name = plain(flag);
  bool deep = std::ranges::find(kDeepFields, name) != std::end(kDeepFields);
  if (component == "kubelet" && deep) return true;
  return std::ranges::any_of(own_fields(component),
                             [&](const std::string& field) { return plain(field) == name; });
}

}  // namespace muster
