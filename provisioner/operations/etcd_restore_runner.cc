#include "provisioner/operations/etcd_restore_runner.h"

#include <chrono>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/file_source.h"
#include "provisioner/base/text.h"
#include "provisioner/operations/etcd_nodes.h"
#include "provisioner/run/access.h"
#include "provisioner/run/transfer.h"

namespace muster {

namespace {

using std::chrono::seconds;

/// A disk that is slower than this is taken for dead.
constexpr std::uint64_t kLeastDiskRate = 5 << 20;
/// systemd's own patience with what it stops is 90 s, unit by unit.
constexpr seconds kUnitsDeadline{300};
constexpr int kApiSeconds = 150;

StepResult done(std::string message = "", Outcome outcome = Outcome::changed) {
  StepResult result;
  result.outcome = outcome;
  result.message = std::move(message);
  return result;
}

/// What follows `key` in the line that begins with it; empty when there is none.
std::string value_in(const std::string& output, const std::string& key) {
  for (const auto& line : split(output, '\n')) {
    if (line.starts_with(key + " ")) return line.substr(key.size() + 1);
  }
  return "";
}

}  // namespace

RestoreRunner::RestoreRunner(const World& world, const Cluster& cluster,
                             const DeploymentRecord& record, const RestoreScope& scope,
                             const RestorePlan& plan, const RestoreFacts& facts,
                             std::stop_token stop)
    : world_(world),
      cluster_(cluster),
      record_(record),
      scope_(scope),
      plan_(plan),
      facts_(facts),
      links_(login_options(world, record, {})) {
  on_stop_.emplace(std::move(stop), [this] {
    if (!begun_) stop_.request_stop();
  });
}

NodeLink& RestoreRunner::link(const std::string& node) {
  return links_.to(node, record_.find(node)->endpoint);
}

StepResult RestoreRunner::run(const Step& step, const std::function<void(Event)>&) {
  const auto wanted = plan_.acts[index(step.id)];
  if (is_destructive(wanted)) begun_ = true;
  try {
    return act(wanted, step.node);
  } catch (const Error& error) {
    return done(error.what(), Outcome::failed);
  }
}

StepResult RestoreRunner::act(RestoreAct act, const std::string& node) {
  switch (act) {
    case RestoreAct::send:
      return send(node);
    case RestoreAct::prepare:
      call(node,
           {"prepare", facts_.file->sha256, facts_.file->hashed ? "hashed" : "unhashed",
            initial_cluster(), facts_.token, peer_url(node)},
           time_for(size(), kLeastDiskRate));
      return done();
    case RestoreAct::stop_control_plane:
      call(node, {"stop_control_plane"}, kUnitsDeadline);
      return done();
    case RestoreAct::stop_etcd:
      call(node, {"stop_etcd"}, kUnitsDeadline);
      return done();
    case RestoreAct::look:
      return look(node);
    case RestoreAct::swap:
      return swap(node);
    case RestoreAct::leave:
      call(node, {"leave", facts_.aside}, kUnitsDeadline);
      return done("it joins again with the next apply");
    case RestoreAct::start_etcd:
      return start_etcd(node);
    case RestoreAct::start_api:
      call(node, {"start_api", std::to_string(kApiSeconds)}, seconds(kApiSeconds) + kGrace);
      return done();
    case RestoreAct::restart_kubelet:
      call(node, {"restart_kubelet"}, kUnitsDeadline);
      return done();
    case RestoreAct::start_controllers:
      call(node, {"start_controllers"}, kUnitsDeadline);
      return done();
    case RestoreAct::restart_dns:
      call(node, {"restart_dns"}, kUnitsDeadline);
      return done();
    case RestoreAct::finish:
      return finish(node);
  }
  bug("an act of a restore that nobody does");
}

std::string RestoreRunner::call(const std::string& node, const std::vector<std::string>& words,
                                seconds deadline) {
  constexpr std::size_t kMostOutput = 64 << 10;  // nodes may say anything
  std::string output;
  auto take = [&](std::string_view bytes) {
    if (output.size() < kMostOutput) output += bytes;
  };
  auto script = etcd_script(cluster_, node, words);
  deadline += kEtcdPatience;
  RemoteResult result;
  try {
    result = link(node).run_plain(script, deadline, take);
  } catch (const ConnectionLost&) {
    // All of them may run again.
    link(node).drop();
    output.clear();
    result = link(node).run_plain(script, deadline, take);
  }
  if (result.timed_out || result.exit_code != 0) throw Error(words_of(result));
  return output;
}

StepResult RestoreRunner::send(const std::string& node) {
  const auto& file = *facts_.file;
  const auto deadline = time_for(file.size, kLeastRate) + kEtcdPatience;
  auto has = call(node, {"has", file.sha256}, time_for(file.size, kLeastDiskRate));
  if (value_in(has, "has") == "true") return done("it is there", Outcome::unchanged);
  auto turn = world_.resources->uploads.enter(record_.name);
  FileSource source(file.path, 0);
  auto result = link(node).send(
      etcd_script(cluster_, node, {"receive", file.sha256}, true), [&] { return source.next(); },
      deadline);
  if (result.timed_out || result.exit_code != 0) throw Error(words_of(result));
  return done();
}

StepResult RestoreRunner::look(const std::string& node) {
  auto status =
      parse_snapshot_status(value_in(call(node, {"look"}, kUnitsDeadline * 2), "snapshot"));
  if (!status) return done("it has no data", Outcome::unchanged);
  std::lock_guard lock(mutex_);
  looked_[node] = {status->revision, status->size};
  return done("revision " + std::to_string(status->revision), Outcome::unchanged);
}

std::optional<std::string> RestoreRunner::chosen() {
  std::lock_guard lock(mutex_);
  const std::pair<const std::string, Looked>* best = nullptr;
  for (const auto& one : looked_) {
    if (best == nullptr || one.second.revision > best->second.revision) best = &one;
  }
  return best == nullptr ? std::nullopt : std::optional(best->first);
}

std::uint64_t RestoreRunner::size() {
  if (facts_.file) return facts_.file->size;
  auto node = chosen();
  std::lock_guard lock(mutex_);
  return node ? looked_[*node].size : 0;
}

StepResult RestoreRunner::swap(const std::string& node) {
  const auto deadline = kUnitsDeadline + time_for(size(), kLeastDiskRate);
  if (facts_.file) {
    call(node, {"swap", initial_cluster(), facts_.aside}, deadline);
    return done();
  }
  auto best = chosen();
  if (!best) throw Error("no member has data that can be read");
  if (*best != node) {
    call(node, {"leave", facts_.aside}, deadline);
    return done("'" + *best + "' has newer data; it joins again with the next apply");
  }
  call(node, {"alone", node + "=" + peer_url(node), facts_.token, peer_url(node), facts_.aside},
       deadline);
  return done("a cluster of its own");
}

StepResult RestoreRunner::start_etcd(const std::string& node) {
  if (!facts_.file && chosen() != node) return done("it is no member now", Outcome::unchanged);
  auto patience = time_for(size(), 2 * kLeastDiskRate);
  call(node, {"start_etcd", std::to_string(patience.count())}, patience + kGrace);
  return done();
}

StepResult RestoreRunner::finish(const std::string& node) {
  auto before = value_in(call(node, {"finish"}, kUnitsDeadline), "before");
  if (before.empty()) return done();
  std::lock_guard lock(mutex_);
  kept_[node] = before;
  return done("the data of before is in " + before);
}

std::map<std::string, std::string> RestoreRunner::kept() {
  std::lock_guard lock(mutex_);
  return kept_;
}

/// As templates/etcd/etcd.service has it.
std::string RestoreRunner::peer_url(const std::string& node) const {
  return "https://" + record_.find(node)->endpoint.in_cluster() + ":2380";
}

std::string RestoreRunner::initial_cluster() const {
  std::vector<std::string> members;
  for (const auto& node : scope_.members) members.push_back(node + "=" + peer_url(node));
  return join(members, ",");
}

}  // namespace muster
