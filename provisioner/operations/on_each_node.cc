#include "provisioner/operations/on_each_node.h"

#include <deque>
#include <exception>

#include "provisioner/base/fibers.h"
#include "provisioner/run/access.h"

namespace muster {

namespace {

/// The work on one of them.
struct NodeWork {
  NodeWork(const std::string& node, NodeLink& to) : link(to), result{node, {}} {}

  NodeLink& link;
  NodeAnswer result;
  Signal done;
};

}  // namespace

std::vector<NodeAnswer> on_each_node(const World& world, const DeploymentRecord& record,
                                     const std::vector<std::string>& nodes,
                                     const std::stop_token& stop,
                                     const std::function<ScriptAnswer(NodeLink&)>& work) {
  NodeLinks links(login_options(world, record, stop));
  std::deque<NodeWork> works;
  for (const auto& name : nodes) {
    const auto* node = record.find(name);
    if (node == nullptr) continue;
    auto& one = works.emplace_back(name, links.to(name, node->endpoint));
    world.resources->fibers.start(works.size(), [&one, &work] {
      try {
        one.result.answer = work(one.link);
      } catch (const std::exception& error) {
        one.result.answer.exit_code = 1;
        one.result.answer.output = error.what();
      }
      // On the thread that made it.
      one.link.drop();
      one.done.notify();
    });
  }
  std::vector<NodeAnswer> results;
  for (auto& one : works) {
    one.done.wait();
    results.push_back(std::move(one.result));
  }
  return results;
}

}  // namespace muster
