#pragma once

#include <string>
#include <vector>

namespace muster {

/// The files that the words of a command line name, each once: a file as it is, a directory's
/// *.json, *.yaml and *.yml by name (not those of directories in it), and what a pattern with *, ?
/// or [ matches, for shells that were told to leave it alone. Throws Error (usage) when a directory
/// has none or a pattern matches nothing.
std::vector<std::string> definition_files(const std::vector<std::string>& words);

/// Whether `word` names files, not a deployment: those have neither "/" nor "." in their names.
bool names_files(const std::string& word);

}  // namespace muster
