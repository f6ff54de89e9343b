#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>

#include "provisioner/artifacts/bundle.h"
#include "provisioner/artifacts/bundle_format.h"
#include "provisioner/base/error.h"
#include "provisioner/base/open_file.h"
#include "provisioner/base/sha256.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

/// Most of a bundle is programs: higher levels make it little smaller and take much longer.
constexpr int kLevel = 3;
/// Fixed, since the bytes depend on whether there is any.
constexpr int kThreads = 2;
constexpr std::size_t kPiece = 1u << 20;

struct CompressorDeleter {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

/// The file that is to become the bundle: removed unless keep() was called.
class NewFile {
 public:
  explicit NewFile(fs::path target)
      : target_(std::move(target)), part_(target_.string() + ".part") {
    file_.reset(std::fopen(part_.c_str(), "wbe"));
    if (!file_) fail();
  }
  ~NewFile() {
    std::error_code ignored;
    if (!kept_) fs::remove(part_, ignored);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) fail();
  }
  void keep() {
    if (std::fflush(file_.get()) != 0 || ::fsync(::fileno(file_.get())) != 0) fail();
    if (std::rename(part_.c_str(), target_.c_str()) != 0) fail();
    kept_ = true;
  }

 private:
  [[noreturn]] void fail() const {
    throw Error("cannot write '" + part_.string() + "': " + std::strerror(errno));
  }

  fs::path target_, part_;
  OpenFile file_;
  bool kept_ = false;
};

/// Writes frames, each with its sum.
class FrameWriter {
 public:
  explicit FrameWriter(NewFile& out)
      : out_(out), context_(ZSTD_createCCtx()), buffer_(kPiece, '\0') {
    if (!context_) bug("zstd has no compressor");
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel);
    // A zstd without threads says no to this, and does it alone.
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_nbWorkers, kThreads);
  }
  void write(std::string_view bytes) { feed(bytes, ZSTD_e_continue); }
  void end_frame() {
    feed("", ZSTD_e_end);
    out_.write(kSumHead);
    out_.write(sum_.finish());
    sum_ = Sha256();
  }

 private:
  void feed(std::string_view bytes, ZSTD_EndDirective what) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (std::size_t left = 1; left > 0;) {
      ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
      left = ZSTD_compressStream2(context_.get(), &out, &in, what);
      if (ZSTD_isError(left) != 0) throw Error(std::string("zstd: ") + ZSTD_getErrorName(left));
      std::string_view made(buffer_.data(), out.pos);
      sum_.update(made);
      out_.write(made);
      if (what == ZSTD_e_continue && in.pos == in.size) break;
    }
  }

  NewFile& out_;
  std::unique_ptr<ZSTD_CCtx, CompressorDeleter> context_;
  std::string buffer_;
  Sha256 sum_;
};

void write_content(FrameWriter& frame, const BundleSource& source, const std::stop_token& stop) {
  std::ifstream in(source.from, std::ios::binary);
  Sha256 sum;
  std::string piece(kPiece, '\0');
  std::uint64_t bytes = 0;
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
    if (stop.stop_requested()) throw Error("stopped: no bundle was made", ExitCode::interrupted);
    std::string_view got(piece.data(), static_cast<std::size_t>(in.gcount()));
    bytes += got.size();
    if (bytes > source.file.bytes) break;
    sum.update(got);
    frame.write(got);
  }
  if (bytes != source.file.bytes || sum.finish() != source.file.sha256) {
    throw Error("'" + source.from.string() + "' (" + source.file.path() +
                ") is not what its sha256 says")
        .hint("find what else is damaged: muster artifacts verify");
  }
}

}  // namespace

BundleManifest write_bundle(const fs::path& out, BundleManifest manifest,
                            std::vector<BundleSource> sources, const std::stop_token& stop) {
  std::ranges::sort(sources, {}, [](const BundleSource& source) { return source.file.path(); });
  manifest.files.clear();
  for (const auto& source : sources) manifest.files.push_back(source.file);
  const auto text = bundle_manifest_json(manifest);
  parse_bundle_manifest(text);  // what nobody could read is not written

  NewFile file(out);
  FrameWriter frame(file);
  frame.write(tar_header(kManifestPath, text.size()));
  frame.write(text);
  frame.write(std::string(tar_filling(text.size()), '\0'));
  frame.end_frame();
  for (const auto& source : sources) {
    frame.write(tar_header(source.file.path(), source.file.bytes));
    write_content(frame, source, stop);
    frame.write(std::string(tar_filling(source.file.bytes), '\0'));
    frame.end_frame();
  }
  frame.write(std::string(kTarEnd, '\0'));
  frame.end_frame();
  file.keep();
  return manifest;
}

}  // namespace muster
