#include "provisioner/bmc/redfish.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/bmc/redfish_json.h"

namespace muster {

namespace {

using Json = nlohmann::json;

constexpr int kMostPages = 100;
constexpr const char* kAllowed = "@Redfish.AllowableValues";

std::vector<std::string> texts_in(const Json& list) {
  std::vector<std::string> texts;
  for (const auto& item : list) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

bool has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::string last_part(const std::string& path) {
  auto end = path.find_last_not_of('/');
  auto begin = path.rfind('/', end);
  return path.substr(begin + 1, end - begin);
}

Json reset_action(const Json& system) {
  return member(member(system, "Actions"), "#ComputerSystem.Reset");
}

Json boot_order(BmcEndpoint::BootMode mode) {
  Json boot{{"BootSourceOverrideEnabled", "Once"}, {"BootSourceOverrideTarget", "Pxe"}};
  if (mode == BmcEndpoint::BootMode::uefi) boot["BootSourceOverrideMode"] = "UEFI";
  if (mode == BmcEndpoint::BootMode::bios) boot["BootSourceOverrideMode"] = "Legacy";
  return {{"Boot", boot}};
}

}  // namespace

Redfish::Redfish(const BmcEndpoint& endpoint, const std::stop_token& stop,
                 std::shared_ptr<HttpTransport> transport)
    : endpoint_(endpoint), session_(endpoint, stop, std::move(transport)), system_(find_system()) {}

std::string Redfish::find_system() {
  std::vector<std::string> paths;
  std::vector<std::string> ids;
  auto next = session_.systems();
  for (int page = 0; !next.empty() && page < kMostPages; ++page) {
    const auto list = session_.get(next);
    for (const auto& item : member(list, "Members")) {
      paths.push_back(link_of(item));
      ids.push_back(last_part(paths.back()));
    }
    next = path_in(text_of(list, "Members@odata.nextLink"));
  }
  if (endpoint_.system.empty() && paths.size() == 1) return paths.front();
  auto found = std::find(ids.begin(), ids.end(), endpoint_.system);
  if (found != ids.end()) return paths[static_cast<std::size_t>(found - ids.begin())];
  const auto known = ids.empty() ? "none" : join(ids, ", ");
  if (endpoint_.system.empty()) {
    throw Error("BMC " + endpoint_.address + " has " + count_of(ids.size(), "system") + ": " +
                known)
        .hint("say which one in the hosts file: system");
  }
  throw Error("BMC " + endpoint_.address + " has no system '" + endpoint_.system +
              "'; it has: " + known)
      .hint("mend 'system' in the hosts file");
}

PowerState Redfish::state() {
  const auto state = text_of(session_.get(system_), "PowerState");
  if (state == "On") return PowerState::on;
  if (state == "Off") return PowerState::off;
  return PowerState::changing;
}

void Redfish::switch_on() { reset(kind_of_reset({"On", "ForceOn"}), "switching it on"); }

bool Redfish::shut_down() {
  constexpr const char* kDoing = "shutting it down";
  const auto kind = kind_of_reset({"GracefulShutdown"});
  if (kind.empty()) return false;
  const auto answer = order(kind, kDoing);
  // What it does not take on now, as when no system is there to be asked.
  if (answer.status == 400 || answer.status == 409 || answer.status == 501) return false;
  session_.require(answer, kDoing);
  session_.finish(answer, kDoing);
  return true;
}

void Redfish::cut_power() { reset(kind_of_reset({"ForceOff"}), "switching it off"); }

/// In the system itself, or in a resource of its own.
std::vector<std::string> Redfish::known_resets(const Json& action) {
  const auto here = member(action, std::string("ResetType") + kAllowed);
  if (here.is_array()) return texts_in(here);
  const auto elsewhere = path_in(text_of(action, "@Redfish.ActionInfo"));
  if (elsewhere.empty()) return {};
  for (const auto& parameter : member(session_.get(elsewhere), "Parameters")) {
    if (text_of(parameter, "Name") != "ResetType") continue;
    return texts_in(member(parameter, "AllowableValues"));
  }
  return {};
}

std::string Redfish::kind_of_reset(const std::vector<std::string>& kinds) {
  const auto known = known_resets(reset_action(session_.get(system_)));
  if (known.empty()) return kinds.front();  // it does not tell
  for (const auto& kind : kinds) {
    if (has(known, kind)) return kind;
  }
  return "";
}

HttpResponse Redfish::order(const std::string& kind, const std::string& doing) {
  const auto target = path_in(text_of(reset_action(session_.get(system_)), "target"));
  if (kind.empty() || target.empty()) {
    throw Error("BMC " + endpoint_.address + " (redfish), " + doing + ": it cannot do that");
  }
  return session_.send("POST", target, Json{{"ResetType", kind}}.dump());
}

void Redfish::reset(const std::string& kind, const std::string& doing) {
  const auto answer = order(kind, doing);
  session_.require(answer, doing);
  session_.finish(answer, doing);
}

void Redfish::boot_from_network_once() {
  constexpr const char* kDoing = "setting the next boot to the network";
  const std::string name = "BMC " + endpoint_.address + " (redfish), " + kDoing;
  const auto order = boot_order(endpoint_.boot_mode).dump();
  for (bool again : {true, false}) {
    std::string etag;
    const auto boot = member(session_.get(system_, etag), "Boot");
    const auto known = texts_in(member(boot, std::string("BootSourceOverrideTarget") + kAllowed));
    if (!known.empty() && !has(known, "Pxe")) {
      throw Error(name + ": it can boot from " + join(known, ", ") + " only");
    }
    const auto answer = session_.send("PATCH", system_, order, etag);
    if (answer.status == 412 && again) continue;  // somebody has changed the system meanwhile
    session_.require(answer, kDoing);
    session_.finish(answer, kDoing);
    break;
  }
  const auto boot = member(session_.get(system_), "Boot");
  if (text_of(boot, "BootSourceOverrideTarget") != "Pxe") {
    throw Error(name + ": it took the order, and says '" +
                text_of(boot, "BootSourceOverrideTarget") + "' as before");
  }
}

}  // namespace muster
