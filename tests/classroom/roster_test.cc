#include "provisioner/classroom/roster.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <set>

#include "provisioner/base/files.h"
#include "tests/support/golden.h"

using namespace muster;

namespace {

const std::filesystem::path kRosters =
    std::filesystem::path(MUSTER_SOURCE_DIR) / "tests/classroom/rosters";
const std::string kAnn =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINvGOdDSq5jqUkVQuvtfdi/TSHakNXdcUQg1t6wvdKo5";
const std::string kBob =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPQCS9CgsSluvr3CKJnAEJ5QIWCYO1E0J/HoAFtxxkhq";

/// "ann-lee|Ann Lee|a@x|ssh-..." lines, or the messages.
std::string students_of(const std::string& text, const std::string& file = "roster.csv") {
  auto roster = parse_roster(file, text);
  std::string out = roster.diagnostics.render();
  for (const auto& student : roster.students) {
    out += student.id + "|" + student.name + "|" + student.email + "|" + student.ssh_key + "\n";
  }
  return out;
}

const std::string kBoth = "ann-lee|Ann Lee|a@x|" + kAnn + "\nbob|Bob|b@x|" + kBob + "\n";

}  // namespace

TEST_CASE("roster: comma, semicolon and tab, whatever the order of the columns") {
  CHECK(students_of("name,email,ssh key\nAnn Lee,a@x," + kAnn + "\nBob,b@x," + kBob + "\n") ==
        kBoth);
  CHECK(students_of("SSH_Key;Name;E-Mail\n" + kAnn + ";Ann Lee;a@x\n" + kBob + ";Bob;b@x\n") ==
        kBoth);
  CHECK(students_of("email\tkey\tname\na@x\t" + kAnn + "\tAnn Lee\nb@x\t" + kBob + "\tBob") ==
        kBoth);
}

TEST_CASE("roster: as Excel saves it") {
  CHECK(students_of("\xEF\xBB\xBFname;email;ssh key\r\nAnn Lee;a@x;" + kAnn +
                    "\r\n;;\r\n\r\nBob;b@x;" + kBob + "\r\n") == kBoth);
  CHECK(students_of("sep=;\r\nname;email;ssh key\r\nAnn Lee;a@x;" + kAnn + "\r\nBob;b@x;" + kBob) ==
        kBoth);
  CHECK(students_of("\nname,email,ssh key\rAnn Lee,a@x," + kAnn + "\rBob,b@x," + kBob + "\r") ==
        kBoth);
}

TEST_CASE("roster: quotes as in RFC 4180") {
  CHECK(students_of("\"name\",\"email\",\"ssh key\"\n\"Ann\nLee\",a@x,\"" + kAnn +
                    "\"\nBob, b@x ,\"" + kBob + "\"  \n") == kBoth);
  auto roster =
      parse_roster("r.csv", "name,ssh key\n\"Lee, Ann \"\"A\"\"\"," + kAnn + "\nBob," + kBob);
  REQUIRE(roster.students.size() == 2);
  CHECK(roster.students[0].name == "Lee, Ann \"A\"");
  CHECK(roster.students[0].id == "lee-ann-a");
  CHECK(roster.students[1].at.line == 3);
}

TEST_CASE("roster: a row's number is its line in the file") {
  auto roster =
      parse_roster("r.csv", "name,ssh key\n\"Ann\n\nLee\"," + kAnn + "\n\nBob," + kBob + "\n");
  REQUIRE(roster.students.size() == 2);
  CHECK(roster.students[0].at.line == 2);
  CHECK(roster.students[1].at.line == 6);
}

TEST_CASE("roster: JSON") {
  CHECK(students_of(R"([{"name": "Ann Lee", "email": "a@x", "ssh_key": ")" + kAnn +
                        R"("}, {"ssh_key": ")" + kBob + R"(", "name": "Bob", "email": "b@x"}])",
                    "roster.json") == kBoth);
}

TEST_CASE("roster: an email may be missing") {
  CHECK(students_of("name,ssh key\nBob," + kBob) == "bob|Bob||" + kBob + "\n");
}

TEST_CASE("roster: 1,000 students") {
  std::string text = "name,ssh key\n";
  for (int i = 0; i < 1000; ++i) text += "Student " + std::to_string(i) + "," + kAnn + "\n";
  auto roster = parse_roster("r.csv", text);
  CHECK_FALSE(roster.diagnostics.has_errors());
  REQUIRE(roster.students.size() == 1000);
  CHECK(roster.students.back().id == "student-999");
  CHECK(roster.diagnostics.items().size() == 999);  // all have one key
}

TEST_CASE("roster: a private key is never shown") {
  for (const char* text :
       {"name,ssh key\nAnn,\"-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n\"\n,x\n",
        R"([{"name": "", "ssh_key": "-----BEGIN PRIVATE KEY-----\nc2VjcmV0"}])"}) {
    auto said = parse_roster("r", text).diagnostics.render();
    CHECK(said.find("is a private key") != std::string::npos);
    CHECK(said.find("c2VjcmV0") == std::string::npos);
  }
}

TEST_CASE("rosters with mistakes: each gets the messages beside it") {
  std::set<std::string> cases;
  for (const auto& entry : std::filesystem::directory_iterator(kRosters)) {
    const auto& file = entry.path();
    if (file.extension() == ".txt") continue;
    auto golden = file;
    golden += ".txt";
    auto roster = parse_roster(file.filename().string(), read_file(file));
    CAPTURE(file.string());
    CHECK(roster.diagnostics.has_errors());
    testing::check_golden(golden, roster.diagnostics.render());
    cases.insert(file.filename().string());
  }
  CHECK(cases.size() >= 10);
}

TEST_CASE("rosters with mistakes: one that is not there") {
  CHECK(read_roster("/nonexistent/roster.csv").diagnostics.render() ==
        "/nonexistent/roster.csv: error: cannot read '/nonexistent/roster.csv': No such file or "
        "directory\n  name a CSV or JSON file: --roster FILE\n");
}
