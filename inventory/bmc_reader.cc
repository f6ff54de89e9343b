// The "bmc" of a host.
#include <cstdlib>

#include "inventory/address.h"
#include "inventory/hosts_reader.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

using Kind = Value::Kind;

constexpr const char* kBmcExample =
    "e.g. \"bmc: {kind: redfish, address: 10.0.9.11, user: muster, password_file: bmc.password}\"";
constexpr int kMostSuite = 255;

}  // namespace

std::filesystem::path HostsReader::path_of(const std::string& text) const {
  std::filesystem::path path = text;
  const char* home = std::getenv("HOME");
  if (text.starts_with("~/") && home != nullptr) {
    path = std::filesystem::path(home) / text.substr(2);
  }
  return (folder_ / path).lexically_normal();
}

bool HostsReader::flag_of(const Value& object, const std::string& key) {
  const auto* value = get(object, key, Kind::boolean);
  return value != nullptr && value->boolean;
}

void HostsReader::read_bmc(const Value& item, Host& host) {
  const auto* told = get(item, "bmc", Kind::object);
  if (told == nullptr) return;
  BmcEndpoint bmc;
  const auto* kind = get(*told, "kind", Kind::string);
  if (kind == nullptr || (kind->text != "redfish" && kind->text != "ipmi")) {
    error(kind == nullptr ? told->at : kind->at,
          "the 'kind' of a BMC is redfish or ipmi" +
              (kind == nullptr ? "" : ", not " + shown(kind->text)),
          kBmcExample);
    return;
  }
  const bool redfish = kind->text == "redfish";
  bmc.kind = redfish ? BmcEndpoint::Kind::redfish : BmcEndpoint::Kind::ipmi;
  bmc.port = redfish ? 443 : 623;
  std::vector<std::string> keys{"kind",         "address",   "port", "user",   "password_file",
                                "password_env", "boot_mode", "wake", "release"};
  if (redfish) keys.insert(keys.end(), {"system", "fingerprint", "ca_file", "insecure"});
  if (!redfish) keys.emplace_back("cipher_suite");
  if (told->find("password") == nullptr) check_keys(*told, "a BMC of kind " + kind->text, keys);
  if (const auto* port = get(*told, "port", Kind::integer)) {
    if (port->integer < 1 || port->integer > 65535) {
      error(port->at, "'port' is " + std::to_string(port->integer) + ", outside 1 to 65535");
    } else {
      bmc.port = static_cast<int>(port->integer);
    }
  }
  read_bmc_login(*told, bmc);
  if (redfish) read_bmc_tls(*told, bmc);
  read_bmc_uses(*told, bmc, host);
  host.bmc = std::move(bmc);
}

void HostsReader::read_bmc_login(const Value& told, BmcEndpoint& bmc) {
  auto text_of = [&](const char* key, std::string& into) {
    const auto* value = get(told, key, Kind::string);
    if (value != nullptr && value->text.empty())
      error(value->at, "'" + std::string(key) + "' is empty");
    if (value != nullptr) into = value->text;
    return value;
  };
  const auto* address = text_of("address", bmc.address);
  if (address == nullptr) error(told.at, "a BMC needs an 'address'", kBmcExample);
  if (address != nullptr && !is_address(address->text)) {
    error(address->at, shown(address->text) + " is no address",
          "it is an IPv4 or IPv6 address or the name of the BMC; its port goes in 'port'");
  }
  if (text_of("user", bmc.user) == nullptr) error(told.at, "a BMC needs a 'user'", kBmcExample);
  if (const auto* password = told.find("password")) {
    error(password->at, "a password does not belong into a hosts file",
          "put it into a file that only you can read, and name that: password_file: bmc.password; "
          "or name a variable of the environment: password_env: BMC_PASSWORD");
    return;
  }
  const auto* file = text_of("password_file", bmc.password_file);
  const auto* variable = text_of("password_env", bmc.password_env);
  if ((file == nullptr) == (variable == nullptr)) {
    error(told.at, "a BMC needs one of 'password_file' and 'password_env'", kBmcExample);
  }
  if (file != nullptr) bmc.password_file = path_of(file->text).string();
}

void HostsReader::read_bmc_tls(const Value& told, BmcEndpoint& bmc) {
  if (const auto* system = get(told, "system", Kind::string)) bmc.system = system->text;
  const auto* fingerprint = get(told, "fingerprint", Kind::string);
  const auto* ca_file = get(told, "ca_file", Kind::string);
  bmc.insecure = flag_of(told, "insecure");
  if (fingerprint != nullptr) {
    bmc.fingerprint = parse_fingerprint(fingerprint->text).value_or("");
    if (bmc.fingerprint.empty()) {
      error(fingerprint->at, shown(fingerprint->text) + " is no fingerprint",
            "it is SHA256: and 43 characters; 'muster bmc status' says what the BMC shows");
    }
  }
  if (ca_file != nullptr) bmc.ca_file = path_of(ca_file->text).string();
  if ((fingerprint != nullptr) + (ca_file != nullptr) + (bmc.insecure ? 1 : 0) > 1) {
    error(told.at, "a BMC has one of 'fingerprint', 'ca_file' and 'insecure'");
  }
}

void HostsReader::read_bmc_uses(const Value& told, BmcEndpoint& bmc, const Host& host) {
  if (const auto* mode = get(told, "boot_mode", Kind::string)) {
    if (mode->text == "uefi") bmc.boot_mode = BmcEndpoint::BootMode::uefi;
    if (mode->text == "bios") bmc.boot_mode = BmcEndpoint::BootMode::bios;
    if (bmc.boot_mode == BmcEndpoint::BootMode::as_is) {
      error(mode->at, "'boot_mode' is uefi or bios, not " + shown(mode->text));
    }
  }
  if (const auto* suite = told.find("cipher_suite"); suite != nullptr) {
    suite = get(told, "cipher_suite", Kind::integer);
    if (suite != nullptr && (suite->integer < 0 || suite->integer > kMostSuite)) {
      error(suite->at, "'cipher_suite' is a number such as 3 or 17");
    } else if (suite != nullptr) {
      bmc.cipher_suite = static_cast<int>(suite->integer);
    }
  }
  bmc.wake = flag_of(told, "wake");
  if (bmc.wake && !host.endpoint.bastion.empty()) {
    error(told.find("wake")->at, "'wake' does not go with 'bastion'",
          "muster could not see from here whether the host answers");
  }
  if (const auto* release = get(told, "release", Kind::string)) {
    bmc.release_off = release->text == "off";
    if (!bmc.release_off) {
      error(release->at, "'release' is off, not " + shown(release->text),
            "leave it out to leave the host running");
    }
  }
}

}  // namespace muster
