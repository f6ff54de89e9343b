#pragma once

#include <doctest/doctest.h>

#include "provisioner/base/text.h"
#include "tests/shells/sandbox.h"
#include "tests/tasks/compiling.h"

namespace muster::testing {

inline Compiling role(const std::string& name, const std::string& text) {
  Compiling compiling(text);
  compiling.role.name = name;
  return compiling;
}

/// Without times, and without what the last role takes along.
inline Snapshot seen(const Sandbox& node) {
  auto all = node.snapshot();
  for (auto& [path, text] : all) text.resize(std::min(text.size(), text.rfind("\n@")));
  std::erase_if(all, [](const auto& entry) {
    return entry.first.starts_with("var/lib/muster") || entry.first.starts_with("opt/muster") ||
           entry.first.starts_with("run/m") || entry.first == "etc/.pwd.lock";
  });
  return all;
}

inline std::string paths(const Snapshot& all) {
  std::string out;
  for (const auto& [path, text] : all) out += path + "\n";
  return out;
}

/// The answer of the role's last task.
inline std::string last(const Ran& ran) {
  REQUIRE(ran.ended);
  const auto& reply = ran.replies.back();
  return reply.outcome + ": " + trim(reply.output);
}

inline std::string apply(Sandbox& node, const Compiling& role) {
  return last(node.run(role.script().script, role.nonce));
}
inline std::string undo(Sandbox& node, const Compiling& role) {
  return last(node.run(role.undo().script, role.nonce));
}

}  // namespace muster::testing
