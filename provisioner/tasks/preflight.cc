#include "provisioner/tasks/preflight.h"

#include <bit>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <map>

#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/cidr.h"
#include "provisioner/tasks/answer.h"
#include "provisioner/tasks/shell_text.h"

namespace muster {

namespace {

constexpr const char* kPreflightScript = "provisioner/tasks/preflight.sh";
/// More of a kind than any honest node says.
constexpr std::size_t kMostOfAKind = 100;

/// Takes the first word away, with the space behind it.
std::string take_word(std::string& text) {
  auto space = text.find(' ');
  auto word = text.substr(0, space);
  text = space == std::string::npos ? "" : text.substr(space + 1);
  return word;
}

/// Nothing for what is no number.
template <typename Number>
std::optional<Number> number_in(const std::string& text) {
  Number number{};
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

NamedCheck named_check(std::string text) {
  NamedCheck check;
  check.name = take_word(text);
  check.good = take_word(text) == "true";
  check.detail = text;
  return check;
}

void take_clock(Sighting& seen, const std::string& text) {
  seen.clock = number_in<double>(text);
  seen.clock_is_whole = text.find('.') == std::string::npos;
}

void take_disk(Sighting& seen, std::string text) {
  DiskSpace disk;
  disk.path = take_word(text);
  auto free = number_in<long long>(take_word(text));
  auto size = number_in<long long>(take_word(text));
  disk.mount = text;
  if (!free || *free < 0 || !size || *size < 0) return;
  disk.free_mb = *free / 1024;
  disk.size_mb = *size / 1024;
  seen.disks.push_back(disk);
}

void take_port(Sighting& seen, std::string text) {
  PortInUse port;
  auto number = number_in<int>(take_word(text));
  auto where = take_word(text);
  if (!number) return;
  port.port = *number;
  if (where == "loopback") port.where = PortInUse::Where::loopback;
  if (where == "address") port.where = PortInUse::Where::address;
  port.owner = text;
  seen.ports.push_back(port);
}

void take_program(Sighting& seen, std::string text) {
  NamedCheck program;
  program.name = take_word(text);
  program.detail = text;
  seen.programs.push_back(program);
}

/// The kernel prints the bytes of an address as one number, the first one last. All that muster
/// knows are little-endian.
std::optional<std::uint32_t> kernel_address(const std::string& hex) {
  std::uint32_t number = 0;
  auto [end, problem] = std::from_chars(hex.data(), hex.data() + hex.size(), number, 16);
  if (problem != std::errc{} || end != hex.data() + hex.size()) return std::nullopt;
  return __builtin_bswap32(number);
}

void take_route(Sighting& seen, std::string text) {
  RouteSeen route;
  route.device = take_word(text);
  auto to = kernel_address(take_word(text));
  auto gateway = kernel_address(take_word(text));
  auto mask = kernel_address(text);
  if (!to || !gateway || !mask) return;
  route.to = Cidr{*to & *mask, std::popcount(*mask)}.text();
  if (*gateway != 0) route.gateway = address_text(*gateway);
  seen.routes.push_back(route);
}

void take_mtu(Sighting& seen, std::string text) {
  seen.mtu = number_in<int>(take_word(text)).value_or(0);
  seen.device = text;
}

using Take = std::function<void(Sighting&, const std::string&)>;

Take into(std::string Sighting::*member) {
  return [member](Sighting& seen, const std::string& text) { seen.*member = text; };
}

Take into(std::vector<std::string> Sighting::*member) {
  return [member](Sighting& seen, const std::string& text) { (seen.*member).push_back(text); };
}

Take into(std::vector<NamedCheck> Sighting::*member) {
  return [member](Sighting& seen, const std::string& text) {
    (seen.*member).push_back(named_check(text));
  };
}

Take into(bool Sighting::*member) {
  return [member](Sighting& seen, const std::string&) { seen.*member = true; };
}

const std::map<std::string, Take>& takers() {
  static const std::map<std::string, Take> all{
      {"clock", take_clock},
      {"owner", into(&Sighting::owner)},
      {"packages", into(&Sighting::packages)},
      {"missing", into(&Sighting::missing_packages)},
      {"hostname", into(&Sighting::hostname)},
      {"machine_id", into(&Sighting::machine_id)},
      {"product_uuid", into(&Sighting::product_uuid)},
      {"boot", into(&Sighting::boot)},
      {"disk", take_disk},
      {"port", take_port},
      {"swap", into(&Sighting::swaps)},
      {"module", into(&Sighting::modules)},
      {"firewall", into(&Sighting::firewalls)},
      {"controllers", [](Sighting& seen, const std::string& text) { seen.controllers = text; }},
      {"program", take_program},
      {"kubernetes", into(&Sighting::kubernetes)},
      {"by_muster", into(&Sighting::by_muster)},
      {"etcd_data", into(&Sighting::etcd_data)},
      {"cni", into(&Sighting::cni)},
      {"containerd_config", into(&Sighting::other_containerd_config)},
      {"containerd_io", into(&Sighting::containerd_io)},
      {"name", into(&Sighting::names)},
      {"route", take_route},
      {"has_address", into(&Sighting::addresses)},
      {"at_address", [](Sighting& seen,
                        const std::string& text) { seen.has_address = text.starts_with("true"); }},
      {"name_server", into(&Sighting::name_servers)},
      {"asker", into(&Sighting::asker)},
      {"mtu", take_mtu}};
  return all;
}

}  // namespace

std::string preflight_script(const std::string& nonce, const PreflightQuestions& questions) {
  auto functions = find_resource(kPreflightScript);
  if (!functions) bug("the script of the checks is not in the binary");
  std::vector<std::string> ports;
  for (int port : questions.ports) ports.push_back(std::to_string(port));
  auto values = "m_ports='" + join(ports, " ") +
                "'\nm_kubernetes=" + (questions.kubernetes ? "yes" : "''") +
                "\nm_address=" + shell_quote(questions.address) + "\n";
  for (const auto& [family, names] : questions.packages) {
    values += "m_wanted_" + family + "=" +
              shell_quote(join(std::vector(names.begin(), names.end()), " ")) + "\n";
  }
  if (!questions.packages.empty()) values += shell_text("shell/package_families");
  return facts_script(nonce, values + std::string(*functions), "  m_clock\n  m_facts\n  m_check\n");
}

Sighting parse_preflight(std::string_view answer, const std::string& nonce) {
  Sighting seen;
  seen.facts = parse_facts(answer, nonce);
  std::map<std::string, std::size_t> said;
  read_answer(answer, nonce, [&](const std::string& key, const std::string& value) {
    if (!key.starts_with(kCheckPrefix)) return;
    auto take = takers().find(key.substr(kCheckPrefix.size()));
    if (take != takers().end() && ++said[key] <= kMostOfAKind) take->second(seen, value);
  });
  return seen;
}

}  // namespace muster
