#include "provisioner/cli/json_argument.h"

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"

namespace muster {

namespace {

constexpr std::size_t kMaxBytes = 1u << 20;

}  // namespace

bool is_json_text(const std::string& word) {
  auto first = word.find_first_not_of(" \t\r\n");
  return first != std::string::npos && (word[first] == '{' || word[first] == '[');
}

JsonArgument read_json_argument(const std::string& word) {
  if (is_json_text(word)) return {"JSON", word, true};
  if (word == "-") return {"stdin", read_stdin(kMaxBytes), false};
  try {
    return {word, read_file(word, kMaxBytes), false};
  } catch (const Error& problem) {
    throw Error(problem.what(), ExitCode::usage)
        .hint("JSON begins with '{', a file is named by its path, and '-' is stdin");
  }
}

}  // namespace muster
