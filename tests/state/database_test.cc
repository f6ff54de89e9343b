#include "provisioner/state/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <list>
#include <thread>

#include "provisioner/base/files.h"
#include "provisioner/state/schema.h"
#include "provisioner/state/store.h"
#include "tests/state/support.h"

using namespace muster;
namespace fs = std::filesystem;

namespace {

unsigned mode_of(const fs::path& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

std::string open_error(const fs::path& directory) {
  return state_error([&] { open_store(directory); });
}

/// What `body` says in a process that is not root, which may do anything.
std::string as_nobody(const std::function<std::string()>& body) {
  Child child([&](int out) {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
    Child::say(out, body());
  });
  return child.hear();
}

void give_to_nobody(const fs::path& path) {
  if (::geteuid() == 0) REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
}

void put_nodes(Store& store, const std::string& prefix, int count) {
  for (int i = 0; i < count; ++i) {
    NodeRecord node;
    node.name = prefix + std::to_string(i);
    store.put_node("a", node);
    store.put_role("a", node.name, {"etcd", "1"});
  }
}

std::unique_ptr<Store> store_with_deployment(const fs::path& directory) {
  auto store = open_store(directory);
  DeploymentRecord record;
  record.name = "a";
  store->begin_revision(record, "muster apply");
  return store;
}

Event numbered(std::size_t number) {
  Event event;
  event.type = number % 2 == 0 ? EventType::step_finished : EventType::task_finished;
  event.message = std::to_string(number);
  return event;
}

/// How many events the run has; each must be the one that was written there.
std::size_t count_events(Store& store, std::int64_t run) {
  auto events = store.events(run);
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].message != std::to_string(i)) return std::string::npos;
  }
  return events.size();
}

}  // namespace

TEST_CASE("state: the directory and its files are for the user only, whatever the umask says") {
  TemporaryDirectory directory;
  auto old = ::umask(0);
  auto store = store_with_deployment(directory.path() / "new" / "state");
  ::umask(old);
  CHECK(mode_of(directory.path() / "new" / "state") == 0700);
  int files = 0;
  for (const auto& entry : fs::directory_iterator(directory.path() / "new" / "state")) {
    CHECK(mode_of(entry.path()) == 0600);
    ++files;
  }
  CHECK(files == 3);  // the file, its log and the log's index
}

TEST_CASE("state: a file that others may read is closed to them") {
  TemporaryDirectory directory;
  open_store(directory.state());
  fs::permissions(directory.file(), fs::perms(0644));
  open_store(directory.state());
  CHECK(mode_of(directory.file()) == 0600);
}

TEST_CASE("state: a newer version is refused and left as it is") {
  TemporaryDirectory directory;
  open_store(directory.state());
  const auto newer = std::to_string(schema_version() + 1);
  SQLite::Database(directory.file().string(), SQLite::OPEN_READWRITE)
      .exec("PRAGMA user_version=" + newer);
  auto before = read_file(directory.file());
  CHECK(open_error(directory.state()) ==
        "the state file '" + directory.file().string() + "' has version " + newer +
            ", this muster knows versions up to " + std::to_string(schema_version()) +
            "\n  use the muster that wrote it, or a newer one");
  CHECK(read_file(directory.file()) == before);
}

TEST_CASE("state: one of the first version is brought up to this one") {
  TemporaryDirectory directory;
  make_directory(directory.state(), 0700);
  {
    SQLite::Database db(directory.file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec(migrations().front());
    db.exec(
        "PRAGMA user_version=1;"
        "INSERT INTO deployments VALUES ('a', 't', 2, 1), ('b', 't', 1, 0);"
        "INSERT INTO revisions VALUES ('a', 1, 'f', 'one', 5, 'ann'), ('a', 2, 'f', 'two', 6, "
        "'ann'),"
        " ('b', 1, 'f', 'one', 7, 'ann')");
  }
  auto store = open_store(directory.state());
  CHECK(store->deployment("a")->definition_text == "two");
  CHECK(!store->deployment("a")->undo_to);
  CHECK(store->deployment("a")->expires_ms == 0);
  auto revisions = store->revisions("a");
  REQUIRE(revisions.size() == 2);
  CHECK(revisions[0].applied_ms == 0);  // that it once was whole was not recorded
  CHECK(revisions[1].applied_ms == 6);
  CHECK(revisions[1].command.empty());
  CHECK(store->revisions("b").front().applied_ms == 0);
  CHECK(store->durations().empty());
}

TEST_CASE("state: a lock of the eighth version holds until it expires, and can be named") {
  TemporaryDirectory directory;
  make_directory(directory.state(), 0700);
  {
    SQLite::Database db(directory.file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    for (std::size_t version = 0; version < 8; ++version) db.exec(migrations()[version]);
    db.exec(
        "PRAGMA user_version=8;"
        "INSERT INTO leases VALUES ('a', 'ann', 'h1', 41, 'muster apply', 5, 4000000000000);"
        "INSERT INTO leases VALUES ('b', 'ann', 'h1', 41, 'muster apply', 5, 6)");
  }
  auto store = open_store(directory.state());
  auto held = store->lease("a");
  REQUIRE(held);
  CHECK(held->owner.size() == 16);
  CHECK(held->owner != store->lease("b")->owner);
  CHECK(held->process.pid == 41);
  CHECK(held->process.place.empty());
  CHECK(held->expires_ms == 4'000'000'000'000);
  Lease wanted;
  wanted.owner = "new";
  for (std::string name : {"a", "b"}) {
    wanted.deployment = name;
    CHECK(store->acquire_lease(wanted, 1000).has_value() == (name == "a"));
  }
  CHECK(store->break_lease("a", held->owner));
}

TEST_CASE("state: nodes of the second version open with muster's own key and without a bastion") {
  TemporaryDirectory directory;
  make_directory(directory.state(), 0700);
  {
    SQLite::Database db(directory.file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    for (int version : {0, 1}) db.exec(migrations()[static_cast<std::size_t>(version)]);
    db.exec(
        "PRAGMA user_version=2;"
        "INSERT INTO deployments VALUES ('a', 't', 1, 1, -1);"
        "INSERT INTO revisions VALUES ('a', 1, 'f', 'one', 5, 'ann', 'muster apply', 6);"
        "INSERT INTO nodes VALUES ('a', 'm-1', 'local', 'tok', '3', 'ready', '10.0.0.9', 22,"
        " 'root', 'ssh-ed25519 AAAA', '10.244.0.0/24', 'etcd')");
  }
  auto store = open_store(directory.state());
  auto node = *store->deployment("a")->find("m-1");
  CHECK(node.endpoint.address == "10.0.0.9");
  CHECK(node.endpoint.host_key == "ssh-ed25519 AAAA");
  CHECK(node.endpoint.identity.empty());
  CHECK(node.endpoint.bastion.empty());
  CHECK(node.pod_cidr == "10.244.0.0/24");
  node.endpoint.identity = kUserIdentity;
  node.endpoint.bastion = "ann@jump:22";
  CHECK(node.endpoint.in_cluster() == "10.0.0.9");
  node.endpoint.cluster_address = "10.1.0.9";
  store->put_node("a", node);
  auto again = *open_store(directory.state())->deployment("a")->find("m-1");
  CHECK(again.endpoint.identity == kUserIdentity);
  CHECK(again.endpoint.bastion == "ann@jump:22");
  CHECK(again.endpoint.in_cluster() == "10.1.0.9");
}

TEST_CASE("state: a file that is no database is refused and left as it is") {
  TemporaryDirectory directory;
  make_directory(directory.state());
  std::string text = std::string(5000, 'x');
  write_file(directory.file(), text, 0600);
  CHECK(open_error(directory.state()) ==
        "the state file '" + directory.file().string() +
            "' is damaged: file is not a database\n"
            "  while opening the state\n"
            "  put a backup in its place; or move it away to begin anew, and destroy by hand what "
            "it knew");
  CHECK(read_file(directory.file()) == text);
}

TEST_CASE("state: a database of another program is refused and left as it is") {
  TemporaryDirectory directory;
  make_directory(directory.state());
  {
    SQLite::Database db(directory.file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("CREATE TABLE recipes (name TEXT)");
  }
  auto before = read_file(directory.file());
  CHECK(open_error(directory.state()) ==
        "the state file '" + directory.file().string() +
            "' is a database of another program\n"
            "  move it away, or name another directory with --state");
  CHECK(read_file(directory.file()) == before);
}

TEST_CASE("state: damage anywhere in the file is an error that names it, never a crash") {
  TemporaryDirectory directory;
  std::int64_t run = 0;
  {
    auto store = store_with_deployment(directory.state());
    put_nodes(*store, "n", 40);
    run = store->begin_run("a", "");
  }
  auto good = read_file(directory.file());
  int noticed = 0;
  for (std::size_t page = 0; page < good.size(); page += 4096) {
    auto bad = good;
    std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(page), 100, '\xA5');
    write_file(directory.file(), bad, 0600);
    auto error = state_error([&] {
      auto store = open_store(directory.state());
      store->deployments();
      store->events(run);
      put_nodes(*store, "more", 1);
    });
    if (error.empty()) continue;
    ++noticed;
    CHECK(error.find("the state file '" + directory.file().string() + "' is damaged: ") == 0);
  }
  CHECK(noticed > 2);
}

TEST_CASE("state: an empty file, as left by a crash at the first moment, is begun") {
  TemporaryDirectory directory;
  make_directory(directory.state());
  write_file(directory.file(), "", 0600);
  CHECK(open_store(directory.state())->id().size() == 16);
}

TEST_CASE("state: a path that is no directory is refused") {
  TemporaryDirectory directory;
  write_file(directory.state(), "");
  CHECK(open_error(directory.state()) == "the state '" + directory.state().string() +
                                             "' is not a directory\n"
                                             "  name a directory with --state or MUSTER_STATE");
  auto below = directory.state() / "below";
  CHECK(open_error(below) == "cannot create the directory '" + below.string() +
                                 "': Not a directory\n"
                                 "  name another directory with --state or MUSTER_STATE");
}

TEST_CASE("state: a directory in the place of the file is refused") {
  TemporaryDirectory directory;
  make_directory(directory.file());
  CHECK(open_error(directory.state()) ==
        "the state file '" + directory.file().string() +
            "' is not a file\n"
            "  move it away, or name another directory with --state");
}

TEST_CASE("state: a directory or file that may not be written is refused") {
  TemporaryDirectory directory;
  store_with_deployment(directory.state());
  for (const auto& path : {directory.path(), directory.state(), directory.file()}) {
    give_to_nobody(path);
  }
  auto refused = [](const fs::path& path) {
    return "cannot use the state in '" + path.string() +
           "': Permission denied\n"
           "  change its owner or mode, or name another directory with --state";
  };
  auto before = read_file(directory.file());
  fs::permissions(directory.file(), fs::perms(0400));
  CHECK(as_nobody([&] { return open_error(directory.state()); }) == refused(directory.file()));
  fs::permissions(directory.state(), fs::perms(0500));
  CHECK(as_nobody([&] { return open_error(directory.state()); }) == refused(directory.state()));
  fs::permissions(directory.path(), fs::perms(0500));
  auto missing = directory.path() / "missing";
  CHECK(as_nobody([&] { return open_error(missing); }) ==
        "cannot create the directory '" + missing.string() +
            "': Permission denied\n"
            "  name another directory with --state or MUSTER_STATE");
  fs::permissions(directory.path(), fs::perms(0700));
  fs::permissions(directory.state(), fs::perms(0700));
  CHECK(read_file(directory.file()) == before);
}

TEST_CASE("state: a full disk is an error, and what was written before stays") {
  TemporaryDirectory directory;
  Database database(directory.state());
  database.write("", [](SQLite::Database& db) {
    db.exec("CREATE TABLE filler (text); INSERT INTO filler VALUES ('kept')");
  });
  database.read("", [](SQLite::Database& db) {
    db.exec("PRAGMA max_page_count=" + db.execAndGet("PRAGMA page_count").getString());
  });
  CHECK(state_error([&] {
          database.write("filling it", [](SQLite::Database& db) {
            db.exec("INSERT INTO filler VALUES ('first'), (zeroblob(100000))");
          });
        }) == "cannot write the state file '" + directory.file().string() +
                  "': the disk is full\n"
                  "  while filling it\n"
                  "  free some space, then run the same command again");
  CHECK(database.read("", [](SQLite::Database& db) {
    return db.execAndGet("SELECT group_concat(text) FROM filler").getString();
  }) == "kept");
}

TEST_CASE("state: opening it takes some room on its disk") {
  TemporaryDirectory directory;
  store_with_deployment(directory.state());
  Child child([&](int out) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit none{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &none);
    Child::say(out, open_error(directory.state()));
  });
  CHECK(child.hear() == "cannot write the state file '" + directory.file().string() +
                            "': the disk is full\n"
                            "  while opening the state\n"
                            "  free some space, then run the same command again");
  CHECK(open_store(directory.state())->deployment("a"));
}

TEST_CASE("state: writes that the system refuses are errors, and the store goes on afterwards") {
  TemporaryDirectory directory;
  Child child([&](int out) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto store = open_store(directory.state());
    auto run = store->begin_run("a", "");
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    auto small = limit;
    small.rlim_cur = fs::file_size(directory.file().string() + "-wal") + 20000;
    ::setrlimit(RLIMIT_FSIZE, &small);
    std::size_t written = 0;
    auto error = state_error([&] {
      for (; written < 1000; ++written) store->journal(run, numbered(written));
    });
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto kept = count_events(*store, run) == written;
    store->journal(run, numbered(written));
    auto goes_on = count_events(*store, run) == written + 1;
    Child::say(out, error + (kept ? "\nkept" : "") + (goes_on ? ", goes on" : ""));
  });
  CHECK(child.hear() == "cannot use the state file '" + directory.file().string() +
                            "': disk I/O error\n"
                            "  while recording an event of run 1\n"
                            "  see to the disk that it is on, then run the same command again\n"
                            "kept, goes on");
}

TEST_CASE("state: a writer that does not end is named after a while, readers do not mind it") {
  TemporaryDirectory directory;
  store_with_deployment(directory.state());
  SQLite::Database holder(directory.file().string(), SQLite::OPEN_READWRITE);
  holder.exec("BEGIN IMMEDIATE");
  Database database(directory.state(), std::chrono::milliseconds(20));
  CHECK(state_error([&] { database.write("trying", [](SQLite::Database&) {}); }) ==
        "the state file '" + directory.file().string() +
            "' is in use: another process has been writing to it for 0 s\n"
            "  while trying\n"
            "  wait for it, or end it, then run the same command again");
  CHECK(open_store(directory.state())->deployments().size() == 1);
  holder.exec("COMMIT");
  database.write("trying", [](SQLite::Database&) {});
}

TEST_CASE("state: an exception of the caller undoes the transaction and comes through") {
  TemporaryDirectory directory;
  Database database(directory.state());
  CHECK_THROWS_WITH(database.write("",
                                   [](SQLite::Database& db) {
                                     db.exec("CREATE TABLE t (x)");
                                     throw Error("mine");
                                   }),
                    "mine");
  CHECK(database.read("", [](SQLite::Database& db) {
    return db.execAndGet("SELECT count(*) FROM sqlite_master WHERE name = 't'").getInt();
  }) == 0);
}

TEST_CASE("state: processes that create the same state at once agree on it") {
  for (int round = 0; round < 5; ++round) {
    TemporaryDirectory directory;
    std::list<Child> children;
    for (int i = 0; i < 6; ++i) {
      children.emplace_back([&](int out) { Child::say(out, open_store(directory.state())->id()); });
    }
    auto id = children.front().hear();
    CHECK(id.size() == 16);
    for (auto& child : children) {
      if (&child != &children.front()) CHECK(child.hear() == id);
    }
  }
}

TEST_CASE("state: processes that write at once all get their turn") {
  TemporaryDirectory directory;
  store_with_deployment(directory.state());
  {
    std::list<Child> children;
    for (int i = 0; i < 4; ++i) {
      children.emplace_back([&directory, i](int) {
        put_nodes(*open_store(directory.state()), "p" + std::to_string(i) + "-", 25);
      });
    }
    for (auto& child : children) {
      CHECK(child.hear() == "");
      CHECK(child.wait() == 0);
    }
  }
  CHECK(open_store(directory.state())->deployment("a")->nodes.size() == 100);
}

TEST_CASE("state: threads share one store, and two stores share one file") {
  TemporaryDirectory directory;
  auto one = store_with_deployment(directory.state());
  auto two = open_store(directory.state());
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        auto& store = i % 2 == 0 ? *one : *two;
        put_nodes(store, "t" + std::to_string(i) + "-", 20);
        store.deployments();
      });
    }
  }
  auto nodes = two->deployment("a")->nodes;
  CHECK(nodes.size() == 80);
  CHECK(std::all_of(nodes.begin(), nodes.end(),
                    [](const NodeRecord& node) { return node.roles.size() == 1; }));
}

TEST_CASE("state: a writer killed at any moment leaves all that it was told is written") {
  TemporaryDirectory directory;
  store_with_deployment(directory.state());
  for (std::size_t round = 1; round <= 12; ++round) {
    auto run = open_store(directory.state())->begin_run("a", "");
    Child child([&](int out) {
      auto store = open_store(directory.state());
      for (std::size_t i = 0;; ++i) {
        store->journal(run, numbered(i));
        Child::say(out, ".");
      }
    });
    auto heard = child.hear(round * 5).size();
    ::kill(child.pid(), SIGKILL);
    CHECK(child.wait() == 128 + SIGKILL);
    heard += child.hear().size();
    auto store = open_store(directory.state());
    auto kept = count_events(*store, run);
    REQUIRE(kept != std::string::npos);
    CHECK(kept >= heard);
    CHECK(kept <= heard + 1);
    store->journal(run, numbered(kept));
    CHECK(count_events(*store, run) == kept + 1);
  }
}

TEST_CASE("state: a log cut at any byte gives back what was written up to there") {
  TemporaryDirectory directory;
  constexpr std::size_t kEvents = 4;
  auto run = open_store(directory.state())->begin_run("a", "");
  auto store = open_store(directory.state());
  for (std::size_t i = 0; i < kEvents; ++i) store->journal(run, numbered(i));
  auto file = read_file(directory.file());
  auto log = read_file(directory.file().string() + "-wal");

  std::size_t last = 0;
  // A prime: cuts land anywhere in a frame. tests/fault does take every byte.
  const std::size_t stride = std::getenv("MUSTER_EVERY_BYTE") != nullptr ? 1 : 997;
  for (std::size_t at = 0; at < log.size() + stride; at += stride) {
    auto size = std::min(at, log.size());
    TemporaryDirectory copy;
    make_directory(copy.state());
    write_file(copy.file(), file, 0600);
    write_file(copy.file().string() + "-wal", log.substr(0, size), 0600);
    auto cut = open_store(copy.state());
    auto count = count_events(*cut, run);
    REQUIRE(count != std::string::npos);
    CHECK(count >= last);
    CHECK(cut->id() == store->id());
    last = count;
  }
  CHECK(last == kEvents);
}
