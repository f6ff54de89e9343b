#include "provisioner/artifacts/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

namespace muster {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

using Archive = std::unique_ptr<::archive, decltype(&::archive_read_free)>;

std::string said(::archive* reader) {
  const char* text = ::archive_error_string(reader);
  return std::string("it cannot be read: ") + (text == nullptr ? "unknown error" : text);
}

std::string_view without_dot(std::string_view name) {
  if (name.starts_with("./")) name.remove_prefix(2);
  return name;
}

/// The bytes of the member that the reader stands at.
std::string write_out(::archive* reader, const fs::path& to) {
  int out = ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0) return "cannot write '" + to.string() + "': " + std::strerror(errno);
  std::string problem;
  if (::archive_read_data_into_fd(reader, out) != ARCHIVE_OK) problem = said(reader);
  if (::close(out) != 0 && problem.empty()) {
    problem = "cannot write '" + to.string() + "': " + std::strerror(errno);
  }
  std::error_code ignored;
  if (!problem.empty()) fs::remove(to, ignored);
  return problem;
}

}  // namespace

std::string extract_member(const fs::path& archive, const std::string& member, const fs::path& to) {
  Archive reader(::archive_read_new(), &::archive_read_free);
  ::archive_read_support_format_tar(reader.get());
  ::archive_read_support_filter_gzip(reader.get());
  ::archive_read_support_filter_xz(reader.get());
  ::archive_read_support_filter_zstd(reader.get());
  if (::archive_read_open_filename(reader.get(), archive.c_str(), kReadBytes) != ARCHIVE_OK) {
    return said(reader.get());
  }
  ::archive_entry* entry = nullptr;
  for (;;) {
    int result = ::archive_read_next_header(reader.get(), &entry);
    if (result == ARCHIVE_EOF) return "there is no '" + member + "' in it";
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return said(reader.get());
    const char* name = ::archive_entry_pathname(entry);
    if (name == nullptr || without_dot(name) != without_dot(member)) continue;
    if (::archive_entry_filetype(entry) != AE_IFREG || ::archive_entry_hardlink(entry) != nullptr) {
      return "'" + member + "' in it is no file";
    }
    return write_out(reader.get(), to);
  }
}

}  // namespace muster
