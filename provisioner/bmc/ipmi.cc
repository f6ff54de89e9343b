#include "provisioner/bmc/ipmi.h"

#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/bmc/password.h"

namespace muster {

namespace {

// The program itself asks again, for BMCs that are slow, or lose a packet: one that is silent takes
// a quarter of a minute.
constexpr const char* kRetries = "3";
constexpr std::chrono::seconds kDeadline{60};

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

/// The line that says what failed; else all but what -v tells besides.
std::string told(const std::string& said) {
  std::vector<std::string> lines;
  for (const auto& line : split(said, '\n')) {
    auto text = trim(line);
    if (has(text, " failed: ")) return text;
    if (!text.empty() && !has(text, "Loading IANA")) lines.push_back(std::move(text));
  }
  return join(lines, "; ");
}

bool is_refused(const std::string& said) {
  return has(said, "HMAC is invalid") || has(said, "unauthorized name") ||
         has(said, "unauthorized GUID");
}

}  // namespace

std::string ipmi_problem(const std::string& said) {
  if (has(said, "unauthorized name")) return "it does not know the user";
  if (is_refused(said)) return "it refuses the password";
  if (has(said, "invalid role") || has(said, "higher than permitted")) {
    return "its user may not switch the power: that takes the level OPERATOR";
  }
  auto text = told(said);
  if (has(said, "Get Auth Capabilities error") || text.empty() ||
      text == "Error: Unable to establish IPMI v2 / RMCP+ session") {
    return "it does not answer";
  }
  return text;
}

std::string Ipmi::run(const std::vector<std::string>& words) const {
  ProcessSpec spec;
  spec.argv = {"ipmitool", "-v",
               "-I",       "lanplus",
               "-H",       endpoint_.address,
               "-p",       std::to_string(endpoint_.port),
               "-U",       endpoint_.user,
               "-L",       "OPERATOR",
               "-N",       "1",
               "-R",       kRetries,
               "-E"};
  if (endpoint_.cipher_suite >= 0) {
    spec.argv.insert(spec.argv.end(), {"-C", std::to_string(endpoint_.cipher_suite)});
  }
  spec.argv.insert(spec.argv.end(), words.begin(), words.end());
  // Its newer versions look at the second one first.
  const auto password = password_of(endpoint_);
  spec.environment = {"IPMI_PASSWORD=" + password.reveal(),
                      "IPMITOOL_PASSWORD=" + password.reveal(), "LC_ALL=C"};
  spec.deadline = kDeadline;
  spec.interruptible = true;
  ProcessResult result;
  try {
    run_blocking([&] {
      const InterruptScope interrupts(stop_);
      result = run_process(spec);
    });
  } catch (const Error& error) {
    if (error.exit_code() == ExitCode::interrupted) throw;
    throw Error("a host with IPMI needs the program ipmitool: " + first_line(error.what()))
        .hint("install it on this machine: apt-get install ipmitool");
  }
  if (result.exit_code == 0 && !result.timed_out) return result.output;
  const auto problem = result.timed_out ? std::string("it does not answer in time")
                                        : ipmi_problem(result.error_output);
  Error error("BMC " + endpoint_.address + " (ipmi), '" + join(words, " ") + "': " + problem);
  if (is_refused(result.error_output)) {
    error.hint("see the user '" + endpoint_.user + "' and " + password_source(endpoint_) +
               "; it was asked once, since a BMC locks an account that fails too often");
  } else if (problem.starts_with("it does not answer")) {
    error.hint("see the address and the port (" + std::to_string(endpoint_.port) +
               ", UDP), and whether IPMI over LAN is switched on there; BMCs that cannot negotiate "
               "need 'cipher_suite', mostly 3 or 17");
  }
  throw error;
}

PowerState Ipmi::state() {
  const auto said = run({"chassis", "power", "status"});
  if (has(said, "Chassis Power is on")) return PowerState::on;
  if (has(said, "Chassis Power is off")) return PowerState::off;
  return PowerState::changing;
}

void Ipmi::switch_on() { run({"chassis", "power", "on"}); }

bool Ipmi::shut_down() {
  try {
    run({"chassis", "power", "soft"});
    return true;
  } catch (const Error& error) {
    if (has(error.what(), "Control to Soft failed")) return false;
    throw;
  }
}

void Ipmi::cut_power() { run({"chassis", "power", "off"}); }

void Ipmi::boot_from_network_once() {
  std::vector<std::string> words{"chassis", "bootdev", "pxe"};
  if (endpoint_.boot_mode == BmcEndpoint::BootMode::uefi) words.emplace_back("options=efiboot");
  run(words);
}

}  // namespace muster
