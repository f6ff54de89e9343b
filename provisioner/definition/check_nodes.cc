#include <algorithm>
#include <map>

#include "provisioner/base/text.h"
#include "provisioner/definition/check.h"
#include "provisioner/definition/expansion.h"

namespace muster {

namespace {

constexpr std::string_view kInventory = "inventory";

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
  if (const auto* hosts = get(block, node_keys(), "hosts")) read_hosts(*hosts, read);
  read_count(block, read);
  if (const auto* attribs = get(block, node_keys(), "attribs")) {
    read.attribs = read_attribs(*attribs, false);
  }
  if (const auto* labels = get(block, node_keys(), "labels")) read_labels(*labels, read);
  if (const auto* taints = get(block, node_keys(), "taints")) read_taints(*taints, read);
  if (const auto* profiles = get(block, node_keys(), "profiles")) strings(*profiles, "profiles");
  return read;
}

void Checker::read_count(const Value& block, NodeBlock& read) {
  if (!read.hosts.empty()) read.count = static_cast<int>(read.hosts.size());
  const auto* count = get(block, node_keys(), "count");
  if (count == nullptr) return;
  if (count->integer < 1 || count->integer > kMaxNodes) {
    error(count->at,
          "'count' is " + std::to_string(count->integer) + ", outside 1 to " +
              std::to_string(kMaxNodes),
          count->integer < 1 ? "without nodes, remove the whole block"
                             : "one deployment has no more nodes than that");
  } else if (!read.hosts.empty() && count->integer > read.count) {
    error(count->at,
          "'count' is " + std::to_string(count->integer) + ", and 'hosts' names " +
              std::to_string(read.count),
          "name as many, or remove 'count'");
  } else {
    read.count = static_cast<int>(count->integer);
  }
}

void Checker::read_hosts(const Value& list, NodeBlock& block) {
  if (list.items.empty()) {
    error(list.at, "'hosts' names none",
          "name some, or remove it: then the first free ones are taken");
  }
  const auto& provider = block.provider ? *block.provider : definition_.provider;
  if (!list.items.empty() && kind_of(provider) != kInventory) {
    warn(list.at, "'hosts' chooses no machines from the provider '" + provider.name + "'",
         "existing machines come from the provider \"inventory\"");
  }
  for (const auto* host : strings(list, "hosts")) {
    name_error(check_label(host->text), host->at, "the host name " + shown(host->text));
    block.hosts.push_back(host->text);
    block.host_positions.push_back(host->at);
  }
}

void Checker::read_id(const Value& id) {
  bool number = id.text.size() > 1 && id.text[0] == '-' &&
                id.text.find_first_not_of("0123456789", 1) == std::string::npos;
  if (id.kind == Value::Kind::integer ? id.integer < 0 : number) return;
  error(id.at, "existing hosts cannot be chosen by number ('id' " + shown(id.text) + ")",
        "remove 'id', and name them in \"hosts\" with the provider \"inventory\"");
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
    auto problem = check_taint(taint->text);
    name_error(problem, taint->at, "the taint " + shown(taint->text));
    auto same = std::ranges::find_if(block.taints, [&](const std::string& other) {
      return taint_slot(other) == taint_slot(taint->text);
    });
    if (!problem && same != block.taints.end()) {
      flaw(taint->at,
           *same == taint->text
               ? "the taint " + shown(taint->text) + " comes twice"
               : "the taint " + shown(taint->text) + " has the key and effect of " + shown(*same) +
                     ": a node can have only one of them",
           "remove one");
      continue;
    }
    block.taints.push_back(taint->text);
  }
}

void Checker::check_node_names(const Value& nodes) {
  std::map<std::string, std::size_t> owners;
  for (std::size_t i = 0; i < definition_.nodes.size(); ++i) {
    const auto& block = definition_.nodes[i];
    if (block.prefix.size() > 63 || !block.hosts.empty()) continue;
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
            block.prefix.empty()
                ? "use a shorter name or suffix, or give the block a \"prefix\" of its own"
                : "use a shorter prefix");
    }
  }
  check_host_names(nodes);
  if (node_count() > kMaxNodes) {
    error(nodes.at, "the cluster has " + std::to_string(node_count()) +
                        " nodes; one deployment has up to " + std::to_string(kMaxNodes));
  } else if (node_count() > kKubernetesNodes && nodes_with("k8s-master") > 0) {
    warn(nodes.at, "the cluster has " + std::to_string(node_count()) +
                       " nodes; Kubernetes supports up to " + std::to_string(kKubernetesNodes));
  }
}

/// Nodes that are called as their hosts need names of their own too.
void Checker::check_host_names(const Value& nodes) {
  std::map<std::string, Position> hosts;
  std::map<std::string, Position> names;
  for (std::size_t i = 0; i < definition_.nodes.size(); ++i) {
    const auto& block = definition_.nodes[i];
    for (std::size_t k = 0; k < block.hosts.size(); ++k) {
      auto at = block.host_positions[k];
      auto [first, fresh] = hosts.emplace(block.hosts[k], at);
      if (!fresh) {
        error(at, "the host " + shown(block.hosts[k]) + " is named twice",
              "the first time at " + std::to_string(first->second.line) + ":" +
                  std::to_string(first->second.column));
        continue;
      }
      auto name = block_node_name(definition_, i, static_cast<int>(k) + 1);
      if (name.size() > 63 && block.prefix.size() <= 63 && block.hosts[k].size() <= 63) {
        error(prefix_place(nodes, block),
              "the node name '" + name + "' would be " + std::to_string(name.size()) +
                  " characters long, 63 are possible",
              "use a shorter prefix");
      }
      names.emplace(std::move(name), at);
    }
  }
  for (std::size_t i = 0; i < definition_.nodes.size() && !names.empty(); ++i) {
    const auto& block = definition_.nodes[i];
    for (int number = 1; number <= block.count && block.hosts.empty(); ++number) {
      auto taken = names.find(block_node_name(definition_, i, number));
      if (taken == names.end()) continue;
      error(taken->second, "two nodes would be called '" + taken->first + "'",
            "give the block of this host a \"prefix\", or the other block another one");
    }
  }
}

}  // namespace muster
