#include "provisioner/tasks/ledger.h"

#include <algorithm>

#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"

namespace muster {

std::vector<std::string_view> ledger_library() {
  std::vector<std::string_view> library{"shell/mounts", "shell/accounts"};
  for (const char* kind : {"package", "mount", "unit"}) {
    const auto& used = find_kind(kind)->library;
    library.insert(library.end(), used.begin(), used.end());
  }
  for (auto name :
       {"shell/firewalld", "shell/selinux", "shell/put_back_files", "shell/put_back_system",
        "shell/put_back_units", "shell/put_back", "shell/put_back_former"}) {
    library.push_back(name);
  }
  return library;
}

bool says_what_stays(std::string_view line) {
  for (std::string_view how : {"keep /", "leave /", "these stay, "}) {
    if (line.starts_with(how)) return true;
  }
  if (line.ends_with(" stays")) return true;
  return line.find(" stays until ") != line.npos || line.find(" stays: ") != line.npos ||
         line.find(" stays mounted until ") != line.npos;
}

void LedgerWants::add(const Kind& kind, const Args& args) {
  const auto takes = [&](std::string_view name) {
    return std::ranges::find(kind.args, name, &ArgRule::name) != kind.args.end();
  };
  if (takes("state") && args.text("state") == "absent") return;
  std::vector<std::string> keys;
  if (kind.keys != nullptr) {
    keys = kind.keys(args);
  } else if (takes("path")) {
    keys = {args.text("path")};
  }
  for (auto& key : keys) {
    if (!key.empty() && std::ranges::find(keys_, key) == keys_.end()) {
      keys_.push_back(std::move(key));
    }
  }
}

std::string LedgerWants::shell(const std::string& role) const {
  if (keys_.empty() && traces_.empty()) return "m_wants_file= m_wants=\n";
  std::string wants, traces;
  for (const auto& key : keys_) wants += key + "\n";
  for (const auto& path : traces_) {
    wants += path + "\n";
    traces += " " + shell_quote(path);
  }
  return "m_wants_file=" + shell_quote("wants." + role + "." + fingerprint(wants)) +
         "\nm_wants=" + shell_quote(wants) + "\nm_traces() { m_trace" + traces + "; }\n";
}

std::string check_trace(const std::string& path) {
  auto parts = split(path, '/');
  std::erase_if(parts, [](const auto& part) { return part.empty() || part == "."; });
  bool plain = path.starts_with("/") && path.find('\n') == std::string::npos &&
               std::ranges::find(parts, "..") == parts.end();
  if (plain && parts.size() >= 2) return "";
  return "'traces' takes absolute paths of two names or more, not '" + path + "'";
}

}  // namespace muster
