#include "provisioner/run/upload.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

#include "provisioner/base/error.h"
#include "provisioner/base/file_source.h"
#include "provisioner/base/sha256.h"
#include "provisioner/base/text.h"
#include "provisioner/pki/pki.h"
#include "provisioner/run/transfer.h"
#include "provisioner/tasks/answer.h"
#include "provisioner/tasks/store_script.h"

namespace muster {

namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

/// The least that a node hashes, or unpacks, in a second.
constexpr std::uint64_t kNodeRate = 20 << 20;
/// What most unpack and hash in a second.
constexpr double kOpenRate = 80e6;
/// As much may be sent that sshd has not taken: its window.
constexpr std::uint64_t kWindow = 2 << 20;
/// What another run's upload of the same file may take before ours is made beside it.
constexpr int kOtherUploadSeconds = 600;
/// Connections that break, and answers that come to nothing, before we give up.
constexpr int kFruitless = 3;
constexpr std::uint64_t kProgress = 64 << 10;
/// So many seconds of sending tell whether the link is slow.
constexpr double kLookAfter = 1;

double seconds_since(Steady::time_point began) {
  return std::chrono::duration<double>(Steady::now() - began).count();
}

/// Two lines of a node as one of ours.
std::string one_line_of(const RemoteResult& result) {
  auto words = join(split(trim(result.error_output), '\n'), "; ");
  if (result.timed_out) return words.empty() ? "not done in time" : words + "; not done in time";
  return words.empty() ? "exit code " + std::to_string(result.exit_code) : words;
}

}  // namespace

/// One file on its way to one node.
class Upload {
 public:
  Upload(Uploads& uploads, const UploadTarget& target, const Artifact& artifact)
      : uploads_(uploads), target_(target), artifact_(artifact) {
    place_.sha256 = artifact.sha256;
    place_.run = uploads.run_;
    place_.patience = kOtherUploadSeconds;
    size_ = fs::file_size(artifact.file);
  }

  void run() {
    for (;;) {
      try {
        if (attempt()) return;
      } catch (const ConnectionLost& lost) {
        // Before the first byte this is not ours to mend.
        if (!begun_ || ++fruitless_ > kFruitless) throw;
        target_.drop();
        note("the connection was lost; going on from where it was: " + std::string(lost.what()));
      }
    }
  }

 private:
  /// True when the node has the file; false when it is to be asked again.
  bool attempt();
  StoreAnswer ask();
  void count_progress(const StoreAnswer& answer);
  Way way();
  bool download();
  bool send(const StoreAnswer& answer, WireForm form);
  std::uint64_t offset_in(const StoreAnswer& answer, const fs::path& file, WireForm form);
  void check_room(const StoreAnswer& answer, WireForm form, std::uint64_t total);
  RemoteResult stream(const Receive& receive, const fs::path& file);
  bool judge(const RemoteResult& result, const Receive& receive);
  bool better_stop(const LinkRate& rate, std::uint64_t raw_left);
  Prospect prospect(const LinkRate& rate, std::uint64_t raw_left);
  std::optional<Prospect::Packed> packed_prospect();
  std::uint64_t part_size(WireForm form) const;

  Error failure(const std::string& why) const {
    return Error("cannot copy '" + artifact_.name + "' to '" + target_.node + "': " + why);
  }
  void note(const std::string& line) const {
    if (target_.note) target_.note(artifact_.name + ": " + line);
  }

  Uploads& uploads_;
  const UploadTarget& target_;
  const Artifact& artifact_;
  StorePlace place_;
  std::uint64_t size_ = 0;
  StoreAnswer answer_;      ///< the last
  std::uint64_t most_ = 0;  ///< bytes that the node had in any form
  int fruitless_ = 0;       ///< tries since it last had more than before
  bool begun_ = false;      ///< something has been sent
  bool stopped_ = false;    ///< by us, to go on by a better way
  bool reconsidered_ = false;
};

bool Upload::attempt() {
  answer_ = ask();
  if (answer_.damaged) note("the node's copy had been changed; it is replaced");
  if (answer_.has) return true;
  count_progress(answer_);
  auto way = this->way();
  std::optional<Turnstile::Pass> slot;
  if (way != Way::download) {
    slot.emplace(uploads_.resources_.uploads.enter(uploads_.deployment_));
    way = this->way();  // others may have learned how fast the link is
  }
  if (way == Way::download) {
    slot.reset();
    return download();
  }
  if (way == Way::raw) return send(answer_, WireForm::raw);
  return send(answer_, *PackedCopies::common(answer_.tools));
}

StoreAnswer Upload::ask() {
  auto nonce = random_hex(16);
  ++place_.attempt;
  Answer answer(nonce);
  auto result = target_.session().run(target_.shell, ask_store_script(place_, nonce),
                                      time_for(size_, kNodeRate) + seconds(kOtherUploadSeconds),
                                      [&](std::string_view bytes) { answer.feed(bytes); });
  if (result.exit_code != 0 || result.timed_out) throw failure(one_line_of(result));
  return parse_store_answer(answer.text(), nonce);
}

void Upload::count_progress(const StoreAnswer& answer) {
  std::uint64_t most = 0;
  for (const auto& [form, part] : answer.parts) most = std::max(most, part.size);
  if (most >= most_ + kProgress) fruitless_ = 0;
  most_ = std::max(most, most_);
}

std::uint64_t Upload::part_size(WireForm form) const {
  auto part = answer_.parts.find(form);
  return part == answer_.parts.end() ? 0 : part->second.size;
}

std::optional<Prospect::Packed> Upload::packed_prospect() {
  auto form = PackedCopies::common(answer_.tools);
  if (!form) return std::nullopt;
  std::optional<PackedCopies::Estimate> estimate;
  run_blocking([&] { estimate = uploads_.copies_.estimate(artifact_, *form); });
  if (!estimate) return std::nullopt;
  auto there = std::min(part_size(*form), estimate->bytes);
  return Prospect::Packed{estimate->seconds, static_cast<double>(estimate->bytes - there),
                          static_cast<double>(size_) / kOpenRate};
}

Prospect Upload::prospect(const LinkRate& rate, std::uint64_t raw_left) {
  Prospect prospect;
  prospect.rate = rate;
  prospect.raw_left = raw_left;
  prospect.downloads = artifact_.node_downloads;
  prospect.can_download = !artifact_.url.empty() && uploads_.hosts_.open(artifact_.url) &&
                          (answer_.tools.count("curl") > 0 || answer_.tools.count("wget") > 0);
  if (is_slow(rate, raw_left)) prospect.packed = packed_prospect();
  return prospect;
}

Way Upload::way() {
  return choose(prospect(uploads_.rates_.of(target_.node),
                         size_ - std::min(size_, part_size(WireForm::raw))));
}

bool Upload::download() {
  const auto& url = artifact_.url;
  if (!uploads_.hosts_.begin(url)) return false;
  auto limit = time_for(size_, kLeastRate);
  ++place_.attempt;
  RemoteResult result;
  try {
    result = target_.session().run(target_.shell,
                                   fetch_script(place_, url, static_cast<int>(limit.count())),
                                   limit + kGrace, nullptr);
  } catch (...) {
    uploads_.hosts_.end(url, false);
    throw;
  }
  bool good = result.exit_code == 0 && !result.timed_out;
  uploads_.hosts_.end(url, good);
  if (!good) note("sent from here, since the node cannot download it: " + one_line_of(result));
  return good;
}

bool Upload::send(const StoreAnswer& answer, WireForm form) {
  auto file = artifact_.file;
  Receive receive{place_, form, size_, 0};
  try {
    run_blocking([&] {
      if (form != WireForm::raw) file = uploads_.copies_.copy(artifact_, form);
      receive.total = fs::file_size(file);
      receive.offset = offset_in(answer, file, form);
    });
  } catch (const Error& error) {
    if (form == WireForm::raw) throw;
    note(std::string("sent as it is: ") + error.what());
    return false;  // there will be no estimate for it any more
  }
  check_room(answer, form, receive.total);
  receive.place.attempt = ++place_.attempt;
  return judge(stream(receive, file), receive);
}

/// Where the node's beginning ends, when it is one of this file.
std::uint64_t Upload::offset_in(const StoreAnswer& answer, const fs::path& file, WireForm form) {
  auto part = answer.parts.find(form);
  if (part == answer.parts.end() || part->second.size > fs::file_size(file)) return 0;
  return sha256_of_file(file, part->second.size) == part->second.sha256 ? part->second.size : 0;
}

void Upload::check_room(const StoreAnswer& answer, WireForm form, std::uint64_t total) {
  if (answer.free == UINT64_MAX) return;
  auto needed = total + (form == WireForm::raw ? 0 : size_);
  auto room = answer.free + std::min(part_size(form), total);
  if (room >= needed) return;
  throw failure("No space left on device: it takes " + megabytes(needed) + " MB, and " +
                place_.store + " has " + megabytes(answer.free) + " MB free")
      .hint("make room on the node, then run it again");
}

RemoteResult Upload::stream(const Receive& receive, const fs::path& file) {
  FileSource source(file, receive.offset);
  const auto began = Steady::now();
  auto noted = began;
  double look_at = kLookAfter;
  stopped_ = false;
  auto more = [&]() -> std::string_view {
    begun_ = true;
    if (Steady::now() - noted >= kNoteEvery) {
      noted = Steady::now();
      note(megabytes(receive.offset + source.given()) + " of " + megabytes(receive.total) + " MB");
    }
    auto took = seconds_since(began);
    if (receive.form == WireForm::raw && took >= look_at && !reconsidered_) {
      look_at = took + kLookAfter;
      auto taken = source.given() - std::min(source.given() / 4, kWindow);
      LinkRate rate{static_cast<double>(taken) / took, uploads_.resources_.contention()};
      stopped_ = reconsidered_ = better_stop(rate, receive.total - receive.offset - source.given());
      if (stopped_) return {};
    }
    return source.next();
  };
  const auto script = receive_script(receive);
  auto limit = time_for(receive.total - receive.offset, kLeastRate) + time_for(size_, kNodeRate);
  auto result = target_.session().send(from_stdin(target_.shell, script), script, more, limit);
  uploads_.rates_.measured(target_.node, source.given(), seconds_since(began),
                           uploads_.resources_.contention());
  return result;
}

bool Upload::better_stop(const LinkRate& rate, std::uint64_t raw_left) {
  if (!is_slow(rate, raw_left)) return false;
  return choose(prospect(rate, raw_left)) != Way::raw;
}

bool Upload::judge(const RemoteResult& result, const Receive& receive) {
  if (result.exit_code == 0 && !result.timed_out) return true;
  if (result.exit_code == kReceivedCut && stopped_) return false;
  bool packed = receive.form != WireForm::raw;
  if (result.exit_code == kReceivedWrong && packed) {
    run_blocking([&] { uploads_.copies_.drop(artifact_, receive.form); });
  }
  bool again = result.exit_code == kReceiveAgain || result.exit_code == kReceivedCut ||
               (result.exit_code == kReceivedWrong && (packed || receive.offset > 0));
  if (again && ++fruitless_ <= kFruitless) return false;
  auto error = failure(one_line_of(result));
  if (result.exit_code == kReceivedWrong) {
    error.hint("see whether the file here is whole: muster artifacts verify");
  }
  throw error;
}

Uploads::Uploads(RunResources& resources, std::string deployment)
    : run_(random_hex(8)), resources_(resources), deployment_(std::move(deployment)) {}

void Uploads::provide(const UploadTarget& target, const Artifact& artifact) {
  Upload(*this, target, artifact).run();
}

}  // namespace muster
