#include "providers/local/host_settings.h"

#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "tests/support/folder.h"

using namespace muster;

namespace {

/// A kernel made of files.
struct Kernel {
  Kernel(const std::string& instances, const std::string& forward) {
    make_directory(kernel / "fs/inotify");
    make_directory(kernel / "net/ipv4");
    write_file(kernel / "fs/inotify/max_user_instances", instances + "\n");
    write_file(kernel / "net/ipv4/ip_forward", forward + "\n");
  }
  std::string instances() const {
    return trim(read_file(kernel / "fs/inotify/max_user_instances"));
  }
  std::string forward() const { return trim(read_file(kernel / "net/ipv4/ip_forward")); }
  std::size_t records() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      count += entry.path().filename().string().starts_with("settings") ? 1 : 0;
    }
    return count;
  }

  TestFolder folder;
  std::filesystem::path kernel = folder.path() / "sys";
  HostSettings settings{folder.path() / "settings", kernel};
};

}  // namespace

TEST_CASE("host settings: values are raised, and put back as they were") {
  Kernel host("128", "0");
  host.settings.raise(true);
  CHECK(host.instances() == "8192");
  CHECK(host.forward() == "1");
  host.settings.raise(true);  // another network: the first values stay on record
  host.settings.restore();
  CHECK(host.instances() == "128");
  CHECK(host.forward() == "0");
  CHECK(host.records() == 0);
  host.settings.restore();
  CHECK(host.instances() == "128");
}

TEST_CASE("host settings: forwarding is switched on only when a node may go out") {
  Kernel host("128", "0");
  host.settings.raise(false);
  CHECK(host.forward() == "0");
  host.settings.raise(true);
  CHECK(host.forward() == "1");
  host.settings.restore();
  CHECK(host.instances() == "128");
  CHECK(host.forward() == "0");
}

TEST_CASE("host settings: a value that is enough stays, and nothing is recorded") {
  Kernel host("65536", "1");
  host.settings.raise(true);
  CHECK(host.instances() == "65536");
  CHECK(host.records() == 0);
  host.settings.restore();
  CHECK(host.instances() == "65536");
  CHECK(host.forward() == "1");
}

TEST_CASE("host settings: what a killed writer left is in nobody's way, and goes with the record") {
  Kernel host("128", "0");
  write_file(host.folder.path() / "settings.new", "fs/inotify/max_u");
  host.settings.raise(true);
  CHECK(host.records() == 1);
  write_file(host.folder.path() / "settings.new", "fs/inotify/max_u");
  host.settings.restore();
  CHECK(host.instances() == "128");
  CHECK(host.records() == 0);
}

TEST_CASE("host settings: killed between the record and the change, both values are as before") {
  Kernel host("128", "0");
  write_file(host.folder.path() / "settings", "fs/inotify/max_user_instances 128\n");
  host.settings.restore();
  CHECK(host.instances() == "128");
  CHECK(host.records() == 0);
}

TEST_CASE("host settings: a value that cannot be set is named") {
  Kernel host("128", "0");
  write_file(host.folder.path() / "settings", "net/no/such 1\n");
  CHECK_THROWS_WITH_AS(host.settings.restore(),
                       "cannot set the kernel's 'net/no/such' to 1\n"
                       "  set it by hand with sysctl, then run again",
                       Error);
}
