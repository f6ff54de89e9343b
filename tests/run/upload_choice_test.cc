#include "provisioner/run/upload_choice.h"

#include <doctest/doctest.h>

#include "provisioner/base/file_source.h"
#include "provisioner/base/sha256.h"
#include "provisioner/run/packed_copies.h"
#include "tests/support/folder.h"

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"

using namespace muster;

namespace {

constexpr std::uint64_t kMB = 1'000'000;

/// 100 MB, which pack to 40 in a second, over a link of so many MB a second.
Prospect prospect(double rate, double contention = 1) {
  Prospect prospect;
  prospect.rate = {rate * 1e6, contention};
  prospect.raw_left = 100 * kMB;
  prospect.packed = Prospect::Packed{1, 40e6, 1};
  return prospect;
}

Artifact artifact_in(const TestFolder& folder, const std::string& content) {
  Artifact artifact;
  artifact.name = "tool";
  artifact.sha256 = sha256(content);
  make_directory(folder / "store");
  artifact.file = folder / ("store/" + artifact.sha256);
  write_file(artifact.file, content);
  return artifact;
}

}  // namespace

TEST_CASE("upload choice: a link that is fast or not known gets the file as it is") {
  CHECK(choose(prospect(0)) == Way::raw);
  CHECK(choose(prospect(300)) == Way::raw);
  CHECK(choose(prospect(30)) == Way::raw);
}

TEST_CASE("upload choice: a slow link gets it packed when that clearly wins") {
  CHECK(choose(prospect(10)) == Way::packed);
  auto dense = prospect(10);
  dense.packed->wire_left = 95e6;
  CHECK(choose(dense) == Way::raw);
  auto nearly_done = prospect(10);
  nearly_done.raw_left = 30 * kMB;
  CHECK(choose(nearly_done) == Way::raw);
  auto impossible = prospect(1);
  impossible.packed.reset();
  CHECK(choose(impossible) == Way::raw);
}

TEST_CASE("upload choice: a link that looks slow because this machine is busy is not slow") {
  CHECK(choose(prospect(8, 4)) == Way::raw);
  CHECK(choose(prospect(1, 4)) == Way::packed);
}

TEST_CASE("upload choice: a node downloads first, when that saves much time, or never") {
  auto asked = prospect(0);
  asked.can_download = true;
  asked.downloads = NodeDownloads::when_slow;
  CHECK(choose(asked) == Way::raw);
  asked.rate.bytes = 12e6;
  CHECK(choose(asked) == Way::packed);
  asked.rate.bytes = 5e6;
  CHECK(choose(asked) == Way::download);
  asked.downloads = NodeDownloads::never;
  CHECK(choose(asked) == Way::packed);
  asked.downloads = NodeDownloads::first;
  asked.rate = {};
  CHECK(choose(asked) == Way::download);
  asked.can_download = false;
  CHECK(choose(asked) == Way::raw);
}

TEST_CASE("upload choice: a node that is not known is taken for one like the last") {
  LinkRates rates;
  CHECK(rates.of("a").bytes == 0);
  rates.measured("a", 10 * kMB, 2, 1);
  CHECK(rates.of("a").bytes == 5e6);
  rates.measured("b", 100 * kMB, 0.5, 2);
  CHECK(rates.of("b").contention == 2);
  CHECK(rates.of("c").bytes == 200e6);
  CHECK(rates.of("a").bytes == 5e6);
  rates.measured("a", 1000, 0.1, 1);  // says nothing
  CHECK(rates.of("a").bytes == 5e6);
}

TEST_CASE("upload choice: one node tries a host, and all others learn from it") {
  DownloadHosts hosts;
  CHECK(hosts.begin("https://a.example/x"));
  CHECK_FALSE(hosts.open("https://a.example/y"));
  CHECK_FALSE(hosts.begin("https://a.example/y"));
  CHECK(hosts.open("https://b.example/x"));
  hosts.end("https://a.example/x", true);
  CHECK(hosts.begin("https://a.example/y"));
  CHECK(hosts.begin("https://a.example/z"));
  hosts.end("https://a.example/y", false);
  CHECK_FALSE(hosts.open("https://a.example"));
}

TEST_CASE("upload choice: contention is the load of each CPU") {
  CHECK(contention_by("0.20 1.00 1.00 1/500 7", 2) == 1);
  CHECK(contention_by("6.00 1.00 1.00 1/500 7", 2) == 3);
  CHECK(contention_by("90.00 1.00 1.00 1/500 7", 2) == 8);
  CHECK(contention_by("", 0) == 1);
  CHECK(contention() >= 1);
}

TEST_CASE("packed copies: one is made when it is asked for, opens to the file, and is kept") {
  TestFolder folder;
  auto artifact = artifact_in(folder, std::string(3'000'000, 'x'));
  for (auto form : {WireForm::gzip, WireForm::zstd}) {
    PackedCopies copies;
    auto estimate = copies.estimate(artifact, form);
    if (!estimate) continue;  // no such program here
    CHECK(estimate->bytes < 100'000);
    CHECK(estimate->seconds > 0);
    CHECK_FALSE(
        std::filesystem::exists(folder / ("packed/" + artifact.sha256 + "." + to_string(form))));
    auto file = copies.copy(artifact, form);
    CHECK(file == folder / ("packed/" + artifact.sha256 + "." + to_string(form)));
    CHECK(sha256(run_or_throw({to_string(form), "-dc", file})) == artifact.sha256);
    auto made = std::filesystem::last_write_time(file);
    PackedCopies later;
    CHECK(later.estimate(artifact, form)->seconds == 0);
    CHECK(later.estimate(artifact, form)->bytes == std::filesystem::file_size(file));
    CHECK(later.copy(artifact, form) == file);
    CHECK(std::filesystem::last_write_time(file) == made);
    later.drop(artifact, form);
    CHECK_FALSE(std::filesystem::exists(file));
    CHECK_FALSE(later.estimate(artifact, form).has_value());
    CHECK_THROWS_AS(later.copy(artifact, form), Error);
  }
}

TEST_CASE("packed copies: one that cannot be made leaves nothing, and is not tried again") {
  TestFolder folder;
  auto artifact = artifact_in(folder, "x");
  PackedCopies copies;
  std::filesystem::remove(artifact.file);
  CHECK_THROWS_AS(copies.copy(artifact, WireForm::gzip), Error);
  CHECK(std::filesystem::is_empty(folder / "packed"));
  CHECK_FALSE(copies.estimate(artifact, WireForm::gzip).has_value());
}

TEST_CASE("packed copies: both sides must have the program") {
  CHECK_FALSE(PackedCopies::common({"curl", "wget"}).has_value());
  CHECK(PackedCopies::common({"gzip"}) == WireForm::gzip);
}

TEST_CASE("file source: gives a file from an offset on, to its end") {
  TestFolder folder;
  std::string content(700'000, 'a');
  content.back() = 'z';
  write_file(folder / "f", content);
  for (std::uint64_t offset : {0U, 1U, 699'999U, 700'000U}) {
    FileSource source(folder / "f", offset);
    std::string all;
    for (auto piece = source.next(); !piece.empty(); piece = source.next()) all += piece;
    CHECK(all == content.substr(offset));
    CHECK(source.given() == content.size() - offset);
  }
  CHECK_THROWS_WITH_AS(FileSource("/no/such", 0),
                       "cannot read '/no/such': No such file or directory", Error);
}
