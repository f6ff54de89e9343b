#include "provisioner/run/packed_copies.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <vector>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/pki/pki.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kSample = 2 << 20;
/// The quickest counts: one may have waited for a busy machine, and what it took is multiplied.
constexpr int kSamplings = 3;
constexpr std::chrono::minutes kMostTime{10};

/// Both give the same bytes for the same file: what a cut upload has left fits a copy made anew.
std::vector<std::string> packer(WireForm form) {
  if (form == WireForm::zstd) return {"zstd", "-q", "-c", "-3", "-T0"};
  return {"gzip", "-c", "-n", "-5"};
}

bool runs_here(WireForm form) {
  try {
    ProcessSpec spec;
    spec.argv = {to_string(form), "--version"};
    return run_process(spec).exit_code == 0;
  } catch (const Error&) {
    return false;
  }
}

fs::path place_of(const Artifact& artifact, WireForm form) {
  return artifact.file.parent_path().parent_path() / "packed" /
         (artifact.sha256 + "." + to_string(form));
}

/// From the middle: the beginning of a file is often unlike the rest.
std::string read_sample(const fs::path& path, std::uintmax_t size) {
  std::ifstream file(path, std::ios::binary);
  if (size > kSample) file.seekg(static_cast<std::streamoff>((size - kSample) / 2));
  std::string sample(std::min<std::uintmax_t>(size, kSample), '\0');
  file.read(sample.data(), static_cast<std::streamsize>(sample.size()));
  if (!file) throw Error("cannot read '" + path.string() + "'");
  return sample;
}

PackedCopies::Estimate estimate_by_sample(const Artifact& artifact, WireForm form) {
  auto size = fs::file_size(artifact.file);
  ProcessSpec spec;
  spec.argv = packer(form);
  spec.input = read_sample(artifact.file, size);
  auto sampled = static_cast<double>(std::max<std::size_t>(spec.input.size(), 1));
  auto quickest = std::numeric_limits<double>::infinity();
  std::size_t packed = 0;
  for (int i = 0; i < kSamplings; ++i) {
    auto began = std::chrono::steady_clock::now();
    packed = run_or_throw(spec).size();
    auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    quickest = std::min(quickest, took);
  }
  auto times = static_cast<double>(size) / sampled;
  return {static_cast<std::uint64_t>(static_cast<double>(packed) * times), quickest * times};
}

/// What a muster that was killed has left.
void remove_unfinished(const fs::path& folder) {
  std::error_code ignored;
  auto old = fs::file_time_type::clock::now() - 2 * kMostTime;
  for (const auto& file : fs::directory_iterator(folder, ignored)) {
    if (file.path().extension() != ".making") continue;
    if (fs::last_write_time(file, ignored) < old) fs::remove(file, ignored);
  }
}

void make_copy(const Artifact& artifact, WireForm form, const fs::path& target) {
  make_directory(target.parent_path());
  remove_unfinished(target.parent_path());
  auto making = target.string() + "." + random_hex(4) + ".making";
  ProcessSpec spec;
  spec.argv = {"sh",
               "-c",
               R"(in=$1 out=$2; shift 2; exec "$@" <"$in" >"$out")",
               "sh",
               artifact.file.string(),
               making};
  for (auto& word : packer(form)) spec.argv.push_back(std::move(word));
  spec.deadline = kMostTime;
  std::error_code failure;
  try {
    run_or_throw(spec);
    fs::rename(making, target);
  } catch (const std::exception& error) {
    fs::remove(making, failure);
    throw Error("cannot compress '" + artifact.file.string() + "': " + error.what());
  }
}

}  // namespace

std::optional<WireForm> PackedCopies::common(const std::set<std::string>& node_tools) {
  static const bool zstd = runs_here(WireForm::zstd);
  static const bool gzip = runs_here(WireForm::gzip);
  if (zstd && node_tools.count("zstd") > 0) return WireForm::zstd;
  if (gzip && node_tools.count("gzip") > 0) return WireForm::gzip;
  return std::nullopt;
}

PackedCopies::Entry& PackedCopies::entry(const Artifact& artifact, WireForm form) {
  std::lock_guard lock(mutex_);
  auto& found = entries_[artifact.sha256 + "." + to_string(form)];
  if (!found) found = std::make_unique<Entry>();
  return *found;
}

std::optional<PackedCopies::Estimate> PackedCopies::estimate(const Artifact& artifact,
                                                             WireForm form) {
  auto& known = entry(artifact, form);
  std::lock_guard lock(known.mutex);
  if (known.bad) return std::nullopt;
  std::error_code missing;
  auto size = fs::file_size(place_of(artifact, form), missing);
  if (!missing) return Estimate{size, 0};
  try {
    if (!known.sampled) known.sampled = estimate_by_sample(artifact, form);
  } catch (const Error&) {
    known.bad = true;
    return std::nullopt;
  }
  return known.sampled;
}

fs::path PackedCopies::copy(const Artifact& artifact, WireForm form) {
  auto target = place_of(artifact, form);
  auto& known = entry(artifact, form);
  std::lock_guard lock(known.mutex);
  if (known.bad) throw Error("'" + artifact.name + "' cannot be compressed");
  if (fs::exists(target)) return target;
  known.bad = true;
  make_copy(artifact, form, target);
  known.bad = false;
  return target;
}

void PackedCopies::drop(const Artifact& artifact, WireForm form) {
  auto& known = entry(artifact, form);
  std::lock_guard lock(known.mutex);
  known.bad = true;
  std::error_code ignored;
  fs::remove(place_of(artifact, form), ignored);
}

}  // namespace muster
