#include "provisioner/engine/test_image.h"

#include <chrono>
#include <deque>
#include <optional>

#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/engine/control_plane.h"

namespace muster {

namespace {

constexpr std::chrono::seconds kImageDeadline{120};

std::string import_script(const std::string& programs, const std::string& file) {
  return "PATH=" + shell_quote(programs) + ":$PATH\nimage=" + shell_quote(kTestImage) +
         "\nfile=" + shell_quote(file) + "\n" +
         std::string(resource("provisioner/engine/test_image.sh"));
}

/// Brings it to one node; what went wrong, or nothing.
class Import {
 public:
  Import(const World& world, const Cluster& cluster, const NodeRecord& node, NodeLink& link)
      : world_(world), cluster_(cluster), node_(node), link_(link) {}

  void start(Fibers& fibers, std::size_t key) {
    fibers.start(key, [this] {
      try {
        bring();
      } catch (const std::exception& error) {
        problem_ = error.what();
      }
      // On the thread that made it.
      link_.drop();
      done_.notify();
    });
  }
  void wait() { done_.wait(); }

  const std::string& node() const { return node_.name; }
  const std::string& problem() const { return problem_; }

 private:
  void bring() {
    auto artifact = world_.artifacts->find(kTestArtifact, cluster_.settings.version,
                                           architecture(link_.facts()));
    if (!artifact) return;  // its pods pull it, or fail and say so
    link_.provide(*artifact);
    std::string said;
    auto file = std::string(kNodeStore) + "/" + artifact->sha256;
    auto result = link_.run_plain(import_script(cluster_.settings.bin_dir, file), kImageDeadline,
                                  [&](std::string_view bytes) { said += bytes; });
    if (result.timed_out) problem_ = "importing it takes too long";
    if (!result.timed_out && result.exit_code != 0) problem_ = said + result.error_output;
  }

  const World& world_;
  const Cluster& cluster_;
  const NodeRecord& node_;
  NodeLink& link_;
  std::string problem_;
  Signal done_;
};

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
  NodeLinks links(login_options(world, record, stop));
  std::deque<Import> imports;
  for (const auto& name : nodes) {
    const auto* node = record.find(name);
    // Somebody else's node pulls it, if it can.
    if (node == nullptr) continue;
    imports.emplace_back(world, cluster, *node, links.to(name, node->endpoint));
    imports.back().start(world.resources->fibers, imports.size());
  }
  for (auto& import : imports) {
    import.wait();
    if (import.problem().empty()) continue;
    test.verdict = Verdict::failed;
    test.message +=
        (test.message.empty() ? "" : ", ") + import.node() + ": " + first_line(import.problem());
    test.output += "import of " + std::string(kTestImage) + " on " + import.node() + "\n" +
                   trim(import.problem()) + "\n";
  }
  return test;
}

}  // namespace muster
