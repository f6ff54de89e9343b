#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "provisioner/base/files.h"

namespace muster::testing {

/// Holds `got` against the text in `file`. ACCEPT=1 in the environment writes the file instead and
/// says that nothing was checked: look at the difference before it is committed.
inline void check_golden(const std::filesystem::path& file, const std::string& got) {
  const char* accept = std::getenv("ACCEPT");
  if (accept != nullptr && std::string(accept) == "1") {
    write_file(file, got);
    MESSAGE("skipped: accepted as " << file.string());
    return;
  }
  CAPTURE(file.string());
  auto wanted = std::filesystem::exists(file) ? read_file(file) : std::string("(there is none)");
  CHECK(got == wanted);
}

}  // namespace muster::testing
