// A node's user who owns a folder may make any name in it another thing at any moment. Scripts of
// root write there; what is root's must not become the user's, nor move, nor be shown.
#include <doctest/doctest.h>
#include <grp.h>

#include "tests/shells/ledgers.h"

using namespace muster;
using namespace muster::testing;
namespace fs = std::filesystem;

namespace {

constexpr uid_t kAnn = 1000;

/// What ann does again and again in /home/ann/own; each ends at once.
struct Swap {
  const char* what;
  const char* text;
};
const Swap kSwaps[] = {
    {"each name becomes a link to a file of root's",
     "cd /home/ann/own && for f in * .[!.]*; do [ -L \"$f\" ] || { mv \"$f\" ../away.$$.\"$f\" && "
     "ln -s /etc/victims/file \"$f\"; }; done\n"},
    {"each name becomes a link to a folder of root's",
     "cd /home/ann/own && for f in * .[!.]*; do [ -L \"$f\" ] || { mv \"$f\" ../away.$$.\"$f\" && "
     "ln -s /etc/victims \"$f\"; }; done\n"},
    {"the folder becomes a link to one of root's",
     "cd /home/ann && [ -L own ] || { mv own away.$$ && ln -s /etc/victims own; }\n"},
};

/// Tasks that write there, and what is there before.
const char* const kTasks[] = {
    "file: {path: /home/ann/own/file, content: \"x\\n\", owner: ann, group: ann}",
    "file: {path: /home/ann/own/there, content: \"x\\n\", owner: ann, group: ann, mode: \"0666\"}",
    "file: {path: /home/ann/own/there, content: \"there\\n\", owner: ann, group: ann, mode: "
    "\"0666\"}",
    "file: {path: /home/ann/own/there, state: absent}",
    "line: {path: /home/ann/own/there, line: x}",
    "line: {path: /home/ann/own/file, line: x}",
    "line: {path: /home/ann/own/there, line: x, match: there}",
    "link: {path: /home/ann/own/file, to: /srv}",
    "directory: {path: /home/ann/own/new, owner: ann, group: ann, mode: \"0777\"}",
    "directory: {path: /home/ann/own/folder, owner: root, group: ann, mode: \"0777\"}",
    "directory: {path: /home/ann/own/new/deep, owner: ann, group: ann}",
    "artifact: {name: tool, path: /home/ann/own/file}",
    "authorized_key: {user: kim, keys: [key]}",
};

void give(const fs::path& path) { REQUIRE(::chown(path.c_str(), kAnn, kAnn) == 0); }

void furnish_home(const Sandbox& node) {
  write_file(node / "etc/passwd",
             "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n"
             "kim:x:1000:1000::/home/ann/own:/bin/sh\n");
  fs::create_directories(node / "home/ann/own/folder");
  fs::create_directories(node / "etc/victims/there.d");
  write_file(node / "home/ann/own/there", "there\n");
  for (const char* path :
       {"home/ann", "home/ann/own", "home/ann/own/there", "home/ann/own/folder"}) {
    give(node / path);
  }
  for (const char* path : {"etc/victims/file", "etc/victims/there"}) {
    write_file(node / path, "secret\n");
    fs::permissions(node / path, fs::perms{0600});
  }
  write_file(node / "opt/muster/store/abc", "tool");
}

/// What is root's, as it must stay.
Snapshot victims(const Sandbox& node) {
  auto all = node.snapshot();
  std::erase_if(all, [](const auto& entry) { return !entry.first.starts_with("etc/"); });
  return all;
}

/// A file that ann can read, with what only root could.
std::string shown(const Sandbox& node) {
  for (const auto& entry : fs::recursive_directory_iterator(node / "home/ann")) {
    if (!entry.is_regular_file() || entry.is_symlink()) continue;
    struct stat status {};
    REQUIRE(::lstat(entry.path().c_str(), &status) == 0);
    bool readable = status.st_uid == kAnn || (status.st_mode & 4U) != 0;
    if (readable && read_file(entry.path()).find("secret") != std::string::npos) {
      return entry.path().string();
    }
  }
  return "";
}

Compiling task_of(const std::string& text) {
  auto one = role("one", "tasks:\n  - {name: a, " + text + "}\n");
  one.artifacts["tool"] = "abc";
  return one;
}

/// Each program that a script starts is late: ann is faster.
void let_ann_be_faster(Sandbox& node, const char* swap) {
  write_file(node / "swap", swap);
  for (const char* name : {"cat", "chmod", "chown", "cp", "ln", "mkdir", "mktemp", "mv", "readlink",
                           "rm", "sed", "sha256sum", "stat", "tail", "grep", "rmdir", "find"}) {
    node.add_program(name, std::string("/host/bin/setpriv --reuid 1000 --regid 1000 "
                                       "--clear-groups /host/bin/dash /swap >/dev/null 2>&1 "
                                       "9>&-\nexec /host/bin/") +
                               name + " \"$@\"\n");
  }
  // What ann may not write.
  fs::permissions(node / "calls", fs::perms{0600}, fs::perm_options::replace);
}

/// A process of ann's that makes names in her folder links to a file of root's, as fast as it can.
/// It ends by itself, and is to be ended.
pid_t start_swapper(const Sandbox& node) {
  auto folder = node / "home/ann/own";
  auto child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::setgroups(0, nullptr) != 0 || ::setgid(kAnn) != 0 || ::setuid(kAnn) != 0) ::_exit(1);
  if (::chdir(folder.c_str()) != 0) ::_exit(1);
  const char* const kNames[] = {"file.muster-new", "file"};
  for (int turn = 0; turn < 3000000; ++turn) {
    const char* name = kNames[turn % 2];
    struct stat status {};
    if (::lstat(name, &status) != 0 || S_ISLNK(status.st_mode)) continue;
    if (::unlink(name) == 0) (void)!::symlink("/etc/victims/file", name);
  }
  ::_exit(0);
}

/// Calls `attack` for every swap and task, each on a node of its own; nothing of root's may be
/// another's afterwards.
template <typename Attack>
void for_each_swap(const Attack& attack) {
  for (const auto& swap : kSwaps) {
    CAPTURE(std::string(swap.what));
    for (const std::string task : kTasks) {
      CAPTURE(task);
      Sandbox node(Flavour::dash);
      furnish_home(node);
      write_file(node / "calls", "");
      auto before = victims(node);
      auto one = task_of(task);
      attack(node, one, swap.text);
      CHECK(difference(before, victims(node)) == "");
      CHECK(shown(node) == "");
    }
  }
}

}  // namespace

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("swapped names: nothing of root's becomes a user's, whatever becomes of a name") {
  for_each_swap([](Sandbox& node, const Compiling& one, const auto& swap) {
    let_ann_be_faster(node, swap);
    node.run(one.script().script, kNonce);
  });
}

TEST_CASE("swapped names: nor when a role leaves") {
  for_each_swap([](Sandbox& node, const Compiling& one, const auto& swap) {
    auto done = node.run(one.script().script, kNonce);
    CHECK_MESSAGE(outcomes(done) == "changed", done.output);
    let_ann_be_faster(node, swap);
    node.run(one.undo().script, kNonce);
  });
}

TEST_CASE("swapped names: nor when a process of the user's tries all the time") {
  for (auto flavour : kFlavours) {
    CAPTURE(name_of(flavour));
    Sandbox node(flavour);
    furnish_home(node);
    auto before = victims(node);
    auto swapper = start_swapper(node);
    for (int turn = 0; turn < 15; ++turn) {
      auto one = role("one", "tasks:\n  - {name: a, file: {path: /home/ann/own/file, content: \"" +
                                 std::to_string(turn) +
                                 "\\n\", owner: ann, group: ann, mode: \"0666\"}}\n");
      node.run(one.script().script, kNonce);
    }
    ::kill(swapper, SIGKILL);
    ::waitpid(swapper, nullptr, 0);
    CHECK(difference(before, victims(node)) == "");
    CHECK(shown(node) == "");
  }
}

TEST_SUITE_END();
