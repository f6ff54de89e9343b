#include <array>
#include <set>

#include "provisioner/base/text.h"
#include "provisioner/plan/plan.h"

namespace muster {

namespace {

std::size_t count(const Plan& plan, Verb verb) {
  std::size_t found = 0;
  for (const auto& step : plan.steps) {
    if (step.verb == verb) ++found;
  }
  return found;
}

/// Plans of so many clusters are shown step by step.
constexpr std::size_t kShownWhole = 3;

bool on_node(Verb verb) { return verb == Verb::create_node || verb == Verb::destroy_node; }

/// "3 nodes to create, 1 role to undo".
std::string intentions(const Plan& plan) {
  std::vector<std::string> parts;
  for (auto verb : kVerbs) {
    auto found = count(plan, verb);
    if (found == 0) continue;
    parts.push_back(std::to_string(found) + (on_node(verb) ? " node" : " role") +
                    (found == 1 ? "" : "s") + " to " + to_string(verb));
  }
  return join(parts, ", ");
}

/// "20 steps: 3 create, 17 apply".
std::string counts(const Plan& plan) {
  std::vector<std::string> parts;
  for (auto verb : kVerbs) {
    if (auto found = count(plan, verb); found > 0) {
      parts.push_back(std::to_string(found) + " " + to_string(verb));
    }
  }
  auto total = plan.steps.size();
  return std::to_string(total) + (total == 1 ? " step: " : " steps: ") + join(parts, ", ");
}

/// "+" makes something new, "~" changes what is there, "-" removes, "?" looks.
char mark(const Step& step, const std::set<std::string>& created) {
  switch (step.verb) {
    case Verb::create_node:
      return '+';
    case Verb::apply_role:
      return created.count(step.node) > 0 ? '+' : '~';
    case Verb::verify_role:
      return '?';
    case Verb::undo_role:
    case Verb::destroy_node:
      return '-';
  }
  return ' ';
}

/// Steps of one node that stand together, as text: alike ones on one line.
struct Group {
  std::vector<std::string> nodes;
  std::string lines;
};

class Groups {
 public:
  explicit Groups(const Plan& plan) : plan_(plan) {
    for (const auto& step : plan.steps) {
      if (step.verb == Verb::create_node) created_.insert(step.node);
    }
    for (std::size_t at = 0; at < plan.steps.size();) at = add_node(at);
  }

  const std::vector<Group>& all() const { return groups_; }

 private:
  std::size_t add_node(std::size_t at) {
    const auto& node = plan_.steps[at].node;
    std::string lines;
    while (at < plan_.steps.size() && plan_.steps[at].node == node) at = add_line(at, lines);
    // Nodes that get the same are shown as one: 1000 new workers are three lines.
    if (groups_.empty() || groups_.back().lines != lines) groups_.push_back({{}, lines});
    groups_.back().nodes.push_back(node);
    return at;
  }

  std::size_t add_line(std::size_t at, std::string& lines) const {
    const auto& first = plan_.steps[at];
    std::vector<std::string> roles;
    do {
      roles.push_back(plan_.steps[at].role);
      ++at;
    } while (at < plan_.steps.size() && alike(plan_.steps[at], first));
    lines += std::string("    ") + mark(first, created_) + " " + to_string(first.verb);
    if (!first.role.empty()) lines += " " + join(roles, ", ");
    lines += ": " + first.reason + "\n";
    return at;
  }

  static bool alike(const Step& a, const Step& b) {
    return a.node == b.node && a.verb == b.verb && a.reason == b.reason;
  }

  const Plan& plan_;
  std::set<std::string> created_;
  std::vector<Group> groups_;
};

/// "w-010" after "w-009"; empty when `name` does not end in a number that can grow by one.
std::string next_name(std::string name) {
  for (auto digit = name.rbegin(); digit != name.rend(); ++digit) {
    if (*digit < '0' || *digit > '9') return "";
    if (*digit < '9') {
      ++*digit;
      return name;
    }
    *digit = '0';
  }
  return "";
}

/// "c-1, w-1 .. w-9 (10 nodes)".
std::string names_of(const Group& group) {
  const auto& nodes = group.nodes;
  std::vector<std::string> parts;
  for (std::size_t first = 0; first < nodes.size();) {
    auto last = first;
    while (last + 1 < nodes.size() && next_name(nodes[last]) == nodes[last + 1]) ++last;
    // Two names are as short as the stretch between them.
    if (last == first + 1) last = first;
    parts.push_back(last == first ? nodes[first] : nodes[first] + " .. " + nodes[last]);
    first = last + 1;
  }
  auto text = join(parts, ", ");
  return nodes.size() > 2 ? text + " (" + std::to_string(nodes.size()) + " nodes)" : text;
}

std::string headline(const Plan& plan) {
  return "cluster " + plan.deployment + " (tenant " + plan.tenant + "): " + intentions(plan) + "\n";
}

std::string dot_quote(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string plan_text(const std::vector<const Plan*>& plans) {
  if (plans.size() == 1) return plan_text(*plans.front());
  std::string text;
  Plan sum;
  for (const auto* plan : plans) {
    text += plans.size() <= kShownWhole ? plan_text(*plan) + "\n" : headline(*plan);
    sum.steps.insert(sum.steps.end(), plan->steps.begin(), plan->steps.end());
  }
  return text + std::to_string(plans.size()) + " clusters, " + counts(sum) + "\n";
}

std::string plan_text(const Plan& plan) {
  if (plan.empty()) return "nothing to do: '" + plan.deployment + "' is as the definition says\n";
  auto text = headline(plan) + "\n";
  Groups groups(plan);
  for (const auto& group : groups.all()) text += "  " + names_of(group) + "\n" + group.lines;
  return text + "\n" + counts(plan) + "\n";
}

std::string plan_dot(const Plan& plan) {
  std::string text = "digraph " + dot_quote(plan.deployment) + " {\n  rankdir=LR;\n";
  for (const auto& step : plan.steps) {
    text += "  s" + std::to_string(step.id) + " [shape=box, label=" + dot_quote(step.title()) +
            ", tooltip=" + dot_quote(step.reason) + "];\n";
  }
  for (std::size_t gate = 0; gate < plan.gates.size(); ++gate) {
    auto name = "g" + std::to_string(gate);
    // Dashed: it opens although something behind it failed.
    text += "  " + name + " [shape=ellipse, label=" + dot_quote(plan.gates[gate].name) +
            (plan.gates[gate].opens == Opens::all_well ? "" : ", style=dashed") + "];\n";
    for (int id : plan.gates[gate].steps) {
      text += "  s" + std::to_string(id) + " -> " + name + ";\n";
    }
  }
  for (const auto& step : plan.steps) {
    auto name = "s" + std::to_string(step.id);
    for (int id : step.needs) text += "  s" + std::to_string(id) + " -> " + name + ";\n";
    for (int gate : step.gates) text += "  g" + std::to_string(gate) + " -> " + name + ";\n";
  }
  return text + "}\n";
}

}  // namespace muster
