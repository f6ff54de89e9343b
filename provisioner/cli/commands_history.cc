// history: who applied what and when, and what it changed in the definition.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/report/table.h"

namespace muster {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A folder for two texts, removed with them.
class Scratch {
 public:
  Scratch() {
    auto name = (fs::temp_directory_path() / "muster-history-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw Error("cannot make a folder for the texts to compare");
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string named(const std::string& deployment, int revision) {
  return deployment + " revision " + std::to_string(revision);
}

/// What both leave out and mean something else by.
std::string changed_defaults(const RevisionRecord& before, const RevisionRecord& after) {
  std::string lines;
  for (const auto& [name, value] : before.definition_defaults) {
    auto now = after.definition_defaults.find(name);
    if (now == after.definition_defaults.end() || now->second == value) continue;
    lines += "by default, " + name + ": " + value + " => " + now->second + "\n";
  }
  return lines;
}

/// A unified diff; empty when they are the same.
std::string diff_of(const std::string& deployment, const RevisionRecord& before,
                    const RevisionRecord& after) {
  if (before.definition_text == after.definition_text) return changed_defaults(before, after);
  Scratch scratch;
  auto old_file = scratch.path() / "before";
  auto new_file = scratch.path() / "after";
  write_file(old_file, before.definition_text, 0600);
  write_file(new_file, after.definition_text, 0600);
  ProcessSpec diff;
  diff.argv = {"diff",
               "-u",
               "--label",
               named(deployment, before.revision),
               "--label",
               named(deployment, after.revision),
               old_file.string(),
               new_file.string()};
  auto result = run_process(diff);
  if (result.exit_code == 1) return result.output + changed_defaults(before, after);
  throw Error("diff failed: " + trim(result.error_output)).hint("install diffutils");
}

std::string diff_to_previous(const std::string& deployment,
                             const std::vector<RevisionRecord>& revisions, std::size_t at) {
  if (at == 0) return "the first revision; there is none to compare it with\n";
  auto diff = diff_of(deployment, revisions[at - 1], revisions[at]);
  return diff.empty()
             ? "says the same as revision " + std::to_string(revisions[at - 1].revision) + "\n"
             : diff;
}

std::string result_of(const RevisionRecord& revision) {
  return revision.applied_ms != 0 ? "whole" : "not whole";
}

/// One revision in a line of its own.
std::string headline(const RevisionRecord& revision) {
  return "revision " + std::to_string(revision.revision) + ", " + format_time(revision.created_ms) +
         ", " + revision.user + ", " + result_of(revision) +
         (revision.command.empty() ? "" : ": " + revision.command);
}

Json to_json(const RevisionRecord& revision, int current) {
  return {{"revision", revision.revision},
          {"time", format_time(revision.created_ms)},
          {"user", revision.user},
          {"command", revision.command},
          {"definition_file", revision.definition_file},
          {"whole", revision.applied_ms != 0},
          {"current", revision.revision == current},
          {"definition", revision.definition_text},
          {"defaults", revision.definition_defaults}};
}

std::size_t find_revision(const std::string& deployment,
                          const std::vector<RevisionRecord>& revisions, const std::string& word) {
  std::vector<std::string> numbers;
  for (std::size_t i = 0; i < revisions.size(); ++i) {
    numbers.push_back(std::to_string(revisions[i].revision));
    if (numbers.back() == word) return i;
  }
  throw Error("'" + deployment + "' has no revision '" + word + "'", ExitCode::usage)
      .hint("it has: " + join(numbers, ", "));
}

struct HistoryOptions {
  std::string name;
  std::string revision;
  bool diff = false;
  std::string output;
};

int run_history(Context& context, const HistoryOptions& options) {
  const auto& name = options.name;
  const auto revisions = context.store().revisions(name);
  const auto record = context.store().deployment(name);
  if (revisions.empty()) context.deployment(name);  // says what exists
  if (!record) context.talk() << "muster: '" << name << "' is destroyed; this is what it was\n";
  if (!options.revision.empty()) {
    auto at = find_revision(name, revisions, options.revision);
    context.out() << (options.diff ? diff_to_previous(name, revisions, at)
                                   : revisions[at].definition_text);
    return kDone;
  }
  const int current = record ? record->revision : 0;
  if (options.output == "json") {
    Json all = Json::array();
    for (const auto& revision : revisions) all.push_back(to_json(revision, current));
    context.out() << all.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
    return kDone;
  }
  if (options.diff) {
    for (std::size_t at = 0; at < revisions.size(); ++at) {
      context.out() << (at == 0 ? "" : "\n") << headline(revisions[at]) << "\n"
                    << diff_to_previous(name, revisions, at);
    }
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& revision : revisions) {
    rows.push_back({std::to_string(revision.revision) + (revision.revision == current ? " *" : ""),
                    format_time(revision.created_ms), revision.user, result_of(revision),
                    revision.command});
  }
  context.out() << render_table({"REVISION", "WHEN", "WHO", "RESULT", "COMMAND"}, rows);
  return kDone;
}

}  // namespace

void add_history_commands(Table& table) {
  table.group(Group::clusters, 1);
  auto history =
      table.command("history", "who applied what to a deployment, and when", run_history);
  history
      .takes(name_argument(history->name),
             argument("[REVISION]", "print its definition", WordKind::text, history->revision),
             flag("--diff", "what each revision changed, or this one", history->diff),
             output_option({"json"}, history->output))
      .example("history cluster01 --diff")
      .example("history cluster01 3 > cluster01.json");
}

}  // namespace muster
