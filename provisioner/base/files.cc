#include "provisioner/base/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "provisioner/base/error.h"

namespace muster {

namespace {

Error file_error(const std::string& what, const std::filesystem::path& path) {
  return Error("cannot " + what + " '" + path.string() + "': " + std::strerror(errno));
}

std::filesystem::path home() {
  const char* home = std::getenv("HOME");
  return home != nullptr && *home != '\0' ? home : "/root";
}

std::filesystem::path xdg(const char* variable, const char* fallback) {
  const char* value = std::getenv(variable);
  if (value != nullptr && *value == '/') return std::filesystem::path(value) / "muster";
  return home() / fallback / "muster";
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::uintmax_t limit) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw file_error("read", path);
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    ::close(fd);
    throw Error("cannot read '" + path.string() + "': it is a directory");
  }
  std::string text;
  char buffer[65536];
  for (;;) {
    auto count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      auto error = file_error("read", path);
      ::close(fd);
      throw error;
    }
    if (count == 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > limit) {
      ::close(fd);
      throw Error("cannot read '" + path.string() + "': it is larger than " +
                  std::to_string(limit >> 20) + " MiB");
    }
  }
  ::close(fd);
  return text;
}

std::optional<std::string> read_if_there(const std::filesystem::path& path) {
  try {
    return read_file(path);
  } catch (const Error&) {
    if (!std::filesystem::exists(path)) return std::nullopt;
    throw;
  }
}

std::string read_stdin(std::uintmax_t limit) {
  std::string text;
  char buffer[65536];
  while (std::cin.read(buffer, sizeof buffer) || std::cin.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > limit) {
      throw Error("cannot read stdin: it is larger than " + std::to_string(limit >> 20) + " MiB",
                  ExitCode::usage);
    }
  }
  return text;
}

void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
  std::string temporary = path.string() + ".XXXXXX";
  int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) throw file_error("write", path);
  bool good = ::fchmod(fd, mode) == 0;
  while (good && !content.empty()) {
    auto count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    good = count >= 0;
    if (good) content.remove_prefix(static_cast<std::size_t>(count));
  }
  good = good && ::fsync(fd) == 0;
  good = good && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!good) {
    auto error = file_error("write", path);
    ::close(fd);
    ::unlink(temporary.c_str());
    throw error;
  }
  ::close(fd);
}

void make_directory(const std::filesystem::path& path, mode_t mode) {
  std::error_code failure;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), failure);
  if (::mkdir(path.c_str(), mode) == 0) {
    ::chmod(path.c_str(), mode);  // whatever the umask says
    return;
  }
  if (errno != EEXIST || !std::filesystem::is_directory(path, failure)) {
    throw file_error("create the directory", path);
  }
}

std::filesystem::path default_state_directory() { return xdg("XDG_STATE_HOME", ".local/state"); }
std::filesystem::path default_cache_directory() { return xdg("XDG_CACHE_HOME", ".cache"); }

FileLock::FileLock(const std::filesystem::path& path)
    : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (fd_ < 0) throw file_error("lock", path);
  while (::flock(fd_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    auto error = file_error("lock", path);
    ::close(fd_);
    throw error;
  }
}

FileLock::~FileLock() { ::close(fd_); }

}  // namespace muster
