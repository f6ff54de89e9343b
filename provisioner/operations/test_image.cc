#include "provisioner/operations/test_image.h"

#include <chrono>

#include "provisioner/base/error.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/operations/on_each_node.h"

namespace muster {

namespace {

constexpr std::chrono::seconds kImageDeadline{120};

std::string import_script(const std::string& programs, const std::string& file) {
  return "PATH=" + shell_quote(programs) + ":$PATH\nimage=" + shell_quote(kTestImage) +
         "\nfile=" + shell_quote(file) + "\n" +
         std::string(resource("provisioner/operations/test_image.sh"));
}

/// Brings it to one node.
ScriptAnswer bring(const World& world, const Cluster& cluster, NodeLink& link,
                   const std::stop_token& stop) {
  auto artifact =
      world.artifacts->find(kTestArtifact, cluster.settings.version, architecture(link.facts()));
  if (!artifact) return {};  // its pods pull it, or fail and say so
  link.provide(*artifact);
  auto file = std::string(kNodeStore) + "/" + artifact->sha256;
  auto answer = converse(link, import_script(cluster.settings.bin_dir, file), kImageDeadline, stop);
  if (answer.timed_out) answer.output = "importing it takes too long";
  return answer;
}

/// Why the image is not in the cache and cannot be brought there; empty when it is there.
std::string missing(const World& world, const Cluster& cluster, const std::string& architecture,
                    const std::function<void(const std::string&)>& note) {
  const auto& version = cluster.settings.version;
  if (world.artifacts->find(kTestArtifact, version, architecture)) return "";
  auto quiet = [](const std::string&) {};
  try {
    auto left_out =
        world.artifacts->fetch({kTestArtifact}, version, architecture, note ? note : quiet);
    return left_out.empty() ? "" : left_out.front().second;
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TestCase import_test_image(const World& world, const Cluster& cluster,
                           const DeploymentRecord& record, const std::vector<std::string>& nodes,
                           const std::string& architecture, const std::stop_token& stop,
                           const std::function<void(const std::string&)>& note) {
  TestCase test;
  auto why = missing(world, cluster, architecture, note);
  if (!why.empty()) {
    test.verdict = Verdict::skipped;
    test.message = std::string("nodes pull ") + kTestImage + " themselves: " + first_line(why);
    return test;
  }
  // Somebody else's node, which is not on record, pulls it, if it can.
  auto import = [&](NodeLink& link) { return bring(world, cluster, link, stop); };
  for (const auto& [node, answer] : on_each_node(world, record, nodes, stop, import)) {
    if (answer.stopped && test.verdict == Verdict::passed) {
      test.verdict = Verdict::skipped;
      test.message = "the test was stopped";
    }
    if (answer.stopped || (answer.exit_code == 0 && !answer.timed_out)) continue;
    if (test.verdict == Verdict::skipped) test.message.clear();
    test.verdict = Verdict::failed;
    test.message += (test.message.empty() ? "" : ", ") + node + ": " + first_line(answer.output);
    test.output +=
        "import of " + std::string(kTestImage) + " on " + node + "\n" + trim(answer.output) + "\n";
  }
  return test;
}

}  // namespace muster
