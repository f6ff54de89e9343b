#pragma once

#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "provisioner/base/process.h"

/// That names are texts to whoever reads the YAML that muster writes.
namespace muster::testing {

/// What some reader or other takes for a number, a date or a boolean.
inline constexpr const char* kOddNames[] = {"2026", "on",         "null", "1e3",
                                            "0x1f", "2026-11-30", "yes",  "0o17"};

/// What the YAML 1.1 reader of Python makes of each file in a folder, as JSON: one start for all.
inline nlohmann::json read_by_python(const std::filesystem::path& folder) {
  ProcessSpec spec;
  spec.argv = {
      "python3", "-c",
      "import json, pathlib, sys, yaml\n"
      "print(json.dumps({file.name: list(yaml.load_all(file.read_text(), yaml.SafeLoader))\n"
      "                  for file in pathlib.Path(sys.argv[1]).iterdir()}, default=repr))",
      folder.string()};
  auto ran = run_process(spec);
  REQUIRE_MESSAGE(ran.exit_code == 0, ran.error_output);
  return nlohmann::json::parse(ran.output);
}

/// Counts the texts `odd`; those that are no texts for every reader are complained of.
inline int count_texts(const YAML::Node& node, const std::string& odd) {
  int count = 0;
  if (node.IsScalar() && node.Scalar() == odd) {
    CHECK(node.Tag() == "!");  // it was in quotes: kubectl's reader knows more numbers than others
    ++count;
  }
  if (node.IsMap()) {
    for (const auto& member : node) count += count_texts(member.second, odd);
  }
  if (node.IsSequence()) {
    for (const auto& item : node) count += count_texts(item, odd);
  }
  return count;
}

}  // namespace muster::testing
