#include <algorithm>
#include <cctype>

#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

/// As semanage wants it.
std::string pattern_of(const std::string& path) {
  std::string pattern;
  for (char c : path) pattern += c == '.' ? "\\." : std::string(1, c);
  return pattern + "(/.*)?";
}

std::vector<std::string> call(TaskScript& task) {
  const auto& path = task.text("path");
  return {"m_file_context", path, task.text("type"), pattern_of(path)};
}

std::vector<std::string> keys(const Args& args) { return {"context:" + args.text("path")}; }

/// The path becomes a part of a regular expression.
std::string check(const Args& args) {
  auto plain = [](const std::string& text, std::string_view others) {
    return !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
      return std::isalnum(c) != 0 || others.find(static_cast<char>(c)) != others.npos;
    });
  };
  if (!plain(args.text("path"), "/._-")) {
    return "takes letters, digits, '/', '.', '_' and '-' in 'path', not '" + args.text("path") +
           "'";
  }
  if (!plain(args.text("type"), "_")) {
    return "takes a type of SELinux, like 'bin_t', not '" + args.text("type") + "'";
  }
  return "";
}

}  // namespace

Kind file_context_kind() {
  return {.name = "file_context",
          .args = {{"path", ArgType::path, true}, {"type", ArgType::text, true}},
          .library = {"shell/family", "shell/selinux", "kinds/file_context"},
          .call = call,
          .keys = keys,
          .check = check};
}

}  // namespace muster
