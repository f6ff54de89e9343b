#include "provisioner/run/upload_choice.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "provisioner/http/http.h"

namespace muster {

namespace {

/// 160 Mbit/s. A faster link that looks slow has a busy machine at one end, which packing would
/// make busier.
constexpr double kSlowRate = 20e6;
/// What does not take so long is not worth a thought.
constexpr double kSoonSeconds = 2;
/// From here on, a node that downloads may well be faster, and costs our link nothing.
constexpr double kDownloadSeconds = 10;
/// Estimates err; a change of the way costs a beginning.
constexpr double kClearWin = 1.3;

constexpr double kMostContention = 8;

/// An upload must last so long, or be so large, to say how fast the link is.
constexpr double kTellingSeconds = 0.8;
constexpr std::uint64_t kTellingBytes = 8 << 20;

}  // namespace

bool is_slow(const LinkRate& rate, std::uint64_t raw_left) {
  if (rate.bytes <= 0) return false;
  const double free_rate = rate.bytes * rate.contention;
  const double seconds_left = static_cast<double>(raw_left) / rate.bytes;
  return free_rate < kSlowRate && seconds_left > kSoonSeconds;
}

double contention_by(const std::string& loadavg, unsigned int cpus) {
  double load = std::strtod(loadavg.c_str(), nullptr);
  return std::clamp(load / std::max(cpus, 1U), 1.0, kMostContention);
}

double contention() {
  std::ifstream file("/proc/loadavg");
  std::string text;
  std::getline(file, text);
  return contention_by(text, std::thread::hardware_concurrency());
}

Way choose(const Prospect& prospect) {
  if (prospect.can_download && prospect.downloads == NodeDownloads::first) return Way::download;
  if (!is_slow(prospect.rate, prospect.raw_left)) return Way::raw;
  double raw = static_cast<double>(prospect.raw_left) / prospect.rate.bytes;
  if (prospect.can_download && prospect.downloads == NodeDownloads::when_slow &&
      raw > kDownloadSeconds) {
    return Way::download;
  }
  if (!prospect.packed) return Way::raw;
  const auto& packed = *prospect.packed;
  double other = packed.make_seconds + packed.wire_left / prospect.rate.bytes + packed.open_seconds;
  return other * kClearWin < raw ? Way::packed : Way::raw;
}

LinkRate LinkRates::of(const std::string& node) const {
  std::lock_guard lock(mutex_);
  auto found = rates_.find(node);
  return found == rates_.end() ? last_ : found->second;
}

void LinkRates::measured(const std::string& node, std::uint64_t bytes, double seconds,
                         double contention) {
  if (seconds <= 0 || (seconds < kTellingSeconds && bytes < kTellingBytes)) return;
  std::lock_guard lock(mutex_);
  last_ = rates_[node] = {static_cast<double>(bytes) / seconds, contention};
}

bool DownloadHosts::open_locked(const std::string& host) const {
  auto found = hosts_.find(host);
  return found == hosts_.end() || found->second == State::works;
}

bool DownloadHosts::open(const std::string& url) const {
  std::lock_guard lock(mutex_);
  return open_locked(host_of(url));
}

bool DownloadHosts::begin(const std::string& url) {
  std::lock_guard lock(mutex_);
  auto host = host_of(url);
  if (!open_locked(host)) return false;
  hosts_.try_emplace(host, State::trying);
  return true;
}

void DownloadHosts::end(const std::string& url, bool worked) {
  std::lock_guard lock(mutex_);
  hosts_[host_of(url)] = worked ? State::works : State::fails;
}

}  // namespace muster
