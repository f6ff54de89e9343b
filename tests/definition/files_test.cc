#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "provisioner/base/files.h"
#include "tests/definition/support.h"

using namespace muster;

namespace {

/// A directory that is gone after the test; other users may look into it.
class Folder {
 public:
  Folder() {
    auto name = (std::filesystem::temp_directory_path() / "muster-definition-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    ::chmod(path_.c_str(), 0755);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string shown(const std::filesystem::path& file) {
  auto result = read_definition(file, {}, testing::rules());
  CHECK_FALSE(result.plannable);
  return result.diagnostics.render();
}

/// What `shown` says to a user who is not root.
std::string shown_to_nobody(const std::filesystem::path& file) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  auto child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::seteuid(kNobody) != 0) ::_exit(2);
    auto text = read_definition(file, {}, testing::rules()).diagnostics.render();
    auto count = ::write(ends[1], text.data(), text.size());
    ::_exit(count == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  char buffer[4096];
  auto count = ::read(ends[0], buffer, sizeof buffer);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  return {buffer, static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

}  // namespace

TEST_CASE("files: a definition is read from a file, in JSON or YAML by its name") {
  Folder folder;
  write_file(folder / "a.json", testing::definition());
  write_file(folder / "b.yml", "name: demo\nnodes:\n- roles: [etcd, k8s-master]\n");
  for (const char* name : {"a.json", "b.yml"}) {
    auto result = read_definition(folder / name, {}, testing::rules());
    CHECK(result.plannable);
    CHECK(result.definition.name == "demo");
  }
}

TEST_CASE("files: the text is kept as it was, unless overrides make another one of it") {
  auto text = testing::definition();
  CHECK(testing::parse(text).text == text);
  Overrides overrides{{"nodes.0.count=3", "attribs.k8s-kube_api_pwd=hunter2"}, "local"};
  CHECK(testing::parse(text, overrides).text ==
        R"({"name":"demo","nodes":[{"roles":["etcd","k8s-master"],"count":3}],)"
        R"("attribs":{"k8s-kube_api_pwd":"xxxxxxx"},"provider":{"name":"local"}})"
        "\n");
}

TEST_CASE("files: a directory, a missing file and a file of 50 MB are refused by name") {
  Folder folder;
  auto directory = folder / "d.json";
  make_directory(directory);
  CHECK(shown(directory) == directory.string() + ": error: cannot read '" + directory.string() +
                                "': it is a directory\n  name a file in it\n");
  auto missing = folder / "m.json";
  CHECK(shown(missing) == missing.string() + ": error: cannot read '" + missing.string() +
                              "': No such file or directory\n  is its path right?\n");
  auto large = folder / "l.json";
  write_file(large, "{}");
  std::filesystem::resize_file(large, 50'000'000);
  CHECK(shown(large) ==
        large.string() + ": error: cannot read '" + large.string() +
            "': it is larger than 8 MiB\n"
            "  is it a definition? Even 20000 nodes fit, in blocks with a \"count\"\n");
}

TEST_CASE("files: a file that one may not read is refused by name") {
  Folder folder;
  auto file = folder / "secret.json";
  write_file(file, testing::definition(), 0);
  CHECK(shown_to_nobody(file) ==
        file.string() + ": error: cannot read '" + file.string() +
            "': Permission denied\n  see who owns it and who may read it: ls -l " + file.string() +
            "\n");
}
