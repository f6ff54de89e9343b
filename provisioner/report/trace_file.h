#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace muster {

/// A JSON object with the list "traceEvents" that grows: closed after each item, and the next one
/// takes the place of the closing.
class TraceFile {
 public:
  /// Throws Error when it cannot be made.
  explicit TraceFile(const std::filesystem::path& file);
  ~TraceFile();
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  /// `item` is JSON. One that does not fit (a full disk) is left out, and all behind it.
  void add(const std::string& item);

 private:
  bool write_at(off_t at, const std::string& text) const;

  int fd_ = -1;
  off_t end_ = 0;  // where the closing begins
  bool first_ = true;
  bool full_ = false;
};

}  // namespace muster
