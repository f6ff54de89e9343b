#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "provisioner/base/error.h"
#include "provisioner/plan/plan.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 3;
constexpr std::array kOpenings{Opens::all_well, Opens::one_well, Opens::ended};

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Appends the members of one JSON object after the other. A plan has 100,000 steps: a tree of
/// values for each takes more time and memory than all the rest of planning.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }

  ObjectWriter& add(const char* key, const std::string& text) {
    begin(key);
    constexpr auto kPlain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (std::all_of(text.begin(), text.end(), kPlain)) {
      out_ += '"';
      out_ += text;
      out_ += '"';
    } else {
      out_ += dump(text);
    }
    return *this;
  }
  ObjectWriter& add(const char* key, int number) {
    begin(key);
    out_ += std::to_string(number);
    return *this;
  }
  ObjectWriter& add(const char* key, bool flag) {
    begin(key);
    out_ += flag ? "true" : "false";
    return *this;
  }
  ObjectWriter& add(const char* key, const std::vector<int>& numbers) {
    begin(key);
    out_ += '[';
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (i > 0) out_ += ',';
      out_ += std::to_string(numbers[i]);
    }
    out_ += ']';
    return *this;
  }
  void end() { out_ += '}'; }

 private:
  void begin(const char* key) {
    out_ += first_ ? "\"" : ",\"";
    first_ = false;
    out_ += key;
    out_ += "\":";
  }

  std::string& out_;
  bool first_ = true;
};

void write(const Step& step, std::string& out) {
  ObjectWriter object(out);
  object.add("id", step.id).add("verb", to_string(step.verb)).add("node", step.node);
  object.add("role", step.role).add("reason", step.reason);
  object.add("fingerprint", step.fingerprint).add("weight", step.weight);
  object.add("needs", step.needs).add("gates", step.gates);
  object.add("despite_failures", step.despite_failures).end();
}

void write(const Gate& gate, std::string& out) {
  ObjectWriter object(out);
  object.add("name", gate.name).add("steps", gate.steps).add("opens", to_string(gate.opens)).end();
}

/// One item a line, so that two plans can be compared with diff.
template <typename Item>
void write_lines(const std::vector<Item>& items, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    out += i == 0 ? "\n" : ",\n";
    write(items[i], out);
  }
  out += ']';
}

[[noreturn]] void refuse(const std::string& what) {
  throw Error("this is not a plan that muster wrote: " + what, ExitCode::usage)
      .hint("make it again with 'muster plan --out FILE'");
}

/// Reads one object: all of the keys, of the right type, and no others.
class ObjectReader {
 public:
  ObjectReader(const Json& json, std::string where, std::vector<std::string> keys)
      : json_(json), where_(std::move(where)) {
    if (!json.is_object()) refuse(where_ + " is not an object");
    for (const auto& key : keys) {
      if (!json.contains(key)) refuse(where_ + " has no '" + key + "'");
    }
    for (const auto& [key, value] : json.items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        refuse(where_ + " has an unknown key '" + key + "'");
      }
    }
  }

  std::string text(const char* key) const {
    const auto& value = json_.at(key);
    if (!value.is_string()) refuse(name(key) + " is not a string");
    return value.get<std::string>();
  }
  bool flag(const char* key) const {
    const auto& value = json_.at(key);
    if (!value.is_boolean()) refuse(name(key) + " is not true or false");
    return value.get<bool>();
  }
  int number(const char* key) const { return number(json_.at(key), key); }
  const Json& list(const char* key) const {
    const auto& value = json_.at(key);
    if (!value.is_array()) refuse(name(key) + " is not a list");
    return value;
  }
  /// Numbers from 0 to `end` - 1.
  std::vector<int> indexes(const char* key, std::size_t end) const {
    std::vector<int> numbers;
    for (const auto& item : list(key)) {
      numbers.push_back(number(item, key));
      if (static_cast<std::size_t>(numbers.back()) >= end) {
        refuse(name(key) + " names " + std::to_string(numbers.back()) + ", which is not there");
      }
    }
    return numbers;
  }

 private:
  std::string name(const char* key) const { return "'" + std::string(key) + "' of " + where_; }
  int number(const Json& value, const char* key) const {
    constexpr std::int64_t kMost = 1'000'000'000;
    // A number above int64 is read as unsigned and comes out negative here.
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
        value.get<std::int64_t>() > kMost) {
      refuse(name(key) + " is not a whole number");
    }
    return value.get<int>();
  }

  const Json& json_;
  std::string where_;
};

/// The one of `all` that the text at `key` names.
template <typename All>
auto read_one_of(const All& all, const ObjectReader& reader, const char* key,
                 const std::string& where) {
  auto name = reader.text(key);
  auto found =
      std::find_if(all.begin(), all.end(), [&](auto one) { return to_string(one) == name; });
  if (found == all.end()) refuse(where + " has an unknown " + key + " '" + name + "'");
  return *found;
}

Step read_step(const Json& json, std::size_t at, std::size_t steps, std::size_t gates) {
  auto where = "step " + std::to_string(at);
  ObjectReader reader(json, where,
                      {"id", "verb", "node", "role", "reason", "fingerprint", "weight", "needs",
                       "gates", "despite_failures"});
  Step step;
  step.id = reader.number("id");
  if (static_cast<std::size_t>(step.id) != at) {
    refuse(where + " has the id " + std::to_string(step.id));
  }
  step.verb = read_one_of(kVerbs, reader, "verb", where);
  step.node = reader.text("node");
  if (step.node.empty()) refuse(where + " names no node");
  step.role = reader.text("role");
  bool of_node = step.verb == Verb::create_node || step.verb == Verb::destroy_node;
  if (step.role.empty() != of_node) {
    refuse(where + (of_node ? " has a role" : " has no role") + " to " + to_string(step.verb));
  }
  step.reason = reader.text("reason");
  step.fingerprint = reader.text("fingerprint");
  step.weight = reader.number("weight");
  step.needs = reader.indexes("needs", steps);
  step.gates = reader.indexes("gates", gates);
  step.despite_failures = reader.flag("despite_failures");
  return step;
}

Gate read_gate(const Json& json, std::size_t at, std::size_t steps) {
  auto where = "gate " + std::to_string(at);
  ObjectReader reader(json, where, {"name", "steps", "opens"});
  return {reader.text("name"), reader.indexes("steps", steps),
          read_one_of(kOpenings, reader, "opens", where)};
}

void check_format(const Json& json) {
  if (!json.is_object() || !json.contains("format")) refuse("it has no 'format'");
  if (json["format"] == kFormat) return;
  throw Error("the plan has format " + dump(json["format"]) + ", this muster reads format " +
              std::to_string(kFormat))
      .hint("make it again with 'muster plan --out FILE'");
}

}  // namespace

std::string plan_json(const Plan& plan, const std::string& findings) {
  auto text = "{\"format\": " + std::to_string(kFormat) +
              ", \"deployment\": " + dump(plan.deployment) + ", \"tenant\": " + dump(plan.tenant) +
              ", \"base_revision\": " + std::to_string(plan.base_revision);
  text += ",\n\"steps\": ";
  write_lines(plan.steps, text);
  text += ",\n\"gates\": ";
  write_lines(plan.gates, text);
  if (!findings.empty()) text += ",\n\"findings\": " + findings;
  text += "}\n";
  return text;
}

Plan plan_from_json(const std::string& text) {
  auto json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) refuse("it is not JSON");
  check_format(json);
  json.erase("findings");
  ObjectReader reader(json, "the plan",
                      {"format", "deployment", "tenant", "base_revision", "steps", "gates"});
  const auto& steps = reader.list("steps");
  const auto& gates = reader.list("gates");
  Plan plan;
  plan.deployment = reader.text("deployment");
  plan.tenant = reader.text("tenant");
  plan.base_revision = reader.number("base_revision");
  for (std::size_t at = 0; at < steps.size(); ++at) {
    plan.steps.push_back(read_step(steps[at], at, steps.size(), gates.size()));
  }
  for (std::size_t at = 0; at < gates.size(); ++at) {
    plan.gates.push_back(read_gate(gates[at], at, steps.size()));
  }
  if (auto cycle = find_cycle(plan)) refuse("its steps wait for each other: " + *cycle);
  return plan;
}

}  // namespace muster
