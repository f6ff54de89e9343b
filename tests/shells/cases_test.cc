// Every file in cases/<kind>/ is one case; cases/README.md says what is in it.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"
#include "tests/shells/sandbox.h"
#include "tests/tasks/compiling.h"

using namespace muster;
using namespace muster::testing;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path kHere = fs::path(MUSTER_SOURCE_DIR) / "tests/shells";

std::vector<fs::path> case_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(kHere / "cases")) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

mode_t octal(const std::string& text) { return static_cast<mode_t>(std::stoul(text, nullptr, 8)); }

/// One case in one sandbox.
class CaseRun {
 public:
  CaseRun(json about, Flavour flavour)
      : case_(std::move(about)), flavour_(flavour), compiling_(role_text()), sandbox_(flavour) {
    check_keys();
    if (case_.contains("context")) compiling_.context.merge_patch(case_["context"]);
    for (const auto& [name, text] : items("templates")) compiling_.templates[name] = text;
    for (const auto& [name, text] : items("artifacts")) compiling_.artifacts[name] = text;
    for (const auto& [name, text] : items("programs")) {
      sandbox_.add_program(
          name, text.is_null() ? read_file(kHere / "programs" / name) : text.get<std::string>());
    }
    for (const auto& name : case_.value("without", json::array())) sandbox_.remove_program(name);
    for (const auto& [path, entry] : items("before")) make(path, entry);
  }

  void run() {
    if (case_.contains("refused")) {
      CHECK_THROWS_WITH_AS(compiling_.script(), case_["refused"].get<std::string>().c_str(), Error);
      return;
    }
    // The shells do not differ in what check mode leaves out.
    if (flavour_ == Flavour::dash) check();
    auto before = sandbox_.snapshot();
    const auto first = without_times(before);
    auto applied = said(Mode::apply);
    CHECK(applied == wanted("apply", ""));
    check_calls("calls");
    for (const auto& [path, entry] : items("after")) check(path, entry);
    if (case_.contains("again")) {
      CHECK(said(Mode::apply) == wanted("again", ""));
      return;
    }
    apply_again(before, applied);
    undo(first);
  }

 private:
  void apply_again(Snapshot before, const std::string& applied) {
    if (applied.find("failed") != std::string::npos) return;
    auto nothing = join(std::vector<std::string>(compiling_.role.tasks.size(), "unchanged"), "\n");
    if (applied != nothing) {
      before = sandbox_.snapshot();
      CHECK(said(Mode::apply) == nothing);
    }
    CHECK_MESSAGE(before == sandbox_.snapshot(), "a run with nothing to do changed this: ",
                  difference(before, sandbox_.snapshot()));
  }

  /// All that the tasks did is taken back, by what they noted; "stays" says what is not.
  void undo(const Snapshot& first) {
    if (case_.value("stays", json()) == "all") return;
    auto text = [&](Mode mode) {
      auto ran = sandbox_.run(compiling_.undo(mode).script, kNonce);
      CHECK(ran.error_output == "");
      REQUIRE(ran.replies.size() == 1);
      CHECK_MESSAGE(ran.replies[0].outcome != "failed", ran.replies[0].output);
      return trim(ran.replies[0].output);
    };
    auto applied = sandbox_.snapshot();
    if (flavour_ == Flavour::dash) text(Mode::check);
    CHECK_MESSAGE(applied == sandbox_.snapshot(),
                  "an undo in check mode changed this: ", difference(applied, sandbox_.snapshot()));
    auto said = text(Mode::apply);
    if (case_.contains("undo")) CHECK(said == wanted("undo", ""));
    auto last = without_times(sandbox_.snapshot());
    for (const auto& path : case_.value("stays", std::vector<std::string>())) {
      if (first.contains(path)) last[path] = first.at(path);
      if (!first.contains(path)) last.erase(path);
    }
    CHECK_MESSAGE(first == last, "the undo did not bring this back: ", difference(first, last));
    text(Mode::apply);
    sandbox_.take_calls();
  }

  /// What useradd and mount leave beside what they change.
  static bool is_of_a_program(const std::string& path) {
    return path == "run/mount" || path == "etc/.pwd.lock" ||
           (path.starts_with("etc/") && path.ends_with("-"));
  }

  static Snapshot without_times(Snapshot all) {
    for (auto& [path, text] : all) text.resize(std::min(text.size(), text.rfind("\n@")));
    // What the sandbox has of muster goes with the last role.
    std::erase_if(all, [](const auto& entry) {
      return entry.first == "var/lib/muster" || entry.first.starts_with("opt/muster") ||
             is_of_a_program(entry.first);
    });
    // To the systemctl of programs/, these are as if they were not there.
    std::erase_if(all, [](const auto& entry) {
      return entry.first.starts_with("units/") &&
             (entry.second.ends_with("\ninactive\n") || entry.second.ends_with("\ndisabled\n"));
    });
    return all;
  }

  void check() {
    auto before = sandbox_.snapshot();
    CHECK(said(Mode::check) == wanted("check", wanted("apply", "")));
    CHECK_MESSAGE(before == sandbox_.snapshot(),
                  "check mode changed this: ", difference(before, sandbox_.snapshot()));
    check_calls("check_calls");
  }

  std::string role_text() const {
    json role;
    role["tasks"] = case_.contains("tasks") ? case_["tasks"] : json::array({case_["task"]});
    for (const auto& task : case_.value("handlers", json::array()))
      role["handlers"].push_back(task);
    for (auto& task : role["tasks"]) {
      if (!task.contains("name")) task["name"] = "t";
    }
    std::string text;
    for (const auto& [key, value] : role.items()) text += key + ": " + value.dump() + "\n";
    return text;
  }

  void check_keys() const {
    static const std::set<std::string> kKnown{
        "task",        "tasks",  "handlers", "only",    "context", "templates", "artifacts",
        "programs",    "before", "without",  "refused", "check",   "apply",     "again",
        "check_calls", "calls",  "after",    "undo",    "stays"};
    for (const auto& [key, value] : case_.items()) {
      CHECK_MESSAGE(kKnown.contains(key), "a case has no '", key, "'");
    }
  }

  json::object_t items(const char* key) const {
    return case_.value(key, json::object()).get<json::object_t>();
  }

  std::string wanted(const char* key, std::string fallback) const {
    if (!case_.contains(key)) return fallback;
    if (case_[key].is_string()) return case_[key].get<std::string>();
    return join(case_[key].get<std::vector<std::string>>(), "\n");
  }

  std::string said(Mode mode) {
    auto ran = sandbox_.run(compiling_.script(mode).script, kNonce);
    CHECK(ran.error_output == "");
    CHECK(ran.exit_code == 0);
    CHECK(ran.ended);
    std::vector<std::string> out;
    for (const auto& reply : ran.replies) {
      auto text = reply.outcome;
      if (reply.outcome == "failed") text += " " + std::to_string(reply.exit_code);
      if (auto output = trim(reply.output); !output.empty()) text += ": " + output;
      if (!reply.command.empty()) text += " [ran " + reply.command + "]";
      out.push_back(text);
    }
    return join(out, "\n");
  }

  void check_calls(const char* key) {
    auto calls = sandbox_.take_calls();
    if (case_.contains(key)) CHECK(calls == case_[key].get<std::string>());
  }

  void make(const std::string& path, const json& entry) {
    auto place = sandbox_ / path;
    fs::create_directories(place.parent_path());
    if (entry.is_string()) return write_file(place, entry.get<std::string>());
    if (entry.contains("link")) return fs::create_symlink(entry["link"].get<std::string>(), place);
    if (entry.contains("file")) write_file(place, entry["file"].get<std::string>());
    if (!entry.contains("file")) fs::create_directories(place);
    if (entry.contains("mounted")) {
      CHECK(::mount("none", place.c_str(), "tmpfs", 0, nullptr) == 0);
    }
    if (entry.contains("owner")) {
      auto ids = split(entry["owner"].get<std::string>(), ':');
      CHECK(::chown(place.c_str(), static_cast<uid_t>(std::stoul(ids[0])),
                    static_cast<gid_t>(std::stoul(ids[1]))) == 0);
    }
    auto mode = entry.value("mode", entry.contains("file") ? "0644" : "0755");
    CHECK(::chmod(place.c_str(), octal(mode)) == 0);
  }

  static bool is_mounted(const fs::path& place) {
    std::ifstream mounts("/proc/self/mounts");
    for (std::string line; std::getline(mounts, line);) {
      if (line.find(" " + kernel_escaped(place.string()) + " ") != std::string::npos) return true;
    }
    return false;
  }

  void check(const std::string& path, const json& entry) {
    auto place = sandbox_ / path;
    CAPTURE(path);
    struct stat status {};
    bool there = ::lstat(place.c_str(), &status) == 0;
    CHECK(there == !entry.is_null());
    if (!there || entry.is_null()) return;
    if (entry.is_string()) {
      CHECK(fs::is_regular_file(fs::symlink_status(place)));
      CHECK(read_file(place) == entry.get<std::string>());
      return;
    }
    for (const auto& [key, value] : entry.items()) {
      if (key == "file") CHECK(read_file(place) == value.get<std::string>());
      if (key == "link") CHECK(fs::read_symlink(place).string() == value.get<std::string>());
      if (key == "directory") CHECK(fs::is_directory(place) == value.get<bool>());
      if (key == "mounted") CHECK(is_mounted(place) == value.get<bool>());
      if (key == "mode") CHECK((status.st_mode & 07777U) == octal(value));
      if (key == "owner") {
        CHECK(std::to_string(status.st_uid) + ":" + std::to_string(status.st_gid) ==
              value.get<std::string>());
      }
    }
  }

  json case_;
  Flavour flavour_;
  Compiling compiling_;
  Sandbox sandbox_;
};

void run_case(const fs::path& file, Flavour flavour) {
  INFO("case ", file.lexically_relative(kHere).string(), " on ", name_of(flavour));
  try {
    auto about = json::parse(read_file(file));
    // No shell has a say in what is refused.
    auto only = about.contains("refused") ? "dash" : about.value("only", name_of(flavour));
    if (only == name_of(flavour)) CaseRun(std::move(about), flavour).run();
  } catch (const std::exception& error) {
    FAIL_CHECK(error.what());
  }
}

}  // namespace

TEST_CASE("tasks: each case in cases/ checks, applies, and is unchanged when applied again" *
          doctest::skip(!Sandbox::possible())) {
  Sandbox::prepare();
  const auto files = case_files();
  std::atomic<std::size_t> next = 0;
  auto work = [&] {
    for (auto at = next++; at < files.size() * kFlavours.size(); at = next++) {
      run_case(files[at / kFlavours.size()], kFlavours[at % kFlavours.size()]);
    }
  };
  // Some cases wait.
  std::vector<std::jthread> workers;
  for (int count = 0; count < 4; ++count) workers.emplace_back(work);
}

TEST_CASE("tasks: every kind has cases") {
  for (const auto& kind : kinds()) {
    CAPTURE(kind.name);
    CHECK(fs::exists(kHere / "cases" / kind.name));
  }
}
