#include "provisioner/artifacts/bundle_reader.h"

#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "provisioner/artifacts/bundle_format.h"
#include "provisioner/base/error.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kReadPiece = 1u << 20;

struct DecompressorDeleter {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

/// The size that a header of a plain file has; nothing when it is none.
std::optional<std::uint64_t> size_in(const std::string& header) {
  std::uint64_t size = 0;
  for (char c : header.substr(124, 11)) {
    if (c < '0' || c > '7') return std::nullopt;
    size = size * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return size;
}

}  // namespace

struct BundleReader::Decoder {
  std::unique_ptr<ZSTD_DCtx, DecompressorDeleter> context{ZSTD_createDCtx()};
  std::string input = std::string(kReadPiece, '\0');
  std::size_t at = 0, end = 0;  ///< what of `input` is still to be read
  bool frame_ended = false;
};

BundleReader::BundleReader(const fs::path& bundle, std::stop_token stop)
    : path_(bundle),
      stop_(std::move(stop)),
      in_(bundle, std::ios::binary),
      decoder_(std::make_unique<Decoder>()) {
  if (!in_ || fs::is_directory(bundle)) {
    throw Error("cannot read the bundle '" + bundle.string() +
                    "': " + (in_ ? "it is a directory" : std::strerror(errno)),
                ExitCode::usage)
        .hint("make one: muster bundle create FILE --out BUNDLE");
  }
  begin_frame(std::string(kManifestPath));
  auto header = take(kTarBlock);
  auto size = header.size() == kTarBlock ? size_in(header) : std::nullopt;
  bool good = size && *size <= kLargestManifest && header == tar_header(kManifestPath, *size);
  std::string text;
  if (good) {
    pass_on(*size, [&](std::string_view piece) { text += piece; });
    expect_zeros(tar_filling(*size));
  }
  end_frame();
  if (!good) damaged("its header is not that of a manifest");
  try {
    manifest_ = parse_bundle_manifest(text);
  } catch (Error& error) {
    throw error.while_doing("reading '" + path_.string() + "'");
  }
}

BundleReader::~BundleReader() = default;

void BundleReader::read(const BundleFile& file, const Sink& sink) {
  begin_frame(file.path());
  check_header(take(kTarBlock), file);
  Sha256 content;
  pass_on(file.bytes, [&](std::string_view piece) {
    content.update(piece);
    if (sink) sink(piece);
  });
  expect_zeros(tar_filling(file.bytes));
  end_frame();
  if (content.finish() != file.sha256) damaged("its content is not what its sha256 says");
}

void BundleReader::read_end() {
  begin_frame("the end of the bundle");
  auto zeros = take(kTarEnd);
  if (drain() > 0 || zeros != std::string(kTarEnd, '\0')) {
    damaged("it holds '" + std::string(zeros.c_str()) + "', which its manifest does not have");
  }
  if (decoder_->at < decoder_->end || refill()) damaged("something follows it");
}

void BundleReader::check_header(const std::string& header, const BundleFile& expected) {
  if (header == tar_header(expected.path(), expected.bytes)) return;
  drain();  // it may be damaged
  const std::string other(header.c_str());
  auto known = std::ranges::find(manifest_.files, other, &BundleFile::path);
  if (other == expected.path()) damaged("its header is not that of a file of its size");
  if (known != manifest_.files.end() || other.empty()) damaged("it is missing");
  damaged("in its place is '" + other + "', which the manifest does not have");
}

void BundleReader::begin_frame(const std::string& name) {
  name_ = name;
  sum_ = Sha256();
  auto& decoder = *decoder_;
  decoder.frame_ended = false;
  ZSTD_DCtx_reset(decoder.context.get(), ZSTD_reset_session_only);
  // Four bytes in one piece, to see what kind of frame it is.
  while (decoder.end - decoder.at < kFrameMagic.size() && refill()) continue;
  auto magic = std::string_view(decoder.input)
                   .substr(decoder.at, std::min(kFrameMagic.size(), decoder.end - decoder.at));
  if (magic == kFrameMagic) return;
  bool cut = kFrameMagic.starts_with(magic);
  if (name == kManifestPath && !cut) {
    throw Error("'" + path_.string() + "' is no bundle: it does not begin with a " + name,
                ExitCode::usage);
  }
  damaged(cut ? "the bundle is cut before it" : "it does not begin as a file does");
}

bool BundleReader::refill() {
  if (stop_.stop_requested()) throw Error("stopped", ExitCode::interrupted);
  auto& decoder = *decoder_;
  auto left = decoder.end - decoder.at;
  std::copy_n(decoder.input.data() + decoder.at, left, decoder.input.data());
  in_.read(decoder.input.data() + left, static_cast<std::streamsize>(kReadPiece - left));
  auto got = static_cast<std::size_t>(in_.gcount());
  decoder.at = 0;
  decoder.end = left + got;
  if (in_.bad()) throw Error("cannot read '" + path_.string() + "': " + std::strerror(errno));
  return got > 0;
}

std::size_t BundleReader::take(char* bytes, std::size_t size) {
  auto& decoder = *decoder_;
  ZSTD_outBuffer out{bytes, size, 0};
  while (out.pos < out.size && !decoder.frame_ended) {
    if (decoder.at == decoder.end && !refill()) damaged("the bundle is cut inside it");
    ZSTD_inBuffer in{decoder.input.data() + decoder.at, decoder.end - decoder.at, 0};
    auto more = ZSTD_decompressStream(decoder.context.get(), &out, &in);
    sum_.update({decoder.input.data() + decoder.at, in.pos});
    decoder.at += in.pos;
    if (ZSTD_isError(more) != 0) damaged(ZSTD_getErrorName(more));
    decoder.frame_ended = more == 0;
  }
  return out.pos;
}

std::string BundleReader::take(std::size_t size) {
  std::string bytes(size, '\0');
  bytes.resize(take(bytes.data(), size));
  return bytes;
}

void BundleReader::pass_on(std::uint64_t bytes, const Sink& sink) {
  std::string piece(kReadPiece, '\0');
  while (bytes > 0) {
    auto got =
        take(piece.data(), static_cast<std::size_t>(std::min<std::uint64_t>(kReadPiece, bytes)));
    if (got == 0) damaged("it is shorter than its header says");
    sink({piece.data(), got});
    bytes -= got;
  }
}

void BundleReader::expect_zeros(std::size_t count) {
  if (take(count) != std::string(count, '\0')) damaged("what fills its last block is not empty");
}

void BundleReader::end_frame() {
  if (drain() > 0) damaged("it is longer than its header says");
}

std::uint64_t BundleReader::drain() {
  std::uint64_t more = 0;
  std::string piece(kTarBlock, '\0');
  while (auto got = take(piece.data(), piece.size())) more += got;
  // Only now all of its bytes have been read.
  auto sum = sum_.finish();
  if (raw(kSumHead.size()) != kSumHead) damaged("no sum follows it");
  if (raw(kSumDigits) != sum) damaged("its sum is wrong");
  return more;
}

std::string BundleReader::raw(std::size_t size) {
  auto& decoder = *decoder_;
  while (decoder.end - decoder.at < size && refill()) continue;
  if (decoder.end - decoder.at < size) damaged("the bundle is cut before its sum");
  auto bytes = decoder.input.substr(decoder.at, size);
  decoder.at += size;
  return bytes;
}

void BundleReader::damaged(const std::string& why) const {
  throw Error("the bundle '" + path_.string() + "' is damaged at '" + name_ + "': " + why,
              ExitCode::usage)
      .hint("bring it here once more, or make it anew: muster bundle create FILE --out BUNDLE");
}

BundleManifest read_bundle_manifest(const fs::path& bundle) {
  return BundleReader(bundle).manifest();
}

BundleManifest verify_bundle(const fs::path& bundle) {
  BundleReader reader(bundle);
  for (const auto& file : reader.manifest().files) reader.read(file, {});
  reader.read_end();
  return reader.manifest();
}

}  // namespace muster
