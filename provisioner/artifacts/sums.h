#pragma once

#include <string>

namespace muster {

/// The sha256 of `file` by the text of a checksum file: a hash alone, or lines as sha256sum writes
/// them. A single line is taken whatever name it has: mirrors may call the file otherwise. Empty
/// when there is none.
std::string sha256_in(const std::string& text, const std::string& file);

bool is_sha256(const std::string& hex);

}  // namespace muster
