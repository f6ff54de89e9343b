#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/sha256.h"
#include "tests/support/folder.h"

using namespace muster;

TEST_CASE("sha256: sha256 of the standard's vectors") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("sha256: of a file, the same as sha256sum, whatever its size") {
  TestFolder folder;
  for (std::size_t size : {0U, 1U, (1U << 18) - 1U, 1U << 18U, (1U << 20) + 7U}) {
    std::string content(size, 'x');
    if (size > 0) content.back() = '\0';
    write_file(folder / "f", content);
    CHECK(sha256_of_file(folder / "f") == run_or_throw({"sha256sum", folder / "f"}).substr(0, 64));
    CHECK(sha256_of_file(folder / "f") == sha256(content));
  }
}

TEST_CASE("sha256: of the beginning of a file") {
  TestFolder folder;
  std::string content(700'000, 'x');
  content[300'000] = 'y';
  write_file(folder / "f", content);
  for (std::size_t bytes : {0U, 1U, 262'144U, 300'001U, 700'000U, 700'001U}) {
    CHECK(sha256_of_file(folder / "f", bytes) == sha256(content.substr(0, bytes)));
  }
}

TEST_CASE("sha256: a file that cannot be read is named with the reason") {
  CHECK_THROWS_WITH_AS(sha256_of_file("/no/such/file"),
                       "cannot read '/no/such/file': No such file or directory", Error);
  CHECK_THROWS_WITH_AS(sha256_of_file("/proc"), "cannot read '/proc': it is a directory", Error);
}
