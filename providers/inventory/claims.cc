#include "providers/inventory/claims.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"

namespace muster {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kSuffix = ".json";

std::string to_json(const Claim& claim) {
  Json json{{"place", claim.place},     {"host", claim.host},
            {"address", claim.address}, {"port", claim.port},
            {"tag", claim.tag},         {"token", claim.token},
            {"node", claim.node},       {"deployment", claim.deployment},
            {"source", claim.source},   {"labels", claim.labels}};
  return json.dump(2) + "\n";
}

std::optional<Claim> parse_claim(const std::string& text, const fs::path& file) {
  try {
    auto json = Json::parse(text);
    Claim claim;
    json.at("place").get_to(claim.place);
    json.at("host").get_to(claim.host);
    json.at("address").get_to(claim.address);
    json.at("port").get_to(claim.port);
    json.at("tag").get_to(claim.tag);
    json.at("token").get_to(claim.token);
    json.at("node").get_to(claim.node);
    json.at("deployment").get_to(claim.deployment);
    // Claims of earlier versions have neither.
    if (json.contains("source")) json.at("source").get_to(claim.source);
    if (json.contains("labels")) json.at("labels").get_to(claim.labels);
    if (claim.place + kSuffix == file.filename()) return claim;
  } catch (const Json::exception&) {
    // it is damaged
  }
  return std::nullopt;
}

/// The text, or nothing: a claim may be released at any time.
void sync_folder(const fs::path& folder) {
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool synced = fd >= 0 && ::fsync(fd) == 0;
  int reason = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) throw Error("cannot sync '" + folder.string() + "': " + std::strerror(reason));
}

/// A name beside the claims that nobody else writes to.
fs::path draft_in(const fs::path& folder) {
  static std::atomic<unsigned> count = 0;
  return folder / (".draft-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
}

}  // namespace

std::string DamagedClaim::message() const { return "the claim '" + file + "' is damaged"; }

std::string DamagedClaim::hint() const {
  return "see with 'muster status' which deployment uses this host; remove the file when none";
}

Claims::Claims(fs::path folder) : folder_(std::move(folder)) {}

fs::path Claims::file_of(const std::string& place) const { return folder_ / (place + kSuffix); }

ClaimList Claims::all() const {
  ClaimList found;
  std::error_code failure;
  for (fs::directory_iterator at(folder_, failure), end; !failure && at != end;
       at.increment(failure)) {
    const auto& file = at->path();
    if (file.extension() != kSuffix) continue;
    auto text = read_if_there(file);
    if (!text) continue;
    if (auto claim = parse_claim(*text, file)) {
      found.claims.push_back(std::move(*claim));
    } else {
      found.damaged.push_back({file.stem().string(), file.string()});
    }
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    throw Error("cannot read the directory '" + folder_.string() + "': " + failure.message());
  }
  std::sort(found.claims.begin(), found.claims.end(),
            [](const Claim& a, const Claim& b) { return a.place < b.place; });
  return found;
}

std::optional<Claim> Claims::find(const std::string& place) const {
  auto file = file_of(place);
  auto text = read_if_there(file);
  if (!text) return std::nullopt;
  if (auto claim = parse_claim(*text, file)) return claim;
  DamagedClaim damaged{place, file.string()};
  throw Error(damaged.message()).hint(damaged.hint());
}

bool Claims::take(const Claim& claim) const {
  make_directory(folder_, 0700);
  auto draft = draft_in(folder_);
  write_file(draft, to_json(claim), 0600);
  // A link appears whole or not at all, and only where there is nothing.
  int linked = ::link(draft.c_str(), file_of(claim.place).c_str());
  int reason = errno;
  ::unlink(draft.c_str());
  if (linked == 0) {
    sync_folder(folder_);
    return true;
  }
  if (reason == EEXIST) return false;
  throw Error("cannot claim the host '" + claim.host + "' in '" + folder_.string() +
              "': " + std::strerror(reason));
}

void Claims::renew(const Claim& claim) const {
  if (!fs::exists(folder_)) return;
  FileLock lock(folder_ / ".lock");
  auto known = find(claim.place);
  if (known && known->token == claim.token) write_file(file_of(claim.place), to_json(claim), 0600);
}

fs::file_time_type Claims::version() const {
  std::error_code missing;
  return fs::last_write_time(folder_, missing);
}

void Claims::release(const std::string& place, const std::string& token) const {
  if (!fs::exists(folder_)) return;
  // Between the look and the removal nobody else may remove it, and a third one take it.
  FileLock lock(folder_ / ".lock");
  auto claim = find(place);
  if (!claim || claim->token != token) return;
  auto file = file_of(place);
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
    throw Error("cannot remove '" + file.string() + "': " + std::strerror(errno));
  }
  sync_folder(folder_);
}

}  // namespace muster
