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

  static inline const std::vector<std::string> kBridges = {"arptables", "ip6tables", "iptables"};
  std::string bridges(const std::string& tables) const {
    auto file = kernel / ("net/bridge/bridge-nf-call-" + tables);
    return std::filesystem::exists(file) ? trim(read_file(file)) : "none";
  }
  void load_bridges() {
    make_directory(kernel / "net/bridge");
    for (const auto& tables : kBridges) {
      write_file(kernel / ("net/bridge/bridge-nf-call-" + tables), "1\n");
    }
  }

  TestFolder folder;
  std::filesystem::path kernel = folder.path() / "sys";
  bool has_module = true;
  int loads = 0;
  HostSettings settings{folder.path() / "settings", kernel,
                        [this](const std::string& name, bool load) {
                          CHECK(name == "br_netfilter");
                          if (!has_module) return false;
                          loads += load ? 1 : 0;
                          if (load) {
                            load_bridges();
                          } else {
                            std::filesystem::remove_all(kernel / "net/bridge");
                          }
                          return true;
                        }};
};

}  // namespace

TEST_CASE("host settings: bridged packets are filtered in nodes, and only there") {
  Kernel host("65536", "1");
  host.settings.raise(true);
  host.settings.raise(true);  // another network
  CHECK(host.loads == 1);
  for (const auto& tables : Kernel::kBridges) CHECK(host.bridges(tables) == "0");
  host.settings.restore();
  CHECK(host.bridges("iptables") == "none");
  CHECK(host.records() == 0);
}

TEST_CASE("host settings: a module that was there stays, and so does one that others use by now") {
  Kernel host("65536", "1");
  host.load_bridges();
  host.settings.raise(true);
  host.settings.restore();
  CHECK(host.loads == 0);
  CHECK(host.bridges("iptables") == "1");
  Kernel shared("65536", "1");
  shared.settings.raise(true);
  write_file(shared.kernel / "net/bridge/bridge-nf-call-iptables", "1\n");
  shared.settings.restore();
  CHECK(shared.bridges("iptables") == "1");
  CHECK(shared.records() == 0);
}

TEST_CASE("host settings: a kernel without the module does without") {
  Kernel host("128", "0");
  host.has_module = false;
  host.settings.raise(true);
  CHECK(host.instances() == "8192");
  host.settings.restore();
  CHECK(host.instances() == "128");
  CHECK(host.records() == 0);
}

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
  host.load_bridges();
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
