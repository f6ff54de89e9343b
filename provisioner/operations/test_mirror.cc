#include "provisioner/operations/test_mirror.h"

#include <chrono>

#include "provisioner/base/text.h"
#include "provisioner/operations/on_each_node.h"
#include "provisioner/operations/test_image.h"
#include "provisioner/pki/pki.h"
#include "provisioner/releases/releases.h"

namespace muster {

namespace {

constexpr std::chrono::seconds kPullDeadline{150};
constexpr const char* kHub = "docker.io";
constexpr const char* kOthers = "*";

std::string pull_script(const Cluster& cluster, const MirroredImage& mirrored) {
  std::vector<std::string> words{"mirror", cluster.settings.bin_dir + "/crictl", mirrored.image,
                                 "muster-test-" + random_hex(4)};
  words.insert(words.end(), mirrored.mirrors.begin(), mirrored.mirrors.end());
  return case_script(words);
}

void add_line(std::string& text, const std::string& line) {
  text += (text.empty() ? "" : ", ") + line;
}

/// The answers of all nodes, for all images.
struct Pulls {
  bool some = false;    ///< pulled as it should be
  std::string skipped;  ///< why something could not be told
  TestCase test;

  void count(const NodeAnswer& pull) {
    const auto& [node, answer] = pull;
    auto reason =
        node + ": " +
        (answer.timed_out ? "not pulled within " + std::to_string(kPullDeadline.count()) + " s"
                          : reason_in(answer.output));
    if (answer.stopped) {
      add_line(skipped, node + ": the test was stopped");
    } else if (answer.exit_code == 0 && !answer.timed_out) {
      some = true;
    } else if (answer.exit_code == kCannotBeTried) {
      add_line(skipped, reason);
    } else {
      test.verdict = Verdict::failed;
      add_line(test.message, reason);
      test.output += "on " + node + "\n" + trim(answer.output) + "\n";
    }
  }

  TestCase take() {
    if (test.verdict == Verdict::passed && !some) {
      test.verdict = Verdict::skipped;
      test.message = skipped;
    }
    return std::move(test);
  }
};

}  // namespace

std::vector<MirroredImage> mirrored_images(
    const Cluster& cluster, const std::function<std::string(const std::string&)>& image_from) {
  const auto& registries = cluster.settings.programs.registries;
  const auto pause = known_releases().values(cluster.settings.version).texts["pause_image"];
  std::vector<MirroredImage> images;
  for (const auto& [host, registry] : registries) {
    if (registry.mirrors.empty()) continue;
    MirroredImage mirrored{host, "", registry.mirrors};
    // "*" is for registries that have nothing of their own.
    bool hub = host == kHub || (host == kOthers && !registries.contains(kHub));
    if (hub) {
      mirrored.image = kTestImage;
    } else if (pause.starts_with(host + "/")) {
      mirrored.image = pause;
    } else if (host != kOthers) {
      mirrored.image = image_from(host);
    }
    images.push_back(std::move(mirrored));
  }
  return images;
}

TestCase pull_from_mirrors(const World& world, const Cluster& cluster,
                           const DeploymentRecord& record, const std::vector<std::string>& nodes,
                           const std::vector<MirroredImage>& images, const std::stop_token& stop) {
  Pulls pulls;
  if (images.empty()) pulls.skipped = "the definition has no registry with a mirror";
  for (const auto& mirrored : images) {
    if (mirrored.image.empty()) {
      add_line(pulls.skipped, "no pod runs an image of '" + mirrored.registry + "'");
      continue;
    }
    auto pull = [&, script = pull_script(cluster, mirrored)](NodeLink& link) {
      return converse(link, script, kPullDeadline, stop);
    };
    for (const auto& answer : on_each_node(world, record, nodes, stop, pull)) pulls.count(answer);
  }
  return pulls.take();
}

}  // namespace muster
