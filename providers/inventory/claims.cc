#include "providers/inventory/claims.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"

namespace muster {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kSuffix = ".json";
/// In links whose claim is in a ledger: without its row such a link is what another user left.
constexpr const char* kInLedger = "in_ledger";

std::string to_json(const Claim& claim, bool in_ledger = false) {
  Json json{{"place", claim.place},     {"host", claim.host},
            {"address", claim.address}, {"port", claim.port},
            {"tag", claim.tag},         {"token", claim.token},
            {"node", claim.node},       {"deployment", claim.deployment},
            {"source", claim.source},   {"labels", claim.labels}};
  if (in_ledger) json[kInLedger] = true;
  return json.dump(2) + "\n";
}

bool is_in_ledger(const std::string& text) {
  auto json = Json::parse(text, nullptr, false);
  return json.is_object() && json.contains(kInLedger);
}

std::optional<Claim> parse_claim(const std::string& text, const std::string& place) {
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
    if (claim.place == place) return claim;
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

Claims::Claims(fs::path folder, ClaimLedger* ledger)
    : folder_(std::move(folder)), ledger_(ledger) {}

fs::path Claims::file_of(const std::string& place) const { return folder_ / (place + kSuffix); }

HostClaim Claims::row_of(const Claim& claim) const {
  return {claim.place, claim.token, claim.deployment, to_json(claim),
          file_of(claim.place).string()};
}

ClaimList Claims::all() const {
  ClaimList found;
  std::set<std::string> places;
  if (ledger_ != nullptr) {
    for (const auto& row : ledger_->all()) {
      places.insert(row.place);
      if (auto claim = parse_claim(row.text, row.place)) {
        found.claims.push_back(std::move(*claim));
      } else {
        found.damaged.push_back({row.place, row.link});
      }
    }
  }
  std::error_code failure;
  for (fs::directory_iterator at(folder_, failure), end; !failure && at != end;
       at.increment(failure)) {
    const auto& file = at->path();
    const auto place = file.stem().string();
    if (file.extension() != kSuffix || places.contains(place)) continue;
    auto text = read_if_there(file);
    if (!text) continue;
    if (auto claim = parse_claim(*text, place)) {
      if (adopt(*claim)) found.claims.push_back(std::move(*claim));
    } else {
      found.damaged.push_back({place, file.string()});
    }
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    throw Error("cannot read the directory '" + folder_.string() + "': " + failure.message());
  }
  std::sort(found.claims.begin(), found.claims.end(),
            [](const Claim& a, const Claim& b) { return a.place < b.place; });
  return found;
}

bool Claims::adopt(const Claim& claim) const {
  if (ledger_ == nullptr || !claim.tag.starts_with(ledger_->tag_prefix())) return true;
  // Whoever releases it has removed the row first, and holds the lock until the link is gone too.
  FileLock lock(folder_ / ".lock");
  const auto file = file_of(claim.place);
  auto text = read_if_there(file);
  if (!text) return false;
  auto now = parse_claim(*text, claim.place);
  if (!now || now->token != claim.token) return now.has_value();
  if (is_in_ledger(*text)) {
    if (ledger_->find(claim.place)) return true;
    ::unlink(file.c_str());
    return false;
  }
  if (ledger_->put(row_of(claim)) != ClaimLedger::Put::refused) {
    write_file(file, to_json(claim, true), 0600);
  }
  return true;
}

std::optional<Claim> Claims::find(const std::string& place) const {
  if (ledger_ != nullptr) {
    if (auto row = ledger_->find(place)) return parse_claim(row->text, place);
  }
  auto file = file_of(place);
  auto text = read_if_there(file);
  if (!text) return std::nullopt;
  if (auto claim = parse_claim(*text, place)) {
    if (adopt(*claim)) return claim;
    return std::nullopt;
  }
  DamagedClaim damaged{place, file.string()};
  throw Error(damaged.message()).hint(damaged.hint());
}

bool Claims::link(const Claim& claim) const {
  make_directory(folder_, 0700);
  auto draft = draft_in(folder_);
  write_file(draft, to_json(claim, ledger_ != nullptr), 0600);
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

bool Claims::take(const Claim& claim) const {
  if (ledger_ == nullptr) return link(claim);
  const auto put = ledger_->put(row_of(claim));
  if (put == ClaimLedger::Put::refused) return false;
  if (link(claim)) return true;
  // An earlier take of this node that was cut, or another state's.
  auto text = read_if_there(file_of(claim.place));
  auto other = text ? parse_claim(*text, claim.place) : std::nullopt;
  if (other && other->token == claim.token) return true;
  if (other && is_in_ledger(*text) && other->tag.starts_with(ledger_->tag_prefix())) {
    // The row was ours to have: nobody of this state has the host.
    FileLock lock(folder_ / ".lock");
    write_file(file_of(claim.place), to_json(claim, true), 0600);
    return true;
  }
  if (put == ClaimLedger::Put::made) ledger_->remove(row_of(claim));
  return false;
}

bool Claims::renew(const Claim& claim) const {
  auto known = find(claim.place);
  if (!known || known->token != claim.token) return false;
  if (ledger_ != nullptr) ledger_->put(row_of(claim));
  if (!fs::exists(file_of(claim.place))) return ledger_ != nullptr;
  FileLock lock(folder_ / ".lock");
  auto text = read_if_there(file_of(claim.place));
  auto linked = text ? parse_claim(*text, claim.place) : std::nullopt;
  if (!linked || linked->token != claim.token) return ledger_ != nullptr;
  write_file(file_of(claim.place), to_json(claim, ledger_ != nullptr), 0600);
  return true;
}

std::string Claims::version() const {
  std::error_code missing;
  const auto links = fs::last_write_time(folder_, missing).time_since_epoch().count();
  return std::to_string(links) + "/" + (ledger_ == nullptr ? "" : ledger_->version());
}

void Claims::release(const std::string& place, const std::string& token) const {
  auto links = std::set<fs::path>{file_of(place)};
  bool ours = false;  // as the state knows: then its link is, whatever has become of that
  std::optional<FileLock> lock;
  // Between the look and the removal nobody else may remove it, and a third one take it.
  if (fs::exists(folder_)) lock.emplace(folder_ / ".lock");
  if (ledger_ != nullptr) {
    if (auto row = ledger_->find(place); row && row->token == token) {
      ours = true;
      links.insert(row->link);
      ledger_->remove(*row);
    }
  }
  for (const auto& file : links) {
    std::optional<std::string> text;
    try {
      text = read_if_there(file);
    } catch (const std::exception&) {
      if (file == file_of(place)) throw;
      continue;  // another user's: that one's muster sees that the row is gone
    }
    if (!text) continue;
    auto claim = parse_claim(*text, place);
    if (!claim && !ours) {
      DamagedClaim damaged{place, file.string()};
      throw Error(damaged.message()).hint(damaged.hint());
    }
    if (claim && claim->token != token) continue;
    if (::unlink(file.c_str()) != 0 && errno != ENOENT && file == file_of(place)) {
      throw Error("cannot remove '" + file.string() + "': " + std::strerror(errno));
    }
    if (file == file_of(place)) sync_folder(folder_);
  }
}

}  // namespace muster
