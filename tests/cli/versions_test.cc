#include <nlohmann/json.hpp>

#include "provisioner/base/clock.h"
#include "provisioner/cli/release_text.h"
#include "provisioner/releases/releases.h"
#include "tests/cli/desk.h"

using namespace muster;

TEST_CASE("versions: each release is there with its support and its parts, newest first") {
  auto table = versions_table("2026-11-30");
  CHECK(
      table.find("VERSION   STATE                                          NEWEST    CNI-PLUGINS  "
                 "CONTAINERD  COREDNS  CRICTL   ETCD     PAUSE   RUNC\n"
                 "v1.37.2   default, supported until 2027-10               v1.37.2   v1.10.0      "
                 "v2.4.2      v1.15.0  v1.37.0  v3.6.16  3.10.2  v1.5.3\n"
                 "v1.36.3   supported until 2027-06                        v1.36.4 ") == 0);
  for (std::string line :
       {"\nv1.35.4   supported until 2027-02 ", "\nv1.34.4   out of support since 2026-10 ",
        "\nv1.33.13  untried, out of support since 2026-06 ",
        "\nv1.20.15  no new clusters, out of support since 2022-02  v1.20.15\n"}) {
    CAPTURE(line);
    CHECK(table.find(line) != std::string::npos);
  }
  CHECK(versions_table("2028-01-01").find("default, out of support since 2027-10") !=
        std::string::npos);
}

TEST_CASE("versions: as JSON they have all that the file has") {
  auto all = versions_json("2026-11-30");
  REQUIRE(all.size() == known_releases().minors.size());
  CHECK(all[0]["version"] == "v1.37.2");
  CHECK(all[0]["default"] == true);
  CHECK(all[0]["supported"] == true);
  CHECK(all[0]["supported_until"] == "2027-10-28");
  CHECK(all[0]["tried"] == nlohmann::json{"v1.37.2"});
  CHECK(all[0]["parts"]["etcd"] == "v3.6.16");
  CHECK(all.back()["minor"] == "v1.20");
  CHECK(all.back()["installed"] == false);
  CHECK(all.back()["supported"] == false);
}

TEST_CASE("versions: of a cluster's release it is said when support ends, and what is newer") {
  CHECK(release_line("v1.37.2", "2026-11-30") == "  Kubernetes v1.37.2, supported until 2027-10\n");
  CHECK(release_line("v1.36.3", "2026-11-30") ==
        "  Kubernetes v1.36.3, supported until 2027-06; v1.36.4 is newer\n");
  CHECK(release_line("v1.37.9", "2027-10-29") ==
        "  Kubernetes v1.37.9, out of support since 2027-10\n");
  CHECK(release_line("v1.20.2", "2026-11-30") ==
        "  Kubernetes v1.20.2, out of support since 2022-02; v1.20.15 is newer\n");
  CHECK(release_line("v1.6.0", "2026-11-30") == "");
  CHECK(release_json("v1.36.3", "2026-11-30")["newest"] == "v1.36.4");
  CHECK(release_json("v1.37.9", "2026-11-30")["newest"] == "v1.37.9");
  CHECK(release_json("v1.6.0", "2026-11-30").size() == 1);
}

TEST_CASE("versions: a cluster of v1.20 on record is still shown and destroyed, and not applied") {
  const std::string text = R"({"name": "demo", "tenant": "blue",
    "attribs": {"k8s-version": "v1.20.2"},
    "nodes": [{"prefix": "demo-01", "roles": ["etcd", "k8s-master"]}]})";
  testing::Desk desk(text);
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK(desk.out.find("  Kubernetes v1.20.2, out of support since 2022-02; v1.20.15 is newer\n") !=
        std::string::npos);
  CHECK(desk.out.find("demo-01-001  missing") != std::string::npos);
  CHECK(desk.run({"status", "demo", "-o", "json"}) == 0);
  CHECK(nlohmann::json::parse(desk.out)["kubernetes"]["version"] == "v1.20.2");
  CHECK(desk.run({"rollback", "demo", "--to", "1", "--yes"}) == 2);
  CHECK(desk.talk.find("Kubernetes v1.20.2 is out of support since 2022-02-28") !=
        std::string::npos);
  CHECK(desk.run({"destroy", "demo", "--yes"}) == 0);
  CHECK(desk.run({"status", "demo"}) == 2);
}
