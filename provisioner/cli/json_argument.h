#pragma once

#include <string>

namespace muster {

/// The JSON that an argument stands for.
struct JsonArgument {
  std::string name;  ///< for messages: "JSON" for the argument itself, the file, "stdin"
  std::string text;
  bool typed = false;  ///< the argument itself, which every user of this machine can read
};

/// Whether `word` is JSON itself, and neither a file nor "-".
bool is_json_text(const std::string& word);

/// Takes `word` for JSON text, the name of a file, or "-" for stdin; at most 1 MiB. Throws Error.
JsonArgument read_json_argument(const std::string& word);

}  // namespace muster
