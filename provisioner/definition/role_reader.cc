#include "provisioner/definition/role_reader.h"

#include <algorithm>
#include <initializer_list>

#include "provisioner/base/diagnostics.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

using Kind = Value::Kind;

constexpr std::string_view kOfAllTasks[] = {"name", "notify", "when", "for_each"};

/// Reads the objects of a role's file and collects what is wrong with them.
class RoleReader {
 public:
  RoleReader(const std::string& file, const std::string& text) : diagnostics_(file, text) {
    role_.file = file;
    auto root = parse_value(text, true, diagnostics_);
    if (!diagnostics_.has_errors()) read(root);
    if (diagnostics_.has_errors()) throw Error(trim(diagnostics_.render()), ExitCode::usage);
  }

  Role take() { return std::move(role_); }

 private:
  void read(const Value& root) {
    if (!object(root, "a role",
                {"role",
                 "description",
                 "internal",
                 "needs",
                 "after",
                 "after_one",
                 "after_tried",
                 "before",
                 "uses",
                 "deadline_seconds",
                 "settles_seconds",
                 "rolling",
                 "enforces_network_policies",
                 "authorities",
                 "certificates",
                 "warnings",
                 "refusals",
                 "tasks",
                 "handlers",
                 "settled",
                 "undo",
                 "traces"})) {
      return;
    }
    role_.name = required_text(root, "role");
    role_.description = text(root, "description");
    role_.internal = flag(root, "internal");
    role_.rolling = flag(root, "rolling");
    if (const auto* enforces = member(root, "enforces_network_policies", Kind::boolean)) {
      role_.enforces_network_policies = enforces->boolean;
    }
    role_.needs = texts(root, "needs");
    role_.after = texts(root, "after");
    role_.after_one = texts(root, "after_one");
    role_.after_tried = texts(root, "after_tried");
    role_.before = texts(root, "before");
    role_.uses = texts(root, "uses");
    role_.authorities = texts(root, "authorities");
    role_.deadline_seconds = seconds(root, "deadline_seconds", 1, role_.deadline_seconds);
    role_.settles_seconds = seconds(root, "settles_seconds", 0, role_.settles_seconds);
    for (const auto& item : items(root, "certificates")) read_certificate(item);
    role_.warnings = texts(root, "warnings");
    role_.refusals = texts(root, "refusals");
    role_.tasks = tasks(root, "tasks");
    role_.handlers = tasks(root, "handlers");
    read_settled(root);
    role_.undo = tasks(root, "undo");
    role_.traces = texts(root, "traces");
    check_handlers();
    check_notified(role_.tasks);
    for (const auto* list : {&role_.handlers, &role_.undo}) check_notifies_none(*list);
  }

  void read_certificate(const Value& value) {
    if (!object(value, "a certificate",
                {"name", "ca", "common_name", "organizations", "sans", "server", "client",
                 "renewed_by"})) {
      return;
    }
    CertificateRequest request;
    request.name = required_text(value, "name");
    request.ca = required_text(value, "ca");
    request.common_name = required_text(value, "common_name");
    request.organizations = texts(value, "organizations");
    request.sans = texts(value, "sans");
    request.server = flag(value, "server");
    request.client = flag(value, "client");
    request.renewed_by = text(value, "renewed_by");
    static const std::vector<std::string> kAuthorities{"cluster", "etcd", "front-proxy"};
    if (!request.ca.empty() && std::ranges::find(kAuthorities, request.ca) == kAuthorities.end()) {
      error(value.find("ca")->at, "there is no CA '" + request.ca + "'",
            "it is one of " + join(kAuthorities, ", "));
    }
    role_.certificates.push_back(std::move(request));
  }

  std::vector<Task> tasks(const Value& root, const std::string& key) {
    std::vector<Task> out;
    for (const auto& item : items(root, key)) {
      if (!item.is_object()) {
        error(item.at, "a task must be an object, not " + describe(item.kind));
        continue;
      }
      out.push_back(task(item));
    }
    return out;
  }

  Task task(const Value& value) {
    Task task;
    task.line = value.at.line;
    task.name = required_text(value, "name");
    task.notify = texts(value, "notify");
    task.when = text(value, "when");
    task.for_each = text(value, "for_each");
    for (const auto& entry : value.members) {
      if (std::ranges::find(kOfAllTasks, entry.key) != std::end(kOfAllTasks)) continue;
      if (task.kind.empty()) {
        task.kind = entry.key;
        task.args = entry.value;
      } else {
        error(entry.at,
              "'" + task.name + "' is of two kinds: '" + task.kind + "' and '" + entry.key + "'",
              "make two tasks of it");
      }
    }
    if (task.kind.empty()) {
      error(value.at, "'" + task.name + "' says nothing to do", "see docs/roles.md for the kinds");
    }
    return task;
  }

  /// What is waited for after a restart: handlers of every task that has some, behind all others.
  void read_settled(const Value& root) {
    for (auto& wait : tasks(root, "settled")) {
      if (wait.kind != "wait") {
        error({wait.line, 1}, "'" + wait.name + "' is no wait: 'settled' holds nothing else");
        continue;
      }
      wait.args.members.push_back({"after_restart", {}, Value::of(true)});
      for (auto& task : role_.tasks) {
        if (!task.notify.empty()) task.notify.push_back(wait.name);
      }
      role_.handlers.push_back(std::move(wait));
    }
  }

  void check_handlers() {
    for (const auto& handler : role_.handlers) {
      auto first = std::ranges::find(role_.handlers, handler.name, &Task::name);
      if (&*first == &handler) continue;
      error({handler.line, 1}, "two handlers are called '" + handler.name + "'");
    }
  }

  /// Handlers run at the end of the tasks alone.
  void check_notifies_none(const std::vector<Task>& tasks) {
    for (const auto& task : tasks) {
      if (task.notify.empty()) continue;
      error({task.line, 1}, "'" + task.name + "' can notify nobody: only tasks notify handlers");
    }
  }

  void check_notified(const std::vector<Task>& tasks) {
    std::vector<std::string> names;
    for (const auto& handler : role_.handlers) names.push_back(handler.name);
    for (const auto& task : tasks) {
      for (const auto& name : task.notify) {
        if (std::ranges::find(names, name) != names.end()) continue;
        auto near = nearest(name, names);
        error({task.line, 1}, "'" + task.name + "' notifies no handler: '" + name + "'",
              near ? "did you mean '" + *near + "'?" : "");
      }
    }
  }

  bool object(const Value& value, const std::string& what, std::vector<std::string> keys) {
    if (!value.is_object()) {
      error(value.at, what + " must be an object, not " + describe(value.kind));
      return false;
    }
    for (const auto& entry : value.members) {
      if (std::ranges::find(keys, entry.key) != keys.end()) continue;
      auto near = nearest(entry.key, keys);
      error(entry.at, what + " has no '" + entry.key + "'",
            near ? "did you mean '" + *near + "'?" : "it has " + join(keys, ", "));
    }
    return true;
  }

  /// The member, when it is there and of that kind.
  const Value* member(const Value& value, const std::string& key, Kind kind) {
    const auto* found = value.find(key);
    if (found == nullptr || found->kind == kind) return found;
    error(found->at, "'" + key + "' must be " + describe(kind) + ", not " + describe(found->kind));
    return nullptr;
  }

  std::string text(const Value& value, const std::string& key) {
    const auto* found = member(value, key, Kind::string);
    return found == nullptr ? "" : found->text;
  }

  std::string required_text(const Value& value, const std::string& key) {
    auto found = text(value, key);
    if (found.empty()) error(value.at, "'" + key + "' is missing");
    return found;
  }

  int seconds(const Value& value, const std::string& key, int least, int fallback) {
    constexpr int kMost = 86400;
    const auto* found = member(value, key, Kind::integer);
    if (found == nullptr) return fallback;
    if (found->integer >= least && found->integer <= kMost) return static_cast<int>(found->integer);
    error(found->at, "'" + key + "' must be " + std::to_string(least) + " or more, and " +
                         std::to_string(kMost) + " at most");
    return fallback;
  }

  bool flag(const Value& value, const std::string& key) {
    const auto* found = member(value, key, Kind::boolean);
    return found != nullptr && found->boolean;
  }

  std::vector<Value> items(const Value& value, const std::string& key) {
    const auto* found = member(value, key, Kind::list);
    return found == nullptr ? std::vector<Value>{} : found->items;
  }

  std::vector<std::string> texts(const Value& value, const std::string& key) {
    std::vector<std::string> out;
    for (const auto& item : items(value, key)) {
      if (item.is_string()) {
        out.push_back(item.text);
      } else {
        error(item.at, "'" + key + "' must hold strings, not " + describe(item.kind));
      }
    }
    return out;
  }

  void error(Position at, std::string message, std::string hint = "") {
    diagnostics_.error(at, std::move(message), std::move(hint));
  }

  Diagnostics diagnostics_;
  Role role_;
};

}  // namespace

Role parse_role(const std::string& file, const std::string& text) {
  return RoleReader(file, text).take();
}

}  // namespace muster
