#include "provisioner/import/import_report.h"

#include <algorithm>

#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr std::size_t kShownHosts = 4;
constexpr std::size_t kColumn = 36;

const char* heading(ImportFate fate) {
  switch (fate) {
    case ImportFate::mapped:
      return "mapped";
    case ImportFate::ignored:
      return "ignored: nothing is lost";
    case ImportFate::unavailable:
      return "cannot be had: here the cluster differs";
    case ImportFate::unknown:
      return "unknown to muster: without effect";
  }
  return "";
}

std::string hosts_text(const std::vector<std::string>& hosts) {
  if (hosts.empty()) return "";
  auto shown = std::min(hosts.size(), kShownHosts);
  std::string text = join(std::span(hosts).first(shown), ", ");
  if (hosts.size() > shown) text += " and " + std::to_string(hosts.size() - shown) + " more";
  return " (" + text + ")";
}

}  // namespace

void ImportReport::add(ImportFate fate, const std::string& what, const std::string& why,
                       const std::string& host) {
  auto key = std::to_string(static_cast<int>(fate)) + "\n" + what + "\n" + why;
  auto [at, fresh] = at_.try_emplace(key, lines_.size());
  if (fresh) lines_.push_back({fate, what, why, {}});
  auto& hosts = lines_[at->second].hosts;
  bool known = !hosts.empty() && hosts.back() == host;
  if (!host.empty() && !known) hosts.push_back(host);
}

std::size_t ImportReport::count(ImportFate fate) const {
  return static_cast<std::size_t>(std::count_if(
      lines_.begin(), lines_.end(), [&](const Line& line) { return line.fate == fate; }));
}

bool ImportReport::has(ImportFate fate, const std::string& what) const {
  return std::any_of(lines_.begin(), lines_.end(),
                     [&](const Line& line) { return line.fate == fate && line.what == what; });
}

std::string ImportReport::text() const {
  std::string text;
  for (auto fate :
       {ImportFate::mapped, ImportFate::ignored, ImportFate::unavailable, ImportFate::unknown}) {
    if (count(fate) == 0) continue;
    text += std::string(text.empty() ? "" : "\n") + heading(fate) + "\n";
    for (const auto& line : lines_) {
      if (line.fate != fate) continue;
      auto why = line.why + hosts_text(line.hosts);
      auto gap = line.what.size() < kColumn ? kColumn - line.what.size() : 1;
      text += "  " + line.what + (why.empty() ? "" : std::string(gap, ' ') + why) + "\n";
    }
  }
  return text;
}

}  // namespace muster
