#include "providers/inventory/wish.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "inventory/hosts.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

using Json = nlohmann::json;

/// Where hosts files are looked for when no hint names them.

/// "8", "0.5".
std::string number_text(double number) { return Json(number).dump(); }

std::vector<std::string> parts_of(const HostWish& wish, const Host* without) {
  std::vector<std::string> parts;
  auto want = [&](bool asked, bool has, const std::string& text) {
    if (asked && !has) parts.push_back(text);
  };
  for (const auto& [key, value] : wish.labels) {
    auto found = without == nullptr ? wish.labels.end() : without->labels.find(key);
    bool has = without != nullptr && found != without->labels.end() && found->second == value;
    want(true, has, "label " + key + "=" + value);
  }
  const Host none;
  const Host& host = without == nullptr ? none : *without;
  const auto& least = wish.least;
  want(!wish.zone.empty(), host.zone == wish.zone, "zone " + wish.zone);
  want(!wish.rack.empty(), host.rack == wish.rack, "rack " + wish.rack);
  auto whole = [](std::int64_t number) { return std::to_string(number); };
  auto cpus = least.cpus == static_cast<double>(static_cast<std::int64_t>(least.cpus))
                  ? whole(static_cast<std::int64_t>(least.cpus))
                  : number_text(least.cpus);
  want(least.cpus > 0, host.capacity.cpus >= least.cpus, cpus + " cpus");
  want(least.memory_mb > 0, host.capacity.memory_mb >= least.memory_mb,
       whole(least.memory_mb) + " MB of memory");
  want(least.disk_gb > 0, host.capacity.disk_gb >= least.disk_gb,
       whole(least.disk_gb) + " GB of disk");
  return parts;
}

/// Takes the hints apart.
class HintsReader {
 public:
  explicit HintsReader(std::vector<std::string>& mistakes) : mistakes_(mistakes) {}

  HostWish read(const Json& hints) {
    for (const auto& [name, value] : hints.items()) read(name, value);
    return std::move(wish_);
  }

 private:
  void read(const std::string& name, const Json& value) {
    if (name == "file") return take_text(name, value, wish_.file);
    if (name == "host") return take_text(name, value, wish_.host);
    if (name == "zone") return take_text(name, value, wish_.zone);
    if (name == "rack") return take_text(name, value, wish_.rack);
    if (name == "labels") return take_labels(value);
    if (name == "cpus") return take_number(name, value, wish_.least.cpus);
    if (name == "memory_mb") return take_number(name, value, wish_.least.memory_mb);
    if (name == "disk_gb") return take_number(name, value, wish_.least.disk_gb);
    static const std::vector<std::string> kKnown{"file", "labels",    "zone",   "rack",
                                                 "cpus", "memory_mb", "disk_gb"};
    auto near = nearest(name, kKnown);
    mistakes_.push_back(
        "the provider 'inventory' has no hint '" + name + "'" +
        (near ? "; did you mean '" + *near + "'?" : "; it has '" + join(kKnown, "', '") + "'"));
  }

  void take_text(const std::string& name, const Json& value, std::string& into) {
    if (value.is_string()) {
      into = value.get<std::string>();
    } else {
      wrong(name, "a string");
    }
  }

  template <typename Number>
  void take_number(const std::string& name, const Json& value, Number& into) {
    bool good = value.is_number() && value.get<double>() > 0;
    if (good && std::is_integral_v<Number>) good = value.is_number_integer();
    if (good) {
      into = value.get<Number>();
    } else {
      wrong(name, std::is_integral_v<Number> ? "a whole number above 0" : "a number above 0");
    }
  }

  void take_labels(const Json& value) {
    bool good = value.is_object() && std::all_of(value.begin(), value.end(), [](const Json& label) {
                  return label.is_string();
                });
    if (!good) return wrong("labels", "an object of strings: {\"disk\": \"ssd\"}");
    for (const auto& [key, label] : value.items()) wish_.labels[key] = label.get<std::string>();
  }

  void wrong(const std::string& name, const std::string& what) {
    mistakes_.push_back("the hint '" + name + "' of the provider 'inventory' must be " + what);
  }

  std::vector<std::string>& mistakes_;
  HostWish wish_;
};

}  // namespace

bool HostWish::fits(const Host& host) const {
  if (key.empty()) return true;
  const auto& has = host.capacity;
  return (zone.empty() || host.zone == zone) && (rack.empty() || host.rack == rack) &&
         has.cpus >= least.cpus && has.memory_mb >= least.memory_mb &&
         has.disk_gb >= least.disk_gb &&
         std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
           auto found = host.labels.find(label.first);
           return found != host.labels.end() && found->second == label.second;
         });
}

std::string HostWish::lacking(const Host& host) const {
  auto parts = parts_of(*this, &host);
  return parts.empty() ? "" : parts.front();
}

std::string HostWish::text() const { return join(parts_of(*this, nullptr), ", "); }

HostWish host_wish_of(const std::string& hints, std::vector<std::string>& mistakes) {
  auto json = Json::parse(hints, nullptr, false);
  if (!json.is_object()) json = Json::object();
  auto wish = HintsReader(mistakes).read(json);
  wish.key = wish.text();
  std::error_code failure;
  if (wish.file.empty() && mistakes.empty()) {
    wish.file = kDefaultHostsFolder;
    if (!std::filesystem::exists(wish.file, failure)) {
      mistakes.push_back("the provider 'inventory' needs a hosts file: there is no folder '" +
                         std::filesystem::absolute(wish.file).string() +
                         "', and no hint names one: \"hints\": {\"file\": \"hosts.yaml\"}");
    }
  }
  return wish;
}

}  // namespace muster
