#include "provisioner/artifacts/build.h"

#include <sys/utsname.h>

#include <algorithm>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

/// Kubernetes takes a quarter of an hour of CPU time, and is built with low priority.
constexpr std::chrono::minutes kBuildDeadline{120};
constexpr std::string_view kFolder = "artifacts/";
constexpr std::string_view kModules = "go/";

/// The scripts as files beside each other, since they call one another; gone when done.
class ScriptFolder {
 public:
  ScriptFolder(const fs::path& folder, const Scripts& scripts) : folder_(folder) {
    make_directory(folder_);
    for (const auto& [name, text] : scripts) {
      make_directory((folder_ / name).parent_path());
      write_file(folder_ / name, text, 0755);
    }
  }
  ~ScriptFolder() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  ScriptFolder(const ScriptFolder&) = delete;
  ScriptFolder& operator=(const ScriptFolder&) = delete;

 private:
  fs::path folder_;
};

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string last_lines(const std::string& text, std::size_t count) {
  auto lines = split(trim(text), '\n');
  auto first = lines.size() > count ? lines.size() - count : 0;
  return join(std::span(lines).subspan(first), "\n    ");
}

}  // namespace

Scripts embedded_scripts() {
  Scripts scripts;
  for (const auto& resource : resources()) {
    if (!resource.path.starts_with(kFolder)) continue;
    auto path = resource.path.substr(kFolder.size());
    if (path.starts_with(kModules) || path.ends_with(".sh"))
      scripts.emplace(path, resource.content);
  }
  return scripts;
}

std::string machine_arch() {
  utsname machine{};
  ::uname(&machine);
  std::string name = machine.machine;
  if (name == "x86_64") return "amd64";
  if (name == "aarch64") return "arm64";
  return name;
}

Builder::Builder(fs::path cache, Scripts scripts)
    : cache_(std::move(cache)), scripts_(std::move(scripts)) {}

std::vector<std::string> Builder::versions(const BuildRule& rule) const {
  if (!rule.version.empty()) return {rule.version};
  std::vector<std::string> found;
  const auto folder = std::string(kModules) + rule.name + "/";
  for (auto file = scripts_.lower_bound(folder); file != scripts_.end(); ++file) {
    if (!file->first.starts_with(folder)) break;
    auto version = file->first.substr(folder.size());
    version.resize(std::min(version.find('/'), version.size()));
    if (found.empty() || found.back() != version) found.push_back(version);
  }
  return found;
}

fs::path Builder::directory(const std::string& rule, const std::string& version) const {
  return cache_ / "built" / (rule + "-" + version);
}

fs::path Builder::make(const BuildRule& rule, const std::string& version, const std::string& output,
                       const Note& note) {
  auto made = directory(rule.name, version) / output;
  if (fs::exists(made)) return made;
  run(rule, version, note);
  if (!fs::exists(made)) {
    throw Error("'" + rule.run.front() + "' did not make '" + made.string() + "'");
  }
  return made;
}

void Builder::run(const BuildRule& rule, const std::string& version, const Note& note) {
  const auto out = directory(rule.name, version);
  auto arguments = rule.run;
  for (auto& argument : arguments) {
    replace_all(argument, "{version}", version);
    replace_all(argument, "{out}", out.string());
  }

  make_directory(out);
  auto folder = cache_ / "scripts";
  ScriptFolder files(folder, scripts_);
  note("building " + rule.name + " " + version + " with artifacts/" + arguments.front());
  ProcessSpec spec;
  spec.argv = {"sh", folder / arguments.front()};
  spec.argv.insert(spec.argv.end(), arguments.begin() + 1, arguments.end());
  spec.deadline = kBuildDeadline;
  spec.interruptible = true;
  spec.on_error_line = [&](std::string_view line) { note("  | " + std::string(line)); };
  auto result = run_process(spec);
  if (result.timed_out) {
    throw Error("'" + arguments.front() + "' did not end within " +
                std::to_string(kBuildDeadline.count()) + " minutes");
  }
  if (result.exit_code != 0) {
    throw Error("'" + arguments.front() + "' failed with exit code " +
                std::to_string(result.exit_code) + ": " + last_lines(result.error_output, 5));
  }
}

}  // namespace muster
