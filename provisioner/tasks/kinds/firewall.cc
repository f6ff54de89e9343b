#include <algorithm>
#include <cctype>

#include "provisioner/base/text.h"
#include "provisioner/definition/cidr.h"
#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  return {"m_firewall", task.text("address"), join(task.args.items("ports"), " "),
          join(task.args.items("sources"), " ")};
}

std::vector<std::string> keys(const Args& args) {
  // Files of zones are no single task's.
  std::vector<std::string> keys{"firewall:zones"};
  for (const auto& port : args.items("ports")) keys.push_back("firewall:port:" + port);
  for (const auto& source : args.items("sources")) keys.push_back("firewall:source:" + source);
  return keys;
}

/// "6443/tcp" or "2379-2380/tcp".
bool is_port(const std::string& text) {
  auto slash = text.find('/');
  auto protocol = slash == text.npos ? "" : text.substr(slash + 1);
  auto numbers = split(text.substr(0, slash), '-');
  return (protocol == "tcp" || protocol == "udp") && numbers.size() <= 2 &&
         std::ranges::all_of(numbers, [](const auto& number) {
           return !number.empty() && number.size() <= 5 &&
                  std::ranges::all_of(number, [](unsigned char c) { return std::isdigit(c) != 0; });
         });
}

std::string check(const Args& args) {
  for (const auto& port : args.items("ports")) {
    if (!is_port(port)) return "takes ports like '6443/tcp' or '2379-2380/tcp', not '" + port + "'";
  }
  for (const auto& source : args.items("sources")) {
    if (!parse_cidr(source)) return "takes networks like '10.0.0.0/16', not '" + source + "'";
  }
  return args.has("ports") || args.has("sources") ? "" : "needs 'ports' or 'sources'";
}

}  // namespace

Kind firewall_kind() {
  return {
      .name = "firewall",
      .args = {{"ports", ArgType::list}, {"sources", ArgType::lines}, {"address", ArgType::text}},
      .library = {"shell/family", "shell/firewalld", "kinds/firewall"},
      .call = call,
      .keys = keys,
      .check = check};
}

}  // namespace muster
