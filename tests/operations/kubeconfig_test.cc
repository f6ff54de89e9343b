#include "provisioner/operations/kubeconfig.h"

#include <doctest/doctest.h>

#include "provisioner/base/files.h"
#include "tests/support/folder.h"
#include "tests/support/yaml_texts.h"

using namespace muster;
using namespace muster::testing;

TEST_CASE("kubeconfig: names that look like numbers, dates or booleans are texts") {
  TestFolder folder;
  Cluster cluster;
  cluster.settings.api_port = 6443;
  DeploymentRecord record;
  record.nodes.emplace_back().roles = {{"k8s-master", "f"}};
  record.nodes[0].endpoint.address = "fd77::13";
  const auto server = api_server(cluster, record).value();
  for (const std::string odd : kOddNames) {
    CAPTURE(odd);
    write_file(folder / odd, kubeconfig_text(odd, server, odd, {odd, Secret(odd)}).reveal());
    CHECK(count_texts(YAML::LoadFile(folder / odd), odd) == 2);
  }
  const auto all = read_by_python(folder.path());
  for (const auto& [odd, documents] : all.items()) {
    CAPTURE(odd);
    const auto& kubeconfig = documents[0];
    CHECK(kubeconfig.at("clusters")[0].at("name") == odd);
    CHECK(kubeconfig.at("contexts")[0].at("context").at("cluster") == odd);
    CHECK(kubeconfig.at("clusters")[0].at("cluster").at("server") == "https://[fd77::13]:6443");
    CHECK(kubeconfig.at("users")[0].at("name") == "admin@" + odd);
  }
}
