#include "provisioner/artifacts/bundle.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "provisioner/artifacts/artifacts.h"
#include "provisioner/artifacts/bundle_format.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/sha256.h"
#include "provisioner/base/text.h"
#include "tests/support/folder.h"
#include "tests/support/http_server.h"
#include "tests/support/said.h"

using namespace muster;
namespace fs = std::filesystem;

namespace {

/// Three files: one that compresses well, one that does not, and an empty one.
struct Trial {
  Trial() {
    std::string noise;
    for (std::size_t i = 0; i < 40; ++i) noise += sha256(std::to_string(i));
    add("alpha", std::string(3000, 'a'));
    add("beta", noise);
    add("gamma", "");
  }
  void add(const std::string& name, const std::string& content) {
    write_file(folder / name, content);
    sources.push_back({{BundleFile::Kind::artifact, name, "v1", "amd64", "https://example.org",
                        content.size(), sha256(content)},
                       folder / name});
  }
  std::string write(const std::string& name = "b.tar.zst") {
    BundleManifest manifest{"0.1", {"trial"}, {}};
    write_bundle(folder / name, manifest, sources);
    return read_file(folder / name);
  }
  /// What a reader says of a bundle with these bytes.
  std::string said_of(const std::string& bytes) {
    write_file(folder / "changed", bytes);
    return error_of([&] { verify_bundle(folder / "changed"); });
  }
  TestFolder folder;
  std::vector<BundleSource> sources;
};

/// Where each file of the bundle ends, its sum included.
std::vector<std::size_t> ends_of(const std::string& bytes) {
  std::vector<std::size_t> ends;
  for (auto at = bytes.find(kSumHead); at != std::string::npos; at = bytes.find(kSumHead, at + 1)) {
    ends.push_back(at + kSumHead.size() + kSumDigits);
  }
  return ends;
}

std::string manifest_with(const std::string& file, int format = 1) {
  return R"({"format": )" + std::to_string(format) +
         R"(, "muster": "9.9", "definitions": [], "files": [)" + file + "]}";
}

std::string entry(const std::string& path, const std::string& name) {
  return R"({"path": ")" + path + R"(", "kind": "artifact", "name": ")" + name +
         R"(", "version": "v1", "arch": "amd64", "bytes": 1, "origin": "", "sha256": ")" +
         std::string(64, 'a') + "\"}";
}

}  // namespace

TEST_CASE("bundle: what was written is read again, and the same gives the same bytes") {
  Trial trial;
  auto bytes = trial.write();
  auto manifest = verify_bundle(trial.folder / "b.tar.zst");
  CHECK(manifest.muster == "0.1");
  CHECK(manifest.definitions == std::vector<std::string>{"trial"});
  REQUIRE(manifest.files.size() == 3);
  CHECK(manifest.files[0].path() == "artifacts/alpha@v1-amd64");
  CHECK(manifest.files[1].sha256 == trial.sources[1].file.sha256);
  CHECK(bundle_manifest_json(read_bundle_manifest(trial.folder / "b.tar.zst")) ==
        bundle_manifest_json(manifest));
  std::swap(trial.sources[0], trial.sources[2]);
  CHECK(trial.write("again") == bytes);
  CHECK_FALSE(fs::exists(trial.folder / "again.part"));
}

TEST_CASE("bundle: any tar program reads it") {
  Trial trial;
  trial.write();
  auto listed =
      run_or_throw({"sh", "-c", "zstd -dc \"$1\" | tar -tf -", "sh", trial.folder / "b.tar.zst"});
  CHECK(listed ==
        "manifest.json\nartifacts/alpha@v1-amd64\nartifacts/beta@v1-amd64\n"
        "artifacts/gamma@v1-amd64\n");
  auto beta = run_or_throw({"sh", "-c", "zstd -dc \"$1\" | tar -xOf - artifacts/beta@v1-amd64",
                            "sh", trial.folder / "b.tar.zst"});
  CHECK(sha256(beta) == trial.sources[1].file.sha256);
}

TEST_CASE("bundle: whichever bit flips, it is refused with the name of the damaged file") {
  Trial trial;
  const auto bytes = trial.write();
  const auto ends = ends_of(bytes);
  const std::vector<std::string> names{"manifest.json", "artifacts/alpha@v1-amd64",
                                       "artifacts/beta@v1-amd64", "artifacts/gamma@v1-amd64",
                                       "the end of the bundle"};
  REQUIRE(ends.size() == names.size());
  REQUIRE(ends.back() == bytes.size());
  std::size_t file = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at == ends[file]) ++file;
    auto changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    auto said = trial.said_of(changed);
    bool named = has(said, "damaged at '" + names[file] + "'") ||
                 (file == 0 && has(said, "is no bundle: it does not begin with a manifest.json"));
    if (!named) FAIL_CHECK("byte " << at << " of " << names[file] << ": " << said);
  }
}

TEST_CASE("bundle: wherever it is cut, it is refused") {
  Trial trial;
  const auto bytes = trial.write();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto said = trial.said_of(bytes.substr(0, size));
    if (!has(said, "the bundle is cut")) FAIL_CHECK("of " << size << " bytes: " << said);
  }
  CHECK(has(trial.said_of(bytes.substr(0, ends_of(bytes)[1])), "'artifacts/beta@v1-amd64'"));
  CHECK(has(trial.said_of(bytes + "x"), "something follows it"));
}

TEST_CASE("bundle: a missing and an extra file are named") {
  Trial trial;
  const auto bytes = trial.write();
  const auto ends = ends_of(bytes);
  auto without_beta = bytes.substr(0, ends[1]) + bytes.substr(ends[2]);
  CHECK(has(trial.said_of(without_beta), "'artifacts/beta@v1-amd64': it is missing"));
  auto without_the_last = bytes.substr(0, ends[2]) + bytes.substr(ends[3]);
  CHECK(has(trial.said_of(without_the_last), "'artifacts/gamma@v1-amd64': it is missing"));

  Trial other;
  other.add("delta", "more");
  const auto more = other.write();
  const auto cuts = ends_of(more);
  const auto delta = more.substr(cuts[2], cuts[3] - cuts[2]);
  auto in_the_middle = bytes.substr(0, ends[1]) + delta + bytes.substr(ends[1]);
  CHECK(has(trial.said_of(in_the_middle),
            "in its place is 'artifacts/delta@v1-amd64', which the manifest does not have"));
  auto at_the_end = bytes.substr(0, ends[3]) + delta + bytes.substr(ends[3]);
  CHECK(has(trial.said_of(at_the_end), "it holds 'artifacts/delta@v1-amd64'"));
}

TEST_CASE("bundle: a file that is whole but another one is refused by its hash") {
  Trial trial;
  const auto bytes = trial.write();
  const auto ends = ends_of(bytes);
  Trial other;
  other.sources.clear();
  other.add("alpha", std::string(3000, 'b'));
  const auto theirs = other.write();
  const auto cuts = ends_of(theirs);
  auto mixed =
      bytes.substr(0, ends[0]) + theirs.substr(cuts[0], cuts[1] - cuts[0]) + bytes.substr(ends[1]);
  CHECK(has(trial.said_of(mixed),
            "'artifacts/alpha@v1-amd64': its content is not what its sha256 says"));
}

TEST_CASE("bundle: no manifest leads out of the cache") {
  CHECK(parse_bundle_manifest(manifest_with(entry("artifacts/a@v1-amd64", "a"))).files.size() == 1);
  auto refused = [](const std::string& path, const std::string& name) {
    auto said = error_of([&] { parse_bundle_manifest(manifest_with(entry(path, name))); });
    return has(said, "'" + path + "' is no path that a file may have");
  };
  CHECK(refused("artifacts/../../etc/x@v1-amd64", "../../etc/x"));
  CHECK(refused("artifacts//etc/x@v1-amd64", "/etc/x"));
  CHECK(refused("artifacts/.x@v1-amd64", ".x"));
  CHECK(refused("artifacts/@v1-amd64", ""));
  CHECK(refused("/etc/passwd", "a"));
  CHECK(refused("artifacts/b@v1-amd64", "a"));
  auto image = R"({"path": "images/...tar", "kind": "node-image", "name": "..", "bytes": 1,)"
               R"("origin": "", "sha256": ")" +
               std::string(64, 'a') + "\"}";
  CHECK(has(error_of([&] { parse_bundle_manifest(manifest_with(image)); }), "is no path"));
  auto twice = entry("artifacts/a@v1-amd64", "a") + "," + entry("artifacts/a@v1-amd64", "a");
  CHECK(has(error_of([&] { parse_bundle_manifest(manifest_with(twice)); }), "not in order"));
  auto hash = entry("artifacts/a@v1-amd64", "a");
  hash.replace(hash.find(std::string(64, 'a')), 64, "../../x");
  CHECK(has(error_of([&] { parse_bundle_manifest(manifest_with(hash)); }), "no right size"));
}

TEST_CASE("bundle: a link in place of a file is refused, though its sums are right") {
  Trial trial;
  const auto bytes = trial.write();
  // The header of a link of the same name: what only somebody who means harm writes.
  auto header = tar_header("artifacts/alpha@v1-amd64", 3000);
  header[156] = '2';
  write_file(trial.folder / "frame",
             header + std::string(3000, 'a') + std::string(tar_filling(3000), '\0'));
  run_or_throw({"zstd", "-q", "--no-check", trial.folder / "frame"});
  auto frame = read_file(trial.folder / "frame.zst");
  const auto ends = ends_of(bytes);
  auto link = bytes.substr(0, ends[0]) + frame + std::string(kSumHead) + sha256(frame) +
              bytes.substr(ends[1]);
  CHECK(has(trial.said_of(link), "'artifacts/alpha@v1-amd64': its header is not that of a file"));
}

TEST_CASE("bundle: another format is refused, with the version that made it") {
  auto said = error_of([] { parse_bundle_manifest(manifest_with("", 2)); });
  CHECK(said ==
        "the bundle has format 2, and this muster reads 1\n"
        "  use the muster that made it, version '9.9'");
  CHECK(has(error_of([] { parse_bundle_manifest("{}"); }), "manifest.json is wrong"));
  CHECK(has(error_of([] { parse_bundle_manifest("x"); }), "manifest.json is wrong"));
}

TEST_CASE("bundle: what is no bundle is said to be none, and nothing is left of one that failed") {
  Trial trial;
  CHECK(has(trial.said_of("hello, world"), "is no bundle"));
  CHECK(has(error_of([&] { verify_bundle(trial.folder / "none"); }), "No such file"));
  CHECK(has(error_of([&] { verify_bundle(trial.folder.path()); }), "it is a directory"));
  write_file(trial.folder / "beta", "changed");
  CHECK(has(error_of([&] { trial.write("failed"); }), "artifacts/beta@v1-amd64"));
  CHECK_FALSE(fs::exists(trial.folder / "failed"));
  CHECK_FALSE(fs::exists(trial.folder / "failed.part"));
}
