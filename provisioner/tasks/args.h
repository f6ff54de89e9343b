#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "provisioner/definition/role.h"

namespace muster {

enum class ArgType {
  text,  ///< any scalar
  path,  ///< absolute, without ".."
  mode,  ///< octal digits, as text
  boolean,
  number,  ///< whole, not negative
  choice,  ///< one of ArgRule::choices
  list,    ///< of scalars; empty items are dropped
  lists,   ///< a list, or some by name; ArgRule::choices are the names
  lines    ///< a list, or one text of lines
};

/// One argument that a kind takes.
struct ArgRule {
  std::string_view name;
  ArgType type = ArgType::text;
  bool required = false;
  std::string_view fallback = {};
  std::vector<std::string> choices = {};
};

/// A task's arguments, rendered and checked against the rules of its kind.
class Args {
 public:
  /// Written, even if it rendered to an empty text.
  bool has(std::string_view name) const { return written_.contains(name); }
  /// The text, the fallback when it was not written. Booleans are "true" or "false".
  const std::string& text(std::string_view name) const;
  bool flag(std::string_view name) const { return text(name) == "true"; }
  /// Of ArgType::lists, "argument.name" is one that was written by name.
  const std::vector<std::string>& items(std::string_view name) const;
  /// As in the role, before rendering: holds nothing secret.
  std::string written(std::string_view name) const;

 private:
  friend class ArgReader;
  std::map<std::string, std::string, std::less<>> texts_;
  std::map<std::string, std::vector<std::string>, std::less<>> lists_;
  std::map<std::string, std::string, std::less<>> written_;
};

/// Something wrong with a task, with its place in the role's file.
struct TaskMistake {
  int line = 0;
  std::string message;
  std::string hint;
};

using Renderer = std::function<std::string(const std::string& text)>;

/// Checks and converts. Without a renderer, texts with "{{" pass unchecked (their values are not
/// known yet). A TemplateMistake of the renderer becomes a TaskMistake.
Args read_args(const Task& task, const std::vector<ArgRule>& rules, const Renderer& renderer,
               std::vector<TaskMistake>& mistakes);

}  // namespace muster
