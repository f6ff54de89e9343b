#include <algorithm>
#include <map>

#include "provisioner/base/text.h"
#include "provisioner/definition/check.h"
#include "provisioner/definition/expansion.h"

namespace muster {

namespace {

/// Where the prefix of `block` is written, or else the block.
Position prefix_place(const Value& nodes, const NodeBlock& block) {
  for (const auto& item : nodes.items) {
    const auto* prefix = item.find("prefix");
    bool same = item.at.line == block.at.line && item.at.column == block.at.column;
    if (same && prefix != nullptr) return prefix->at;
  }
  return block.at;
}

}  // namespace

void Checker::read_nodes(const Value& root) {
  const auto* nodes = get(root, top_keys(), "nodes");
  if (nodes == nullptr || nodes->items.empty()) {
    if (root.find("nodes") == nullptr || nodes != nullptr) {
      error(nodes == nullptr ? root.at : nodes->at, "the definition has no nodes",
            "add \"nodes\": [{\"roles\": [\"etcd\", \"k8s-master\"]}, ...]");
    }
    return;
  }
  for (const auto& block : nodes->items) {
    if (block.is_object()) {
      definition_.nodes.push_back(read_block(block));
    } else {
      bad_roles_ = true;
      error(block.at, "an item of 'nodes' must be an object, not " + describe(block.kind));
    }
  }
  check_node_names(*nodes);
}

NodeBlock Checker::read_block(const Value& block) {
  check_keys(block, node_keys());
  NodeBlock read;
  read.at = block.at;
  read.provider = block_provider(block);
  if (const auto* id = get(block, node_keys(), "id")) read_id(*id);
  if (const auto* roles = get(block, node_keys(), "roles")) {
    read_roles(*roles, read);
  } else {
    bad_roles_ = true;
    if (block.find("roles") == nullptr) {
      error(block.at, "these nodes have no \"roles\"",
            "add them, e.g. \"roles\": [\"k8s-worker\"]");
    }
  }
  if (const auto* prefix = get(block, node_keys(), "prefix")) {
    read.prefix = prefix->text;
    name_error(check_label(prefix->text), prefix->at, "the prefix " + shown(prefix->text));
  }
  if (const auto* count = get(block, node_keys(), "count")) {
    if (count->integer < 1 || count->integer > kMaxNodes) {
      error(count->at,
            "'count' is " + std::to_string(count->integer) + ", outside 1 to " +
                std::to_string(kMaxNodes),
            count->integer < 1 ? "without nodes, remove the whole block"
                               : "Kubernetes supports no more nodes than that");
    } else {
      read.count = static_cast<int>(count->integer);
    }
  }
  if (const auto* attribs = get(block, node_keys(), "attribs")) {
    read.attribs = read_attribs(*attribs, false);
  }
  if (const auto* labels = get(block, node_keys(), "labels")) read_labels(*labels, read);
  if (const auto* taints = get(block, node_keys(), "taints")) read_taints(*taints, read);
  if (const auto* profiles = get(block, node_keys(), "profiles")) strings(*profiles, "profiles");
  return read;
}

void Checker::read_id(const Value& id) {
  bool number = id.text.size() > 1 && id.text[0] == '-' &&
                id.text.find_first_not_of("0123456789", 1) == std::string::npos;
  if (id.kind == Value::Kind::integer ? id.integer < 0 : number) return;
  error(id.at, "existing hosts ('id' " + shown(id.text) + ") are not available in this version",
        "remove 'id', nodes are created by a provider");
}

void Checker::read_roles(const Value& list, NodeBlock& block) {
  if (list.items.empty()) {
    bad_roles_ = true;
    error(list.at, "these nodes have no roles", "add some, e.g. \"roles\": [\"k8s-worker\"]");
  }
  auto names = strings(list, "roles");
  if (names.size() < list.items.size()) bad_roles_ = true;
  for (const auto* role : names) {
    check_role(*role);
    if (std::find(block.roles.begin(), block.roles.end(), role->text) != block.roles.end()) {
      error(role->at, "the role " + shown(role->text) + " comes twice", "remove one");
      continue;
    }
    block.roles.push_back(role->text);
    block.role_positions.push_back(role->at);
  }
}

void Checker::check_role(const Value& role) {
  std::vector<std::string> names;
  for (const auto& known : rules_.roles) {
    if (known.name == role.text) {
      if (known.internal) {
        error(role.at, "the role '" + role.text + "' is applied by itself where it is needed",
              "remove it");
      }
      return;
    }
    if (!known.internal) names.push_back(known.name);
  }
  bad_roles_ = true;
  auto near = nearest(role.text, names);
  error(role.at, "unknown role " + shown(role.text),
        near ? "did you mean '" + *near + "'?" : "the roles are: " + join(names, ", "));
}

void Checker::read_labels(const Value& labels, NodeBlock& block) {
  for (const auto& [key, at, value] : labels.members) {
    if (!value.is_string()) {
      error(value.at, "the label " + shown(key) + " must be a string, not " + describe(value.kind),
            quotes_hint({Value::Kind::string}, value));
      continue;
    }
    name_error(check_node_label(key, value.text), at, "the label " + shown(key));
    block.labels[key] = value.text;
  }
}

void Checker::read_taints(const Value& taints, NodeBlock& block) {
  for (const auto* taint : strings(taints, "taints")) {
    name_error(check_taint(taint->text), taint->at, "the taint " + shown(taint->text));
    if (std::find(block.taints.begin(), block.taints.end(), taint->text) != block.taints.end()) {
      error(taint->at, "the taint " + shown(taint->text) + " comes twice", "remove one");
      continue;
    }
    block.taints.push_back(taint->text);
  }
}

void Checker::check_node_names(const Value& nodes) {
  std::map<std::string, std::size_t> owners;
  for (std::size_t i = 0; i < definition_.nodes.size(); ++i) {
    const auto& block = definition_.nodes[i];
    if (block.prefix.size() > 63) continue;
    auto prefix = node_prefix(definition_, i);
    auto [owner, fresh] = owners.emplace(prefix, i);
    if (!fresh) {
      auto other = definition_.nodes[owner->second].at;
      auto place = other.line == 0 ? ""
                                   : "the block at " + std::to_string(other.line) + ":" +
                                         std::to_string(other.column) + " has it too; ";
      error(prefix_place(nodes, block), "the prefix '" + prefix + "' is used twice",
            place + "each block needs its own, or their nodes would share names");
    }
    auto longest = node_name(prefix, block.count);
    if (definition_.name.size() <= 63 && longest.size() > 63) {
      error(prefix_place(nodes, block),
            "the node name '" + longest + "' would be " + std::to_string(longest.size()) +
                " characters long, 63 are possible",
            "use a shorter prefix");
    }
  }
  if (node_count() > kMaxNodes) {
    error(nodes.at, "the cluster has " + std::to_string(node_count()) +
                        " nodes; Kubernetes supports up to " + std::to_string(kMaxNodes));
  }
}

}  // namespace muster
