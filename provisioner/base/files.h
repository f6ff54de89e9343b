#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// The whole file. Throws Error naming the file and the reason (missing, a directory, not
/// readable, larger than `limit` bytes).
std::string read_file(const std::filesystem::path& path, std::uintmax_t limit = 64u << 20);

/// The same, or none when there is no such file, or no more by the time it is read.
std::optional<std::string> read_if_there(const std::filesystem::path& path);

/// All of stdin. Throws Error (exit code 2) when that is larger than `limit` bytes, whole MiBs.
std::string read_stdin(std::uintmax_t limit);

/// Writes beside the target, syncs, and renames: readers see the old file or the new one.
void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode = 0644);

/// Creates the directory (and parents) with `mode`; fine when it exists.
void make_directory(const std::filesystem::path& path, mode_t mode = 0755);

/// $XDG_STATE_HOME/muster or ~/.local/state/muster.
std::filesystem::path default_state_directory();
/// $XDG_CACHE_HOME/muster or ~/.cache/muster.
std::filesystem::path default_cache_directory();

/// An advisory lock on a file, held until destroyed; the kernel frees it when the process dies.
class FileLock {
 public:
  /// Waits for the lock. Creates the file when missing.
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_;
};

}  // namespace muster
