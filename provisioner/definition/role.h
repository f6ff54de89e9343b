#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "provisioner/definition/value.h"

namespace muster {

/// One task of a role as written: strings in `args` are templates, rendered for each node.
struct Task {
  std::string name;
  std::string kind;                 ///< "file", "unit", "artifact", ...
  Value args;                       ///< an object
  std::vector<std::string> notify;  ///< handlers to run at the end when this task changed anything
  std::string
      when;  ///< a path in the context, "!" before it negates; the task is left out when false
  /// A path of a list in the context: the task is one for each of its items, which templates and
  /// `when` see as "item"; the name is a template then.
  std::string for_each = {};
  int line = 0;  ///< in the role's file, for errors
};

/// A key pair with a certificate that muster issues for a node before the role runs there.
/// Templates see it as pki.<name>.crt and pki.<name>.key (and _b64 of both).
struct CertificateRequest {
  std::string name;
  std::string ca;                          ///< "cluster", "etcd" or "front-proxy"
  std::string common_name;                 ///< a template
  std::vector<std::string> organizations;  ///< templates
  std::vector<std::string> sans;  ///< templates, DNS names or addresses; empty ones are dropped
  bool server = false;
  bool client = false;
  std::string renewed_by;  ///< who renews it, when that is not muster's to do
};

/// What a node is: tasks that make it so, tasks that undo them. Read from roles/<name>/role.yaml.
struct Role {
  std::string name;
  std::string description;
  std::string file;
  bool internal = false;           ///< users do not name it; other roles need it
  std::vector<std::string> needs;  ///< roles that are applied before it on the same node
  std::vector<std::string> after;  ///< roles that every node that has them must have finished
  /// Roles that one node must have finished: where none has yet, all that have them must be done
  /// trying.
  std::vector<std::string> after_one;
  /// Roles whose steps on any node must have ended, well or not; in turns too, which it is then no
  /// part of.
  std::vector<std::string> after_tried;
  /// Roles that wait for this one where a node has both; the node need not have them.
  std::vector<std::string> before;
  /// The other side of `before`: those that say so of this role. Filled in by load_roles.
  std::vector<std::string> follows;
  std::vector<std::string> uses;  ///< roles whose member lists it renders; "*" for all nodes
  std::vector<CertificateRequest> certificates;
  std::vector<std::string> authorities;  ///< CAs whose private key it installs (none by default)
  std::vector<Task> tasks;
  std::vector<Task> handlers;
  std::vector<Task> undo;
  /// Paths, templates, of what its programs make when they run: they go with the role, unless they
  /// were there before it.
  std::vector<std::string> traces;
  /// Templates of what is told who applies the role to a node; not where they come out empty.
  std::vector<std::string> warnings;
  /// Templates of why a node cannot have the role; not where they come out empty.
  std::vector<std::string> refusals;
  std::string fingerprint;     ///< of the role's file and of the templates that it names
  int deadline_seconds = 300;  ///< for one run of the role on one node
  /// Whether nodes where it is in service take turns when it is applied to them again.
  bool rolling = false;
  int settles_seconds = 0;  ///< about how long what it starts takes to be of use to others
  /// Of a role that is a pod network: whether it enforces NetworkPolicies.
  std::optional<bool> enforces_network_policies = {};
};

/// The built-in roles and those of `directories` (a later directory, then the built-in, gives way
/// to an earlier one of the same name). Throws Error naming file and line of a mistake.
std::vector<Role> load_roles(const std::vector<std::filesystem::path>& directories);

const Role* find_role(const std::vector<Role>& roles, const std::string& name);

/// A template's text: from the role directories, else built in. Throws Error when missing.
std::string load_template(const std::vector<std::filesystem::path>& directories,
                          const std::string& name);

}  // namespace muster
