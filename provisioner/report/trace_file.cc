#include "provisioner/report/trace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "provisioner/base/error.h"

namespace muster {

namespace {

const std::string kOpening = R"({"displayTimeUnit":"ms","traceEvents":[)";
const std::string kClosing = "\n]}\n";

[[noreturn]] void refuse(const std::filesystem::path& file) {
  throw Error("cannot write the trace '" + file.string() + "': " + std::strerror(errno),
              ExitCode::usage)
      .hint("name another file with --trace");
}

}  // namespace

TraceFile::TraceFile(const std::filesystem::path& file)
    : fd_(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)),
      end_(static_cast<off_t>(kOpening.size())) {
  if (fd_ < 0) refuse(file);
  if (write_at(0, kOpening + kClosing)) return;
  int problem = errno;
  ::close(fd_);
  errno = problem;
  refuse(file);
}

TraceFile::~TraceFile() { ::close(fd_); }

void TraceFile::add(const std::string& item) {
  if (full_) return;
  auto text = (first_ ? "\n" : ",\n") + item;
  if (write_at(end_, text + kClosing)) {
    end_ += static_cast<off_t>(text.size());
    first_ = false;
    return;
  }
  full_ = true;
  // The closing was there before, so there is room for it.
  if (write_at(end_, kClosing) &&
      ::ftruncate(fd_, end_ + static_cast<off_t>(kClosing.size())) != 0) {
    return;  // a tail that no longer belongs to it: nothing more can be done
  }
}

bool TraceFile::write_at(off_t at, const std::string& text) const {
  std::size_t done = 0;
  while (done < text.size()) {
    auto written =
        ::pwrite(fd_, text.data() + done, text.size() - done, at + static_cast<off_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace muster
