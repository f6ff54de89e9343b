#include "provisioner/base/file_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "provisioner/base/error.h"

namespace muster {

namespace {

constexpr std::size_t kPiece = 256 << 10;

Error failed(const std::filesystem::path& file) {
  return Error("cannot read '" + file.string() + "': " + std::strerror(errno));
}

}  // namespace

FileSource::FileSource(const std::filesystem::path& file, std::uint64_t offset)
    : file_(file), fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)), buffer_(kPiece) {
  if (fd_ < 0) throw failed(file_);
  ::lseek(fd_, static_cast<off_t>(offset), SEEK_SET);
}

FileSource::~FileSource() { ::close(fd_); }

std::string_view FileSource::next() {
  for (;;) {
    auto count = ::read(fd_, buffer_.data(), buffer_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw failed(file_);
    given_ += static_cast<std::uint64_t>(count);
    return {buffer_.data(), static_cast<std::size_t>(count)};
  }
}

}  // namespace muster
