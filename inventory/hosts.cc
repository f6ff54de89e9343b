#include "inventory/hosts.h"

#include <algorithm>
#include <iterator>

#include "inventory/hosts_reader.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/masking.h"

namespace muster {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxBytes = 16u << 20;
const std::vector<std::string> kPasswordKeys{"password", "passwd", "passphrase", "pass", "secret"};

/// Whether one of them stands before a colon somewhere.
bool names_password(const std::string& text) {
  return std::any_of(kPasswordKeys.begin(), kPasswordKeys.end(), [&](const std::string& key) {
    for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
      auto next = text.find_first_not_of("\"' \t", at + key.size());
      if (next != std::string::npos && text[next] == ':') return true;
    }
    return false;
  });
}

}  // namespace

HostsResult parse_hosts(const fs::path& file, std::string text, SeenHosts* seen) {
  HostsResult result;
  result.diagnostics = Diagnostics(file.string(), text);
  if (trim(text).empty()) {
    result.diagnostics.error({}, "the file is empty",
                             "e.g. \"hosts: [{name: web-1, address: 10.0.0.11}]\"");
    return result;
  }
  auto root = parse_value(text, !file.string().ends_with(".json"), result.diagnostics);
  if (root.kind == Value::Kind::null && result.diagnostics.has_errors()) {
    // Nobody knows where in there a password begins and ends.
    if (names_password(text)) result.diagnostics.show("");
    return result;
  }
  // What should not be there, and is, must not be shown with the line that it stands in.
  result.diagnostics.show(mask_members(std::move(text), root, kPasswordKeys));
  SeenHosts none;
  result.hosts = HostsReader(file, seen == nullptr ? none : *seen, result.diagnostics).read(root);
  return result;
}

HostsResult read_hosts(const fs::path& file, SeenHosts* seen) {
  try {
    return parse_hosts(file, read_file(file, kMaxBytes), seen);
  } catch (const Error& problem) {
    HostsResult result;
    result.diagnostics = Diagnostics(file.string(), "");
    result.diagnostics.error({}, problem.what(),
                             "\"file\" of the provider's hints names it, from where muster runs");
    return result;
  }
}

std::vector<fs::path> host_files_in(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_directory(path, failure)) return {path};
  std::vector<fs::path> files;
  for (fs::directory_iterator at(path, failure), end; !failure && at != end;
       at.increment(failure)) {
    const auto ending = at->path().extension();
    if (ending != ".yaml" && ending != ".yml" && ending != ".json") continue;
    if (!at->path().filename().string().starts_with('.')) files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

HostFiles read_host_files(const fs::path& path) {
  HostFiles read;
  SeenHosts seen;
  read.files = host_files_in(path);
  if (read.files.empty()) {
    read.mistakes = path.string() +
                    ": error: the folder has no hosts file: no *.yaml, *.yml or "
                    "*.json";
  }
  for (const auto& file : read.files) {
    auto result = read_hosts(file, &seen);
    if (result.diagnostics.has_errors()) {
      read.mistakes += (read.mistakes.empty() ? "" : "\n") + trim(result.diagnostics.render());
    }
    std::move(result.hosts.begin(), result.hosts.end(), std::back_inserter(read.hosts));
  }
  return read;
}

}  // namespace muster
