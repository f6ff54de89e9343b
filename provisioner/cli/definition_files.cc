#include "provisioner/cli/definition_files.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>

#include "provisioner/base/error.h"

namespace muster {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(directory, problem)) {
    auto ending = entry.path().extension();
    if (!entry.is_regular_file()) continue;
    if (ending == ".json" || ending == ".yaml" || ending == ".yml") files.push_back(entry.path());
  }
  if (problem) {
    throw Error("cannot read the directory '" + directory + "': " + problem.message(),
                ExitCode::usage);
  }
  std::ranges::sort(files);
  if (files.empty()) {
    throw Error("there is no definition in '" + directory + "'", ExitCode::usage)
        .hint("they are its *.json, *.yaml and *.yml");
  }
  return files;
}

std::vector<std::string> matches_of(const std::string& pattern) {
  glob_t found{};
  int result = ::glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> files(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (result != 0) throw Error("no file matches '" + pattern + "'", ExitCode::usage);
  return files;
}

std::vector<std::string> files_of(const std::string& word) {
  std::error_code ignored;
  if (fs::is_directory(word, ignored)) return files_in(word);
  if (word.find_first_of("*?[") != std::string::npos && !fs::exists(word, ignored)) {
    return matches_of(word);
  }
  return {word};
}

}  // namespace

std::vector<std::string> definition_files(const std::vector<std::string>& words) {
  std::vector<std::string> files;
  for (const auto& word : words) {
    for (auto& file : files_of(word)) {
      if (std::ranges::find(files, file) == files.end()) files.push_back(std::move(file));
    }
  }
  return files;
}

bool names_files(const std::string& word) {
  return word == "-" || word.find_first_of("./*?[") != std::string::npos;
}

}  // namespace muster
