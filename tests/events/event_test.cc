#include "provisioner/events/event.h"

#include <doctest/doctest.h>
#include <regex.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "provisioner/base/files.h"

using namespace muster;
using nlohmann::json;

namespace {

constexpr EventType kTypes[] = {EventType::run_started,   EventType::step_started,
                                EventType::task_finished, EventType::step_finished,
                                EventType::note,          EventType::warning,
                                EventType::run_finished};
constexpr Outcome kOutcomes[] = {Outcome::changed,   Outcome::unchanged, Outcome::failed,
                                 Outcome::timed_out, Outcome::skipped,   Outcome::canceled};

/// An event with a value in every field.
Event full(EventType type) {
  Event event;
  event.type = type;
  event.time_ms = 1612137600123;
  event.deployment = "quickstart";
  event.node = "w-2";
  event.step = "k8s-worker on w-2";
  event.verb = "apply";
  event.role = "k8s-worker";
  event.task = "kubelet is started";
  event.outcome = Outcome::failed;
  event.ms = 12000;
  event.steps = 23;
  if (type == EventType::run_started) event.eta_ms = 41000;
  event.exit_code = 1;
  event.command = "systemctl start kubelet";
  event.output = "Job failed.\n";
  event.message = "1 task failed";
  return event;
}

json schema() {
  return json::parse(
      read_file(std::filesystem::path(MUSTER_SOURCE_DIR) / "docs/events.schema.json"));
}

bool has_type(const json& value, const std::string& type) {
  return type == "string" ? value.is_string() : type == "integer" && value.is_number_integer();
}

bool matches(const std::string& text, const std::string& pattern) {
  regex_t compiled{};
  REQUIRE(::regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB) == 0);
  bool found = ::regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  return found;
}

/// What is wrong with `object` by the part of JSON Schema that docs/events.schema.json uses.
std::string mistake(const json& object, const json& schema) {
  for (const auto& key : schema.at("required")) {
    if (!object.contains(key)) return "lacks " + key.get<std::string>();
  }
  for (const auto& [key, value] : object.items()) {
    if (!schema.at("properties").contains(key)) return "has " + key;
    const auto& rule = schema.at("properties").at(key);
    if (!has_type(value, rule.at("type"))) return key + " is no " + rule.at("type").dump();
    if (rule.contains("minimum") && value < rule.at("minimum")) return key + " is too small";
    if (rule.contains("pattern") &&
        !matches(value.get<std::string>(), rule.at("pattern").get<std::string>())) {
      return key + " does not match";
    }
    const auto& choices = rule.value("enum", json::array({value}));
    if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
      return key + " is none of " + choices.dump();
    }
  }
  for (const auto& branch : schema.at("allOf")) {
    const auto& types = branch.at("if").at("properties").at("type").at("enum");
    bool applies = std::find(types.begin(), types.end(), object.at("type")) != types.end();
    for (const auto& key : branch.at("then").at("required")) {
      if (applies && !object.contains(key)) return "lacks " + key.get<std::string>();
    }
  }
  return "";
}

}  // namespace

TEST_CASE("event_json: a failed task says all that is known of it") {
  CHECK(event_json(full(EventType::task_finished)) ==
        R"({"type":"task_finished","time":"2021-02-01T00:00:00.123Z","deployment":"quickstart",)"
        R"("node":"w-2","step":"k8s-worker on w-2","verb":"apply","role":"k8s-worker",)"
        R"("task":"kubelet is started","outcome":"failed","ms":12000,"exit_code":1,)"
        R"("command":"systemctl start kubelet","output":"Job failed.\n",)"
        R"("message":"1 task failed"})");
}

TEST_CASE("event_json: fields that do not apply are left out") {
  Event note;
  note.message = "hello";
  CHECK(event_json(note) ==
        R"({"type":"note","time":"1970-01-01T00:00:00.000Z","message":"hello"})");
}

TEST_CASE("event_json: bytes that are no UTF-8 are replaced, and it stays one line") {
  Event event;
  event.message = "a\xff\nb";
  auto text = event_json(event);
  CHECK(text.find('\n') == std::string::npos);
  CHECK(json::parse(text).at("message") == "a\xef\xbf\xbd\nb");
}

TEST_CASE("event_json: every event is what docs/events.schema.json describes") {
  auto rules = schema();
  std::set<std::string> seen;
  for (auto type : kTypes) {
    Event bare;
    bare.type = type;
    CHECK(mistake(json::parse(event_json(bare)), rules) == "");
    for (auto outcome : kOutcomes) {
      auto event = full(type);
      event.outcome = outcome;
      auto object = json::parse(event_json(event));
      CHECK(mistake(object, rules) == "");
      for (const auto& [key, value] : object.items()) seen.insert(key);
    }
  }
  for (const auto& [key, rule] : rules.at("properties").items()) {
    CHECK_MESSAGE(seen.contains(key), "no event has the key ", key);
  }
  CHECK(rules.at("properties").at("type").at("enum").size() == std::size(kTypes));
  CHECK(rules.at("properties").at("outcome").at("enum").size() == std::size(kOutcomes));
}

TEST_CASE("event_json: the schema would notice a wrong event") {
  auto rules = schema();
  auto object = json::parse(event_json(full(EventType::step_finished)));
  auto with = [&](const char* key, const json& value) {
    auto changed = object;
    changed[key] = value;
    return mistake(changed, rules);
  };
  CHECK(with("colour", "red") == "has colour");
  CHECK(with("ms", "12") == "ms is no \"integer\"");
  CHECK(with("ms", -1) == "ms is too small");
  CHECK(with("time", "yesterday") == "time does not match");
  CHECK(with("type", "step_ended").starts_with("type is none of"));
  object.erase("outcome");
  CHECK(mistake(object, rules) == "lacks outcome");
}

TEST_CASE("event: outcomes and types are read back from their names") {
  for (auto type : kTypes) CHECK(parse_event_type(to_string(type)) == type);
  for (auto outcome : kOutcomes) CHECK(parse_outcome(to_string(outcome)) == outcome);
  CHECK(!parse_event_type("step_ended"));
  CHECK(!parse_outcome(""));
}

TEST_CASE("event: only changed and unchanged count as success") {
  for (auto outcome : kOutcomes) {
    CHECK(succeeded(outcome) == (outcome == Outcome::changed || outcome == Outcome::unchanged));
  }
}

TEST_CASE("docs: the events shown in events.md are what the schema describes") {
  auto rules = schema();
  std::istringstream page(read_file(std::filesystem::path(MUSTER_SOURCE_DIR) / "docs/events.md"));
  int count = 0;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("{")) continue;
    CAPTURE(line);
    CHECK(mistake(json::parse(line), rules) == "");
    ++count;
  }
  CHECK(count >= 4);
}

TEST_CASE("event_json: the end of a run says what came of it") {
  CHECK(event_json(full(EventType::run_finished)).find(R"("outcome":"failed","ms":12000)") !=
        std::string::npos);
}
