// Against a snapshot that etcdctl 3.4.23 saved: tests/operations/etcd/snapshot-3.4.23.db, with two
// keys.
#include "provisioner/operations/etcd_snapshot.h"

#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/operations/etcd_backup.h"
#include "tests/support/folder.h"

using namespace muster;

namespace {

namespace fs = std::filesystem;

std::string golden() {
  return read_file(fs::path(MUSTER_SOURCE_DIR) / "tests/operations/etcd/snapshot-3.4.23.db");
}

/// What check_snapshot says of a file with these bytes, "FILE" for its path; "" when it is whole.
std::string complaint(const std::string& bytes, bool unhashed = false) {
  TestFolder folder;
  const auto file = folder.path() / "s.db";
  write_file(file, bytes);
  try {
    check_snapshot(file, unhashed);
    return "";
  } catch (const Error& error) {
    CHECK(error.exit_code() == ExitCode::usage);
    std::string text = error.what();
    auto at = text.find(file.string());
    return at == std::string::npos ? text : text.replace(at, file.string().size(), "FILE");
  }
}

SnapshotNotes some_notes(const std::string& sha256) {
  SnapshotNotes notes;
  notes.deployment = "blue";
  notes.member = "blue-001";
  notes.created = "2026-01-31T12:00:00.000Z";
  notes.kubernetes = "v1.37.2";
  notes.etcd = "3.4.23";
  notes.revision = 12;
  notes.keys = 3;
  notes.size = 20512;
  notes.sha256 = sha256;
  notes.encryption_key = "0123456789abcdef";
  return notes;
}

}  // namespace

TEST_CASE("snapshot: one that etcdctl saved is whole") {
  CHECK(complaint(golden()) == "");
  TestFolder folder;
  write_file(folder.path() / "s.db", golden());
  auto found = check_snapshot(folder.path() / "s.db");
  CHECK(found.size == 20512);
  CHECK(found.hashed);
  CHECK(found.sha256.size() == 64);
}

TEST_CASE("snapshot: one changed byte, wherever it is, is damage") {
  const auto whole = golden();
  for (std::size_t at : {std::size_t{100}, whole.size() / 2, whole.size() - 33, whole.size() - 1}) {
    auto bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    CHECK(complaint(bytes) ==
          "'FILE' is damaged: the sha256 at its end is not that of its content\n"
          "  take another one: nothing can be restored from this");
  }
}

TEST_CASE("snapshot: one that was cut is refused, whatever is forced") {
  const auto whole = golden();
  for (std::size_t size : {std::size_t{4096}, std::size_t{8192 + 32}, whole.size() - 33}) {
    for (bool unhashed : {false, true}) {
      CHECK(complaint(whole.substr(0, size), unhashed).find("'FILE' was cut: it has ") == 0);
    }
  }
}

TEST_CASE("snapshot: a member's database has no hash, and is only good when that is said") {
  const auto database = golden().substr(0, 20480);
  CHECK(complaint(database) ==
        "'FILE' has no hash at its end that tells whether it is whole: it is a copy of a member's "
        "database, or was changed\n"
        "  to use it all the same, say --force");
  CHECK(complaint(database, true) == "");
}

TEST_CASE("snapshot: other files are none") {
  for (const auto& bytes :
       {std::string(), std::string("a\n"), std::string(5000, 'x'), std::string(100'000, '\0')}) {
    CHECK(complaint(bytes) ==
          "'FILE' is not an etcd snapshot\n  make one: muster etcd backup NAME");
  }
  TestFolder folder;
  CHECK_THROWS_AS(check_snapshot(folder.path()), Error);
  CHECK_THROWS_AS(check_snapshot(folder.path() / "missing"), Error);
}

TEST_CASE("snapshot: notes are read back, and are only those of the very file") {
  TestFolder folder;
  const auto file = folder.path() / "s.db";
  write_file(file, golden());
  auto found = check_snapshot(file);
  CHECK_FALSE(read_notes(found));
  write_file(notes_file(file), notes_json(some_notes(found.sha256)));
  auto read = read_notes(found);
  REQUIRE(read);
  CHECK(notes_json(*read) == notes_json(some_notes(found.sha256)));
  write_file(notes_file(file), notes_json(some_notes("another")));
  CHECK_FALSE(read_notes(found));
  write_file(notes_file(file), "{\"deployment\": 7");
  CHECK_FALSE(read_notes(found));
}

TEST_CASE("snapshot: another deployment's, or an earlier one's of that name, is refused") {
  const auto notes = some_notes("");
  CHECK(reason_not_to_restore(notes, "blue", "0123456789abcdef") == "");
  CHECK(reason_not_to_restore(notes, "green", "0123456789abcdef") ==
        "it is a snapshot of 'blue', not of 'green'");
  CHECK(reason_not_to_restore(notes, "blue", "fedcba9876543210") ==
        "its Secrets are encrypted with a key that 'blue' does not have: it is of an earlier "
        "deployment of that name");
}

TEST_CASE("snapshot: a stream is taken apart, however its bytes come") {
  const std::string payload("ab\ncd\n\n\0x", 9);
  const std::string whole =
      "\n\nsnapshot {\"hash\":7,\"revision\":12,\"totalKey\":3,\"totalSize\":20}\nsha256 abc\n"
      "size 9\netcd 3.4.23\nbytes\n" +
      payload;
  for (std::size_t piece = 1; piece < whole.size(); ++piece) {
    std::string got;
    SnapshotStream stream([&](std::string_view bytes) { got += bytes; });
    for (std::size_t at = 0; at < whole.size(); at += piece) {
      CHECK_FALSE(stream.whole());
      stream.feed(std::string_view(whole).substr(at, piece));
    }
    CHECK(stream.whole());
    CHECK(got == payload);
    CHECK(stream.status().revision == 12);
    CHECK(stream.status().keys == 3);
    CHECK(stream.sha256() == "abc");
    CHECK(stream.etcd() == "3.4.23");
  }
}

TEST_CASE("snapshot: a stream of something else is refused") {
  SnapshotStream stream([](std::string_view) {});
  CHECK_THROWS_AS(stream.feed(std::string(10'000, 'x')), Error);
  SnapshotStream longer([](std::string_view) {});
  CHECK_THROWS_AS(longer.feed("size 3\nbytes\nabcd"), Error);
}
