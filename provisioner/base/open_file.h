#pragma once

#include <cstdio>
#include <memory>

namespace muster {

struct FileDeleter {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
/// Closed at the end; what is still to be written then may get lost without a word: flush before.
using OpenFile = std::unique_ptr<std::FILE, FileDeleter>;

}  // namespace muster
