#include "providers/exec/protocol.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "inventory/address.h"
#include "inventory/hosts.h"
#include "providers/exec/program.h"
#include "provisioner/base/error.h"

namespace muster {

namespace {

using Json = nlohmann::json;

constexpr int kMostBootSeconds = 3600;
constexpr std::size_t kMostText = 4096;

/// Text that a definition brought may be no UTF-8.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json begin(const ExecSettings& settings, const char* call, std::chrono::seconds deadline) {
  Json secrets = Json::object();
  for (const auto& [name, secret] : settings.secrets) secrets[name] = secret.reveal();
  return {{"muster", settings.version},
          {"call", call},
          {"deadline_seconds", deadline.count()},
          {"provider",
           {{"name", settings.name},
            {"hints", Json::parse(settings.hints)},
            {"secrets", std::move(secrets)}}}};
}

[[noreturn]] void wrong(const std::string& where, const std::string& what) {
  throw Error("the program's answer is not right: " + where + " " + what)
      .hint("the protocol is in docs/providers.md");
}

/// Reads the members of one object of an answer; `where` names it in messages.
class AnswerReader {
 public:
  AnswerReader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) wrong(where_, "is no object");
  }

  std::string text(const char* key) const {
    auto found = object_.find(key);
    if (found == object_.end() || found->is_null()) return "";
    if (!found->is_string()) wrong(path(key), "is no string");
    auto value = found->get<std::string>();
    bool odd = std::ranges::any_of(
        value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (odd || value.size() > kMostText) wrong(path(key), "has control characters, or is too long");
    return value;
  }
  std::string needed(const char* key) const {
    auto value = text(key);
    if (value.empty()) wrong(path(key), "is missing or empty");
    return value;
  }
  int number(const char* key, int fallback, int least, int most) const {
    auto found = object_.find(key);
    if (found == object_.end() || found->is_null()) return fallback;
    if (!found->is_number_integer() || *found < least || *found > most) {
      wrong(path(key),
            "is no whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return found->get<int>();
  }
  bool flag(const char* key, bool fallback) const {
    auto found = object_.find(key);
    if (found == object_.end() || found->is_null()) return fallback;
    if (!found->is_boolean()) wrong(path(key), "is neither true nor false");
    return found->get<bool>();
  }
  std::string path(const char* key) const { return "'" + where_ + "." + key + "'"; }

 private:
  const Json& object_;
  std::string where_;
};

/// It becomes an argument of ssh.
bool is_login(const std::string& user) {
  return !user.starts_with('-') && std::ranges::all_of(user, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' ||
           c == '$';
  });
}

bool is_host_key(const std::string& key) {
  return key.empty() || parse_fingerprint(key) ||
         ((key.starts_with("ssh-") || key.starts_with("ecdsa-")) &&
          key.find(" AAAA") != std::string::npos);
}

/// Of a node that is whole an address is needed.
Endpoint read_endpoint(const AnswerReader& node, bool complete) {
  Endpoint endpoint;
  endpoint.address = complete ? node.needed("address") : node.text("address");
  if (!endpoint.address.empty() && !is_address(endpoint.address)) {
    wrong(node.path("address"), "is no address: '" + endpoint.address + "'");
  }
  endpoint.port = node.number("port", 22, 1, 65535);
  if (auto user = node.text("user"); !user.empty()) endpoint.user = user;
  if (!is_login(endpoint.user)) wrong(node.path("user"), "is no login name");
  endpoint.host_key = node.text("host_key");
  if (!is_host_key(endpoint.host_key)) {
    wrong(node.path("host_key"), "is neither \"ssh-ed25519 AAAA...\" nor \"SHA256:...\"");
  }
  if (auto print = parse_fingerprint(endpoint.host_key)) endpoint.host_key = *print;
  endpoint.identity = node.text("identity");
  if (!endpoint.identity.empty() && endpoint.identity[0] != '/') {
    wrong(node.path("identity"), "is no absolute path");
  }
  if (auto text = node.text("bastion"); !text.empty()) {
    auto bastion = parse_bastion(text);
    if (!bastion || !is_login(bastion->user) || !is_address(bastion->address)) {
      wrong(node.path("bastion"), "is not \"user@host:port\"");
    }
    endpoint.bastion =
        bastion->user + "@" + bracketed(bastion->address) + ":" + std::to_string(bastion->port);
  }
  endpoint.cluster_address = node.text("cluster_address");
  if (!endpoint.cluster_address.empty() && !is_ip_address(endpoint.cluster_address)) {
    wrong(node.path("cluster_address"), "is no IP address");
  }
  if (auto fault = address_fault(endpoint.cluster_address); !fault.empty()) {
    wrong(node.path("cluster_address"), fault);
  }
  return endpoint;
}

ProvidedNode read_node(const AnswerReader& reader) {
  ProvidedNode node;
  node.handle = reader.needed("handle");
  node.complete = reader.flag("complete", true);
  node.running = reader.flag("running", true);
  node.endpoint = read_endpoint(reader, node.complete);
  return node;
}

void must_be(const AnswerReader& node, const char* key, const std::string& asked) {
  auto answered = node.text(key);
  if (answered.empty() || answered == asked) return;
  wrong(node.path(key), "is '" + answered + "', and not '" + asked + "' as asked for");
}

}  // namespace

std::string validate_request(const ExecSettings& settings, const std::string& hints) {
  auto request = begin(settings, "validate", settings.question_deadline());
  request["hints"] = Json::parse(hints);
  return text_of(request);
}

std::string create_request(const ExecSettings& settings, const NodeSpec& spec,
                           const std::string& hints) {
  auto request = begin(settings, "create", settings.deadline);
  request["hints"] = Json::parse(hints);
  request["node"] = {{"token", spec.token},
                     {"name", spec.name},
                     {"fqdn", spec.fqdn},
                     {"deployment", spec.deployment},
                     {"tenant", spec.tenant},
                     {"tag", spec.tag},
                     {"authorized_key", spec.authorized_key}};
  return text_of(request);
}

std::string hello_request(const ExecSettings& settings) {
  return text_of(begin(settings, "hello", settings.question_deadline()));
}

std::string presence_request(const ExecSettings& settings, const KnownNode& node) {
  auto request = begin(settings, "presence", settings.question_deadline());
  request["handle"] = node.handle;
  request["token"] = node.token;
  request["tag"] = node.tag;
  return text_of(request);
}

std::string destroy_request(const ExecSettings& settings, const std::string& handle) {
  auto request = begin(settings, "destroy", settings.deadline);
  request["handle"] = handle;
  return text_of(request);
}

std::string list_request(const ExecSettings& settings, const std::string& tag) {
  auto request = begin(settings, "list", settings.question_deadline());
  request["tag"] = tag;
  return text_of(request);
}

std::string power_request(const ExecSettings& settings, const std::string& handle, bool on) {
  auto request = begin(settings, "power", settings.deadline);
  request["handle"] = handle;
  request["on"] = on;
  return text_of(request);
}

std::vector<std::string> read_mistakes(const Json& answer) {
  std::vector<std::string> mistakes;
  auto found = answer.find("mistakes");
  if (found == answer.end() || !found->is_array()) wrong("'mistakes'", "is no list");
  for (const auto& mistake : *found) {
    if (!mistake.is_string()) wrong("'mistakes'", "has something else than strings");
    mistakes.push_back(mistake.get<std::string>());
  }
  return mistakes;
}

ProvidedNode read_made(const Json& answer, const NodeSpec& spec) {
  auto found = answer.find("node");
  if (found == answer.end()) wrong("'node'", "is missing");
  AnswerReader reader(*found, "node");
  must_be(reader, "token", spec.token);
  must_be(reader, "name", spec.name);
  auto made = read_node(reader);
  made.token = spec.token;
  made.name = spec.name;
  made.boots_for =
      std::chrono::seconds(AnswerReader(answer, "").number("boot_seconds", 0, 0, kMostBootSeconds));
  // Of a program of old: it has given up, and does not say why.
  if (!made.complete && made.boots_for.count() == 0) {
    wrong(reader.path("complete"), "is false, and there is neither \"boot_seconds\" nor \"error\"");
  }
  return made;
}

PresenceNote read_presence(const Json& answer, const KnownNode& node) {
  PresenceNote note;
  AnswerReader reader(answer, "answer");
  const auto word = reader.needed("presence");
  if (word == "there") {
    note.presence = Presence::there;
  } else if (word == "gone") {
    note.presence = Presence::gone;
  } else if (word == "unsure") {
    note.presence = Presence::unsure;
  } else {
    wrong(reader.path("presence"), "is none of there, gone and unsure: '" + word + "'");
  }
  note.why = reader.text("why");
  auto handles = answer.find("handles");
  if (handles != answer.end() && !handles->is_null()) {
    if (!handles->is_array()) wrong("'handles'", "is no list");
    for (const auto& handle : *handles) {
      if (!handle.is_string() || handle == "")
        wrong("'handles'", "has something else than handles");
      note.handles.push_back(handle.get<std::string>());
    }
  }
  if (node.handle.empty() && note.presence == Presence::there && note.handles.empty()) {
    wrong("'handles'", "is missing: the node is there, and was asked for by its token");
  }
  return note;
}

std::vector<ProvidedNode> read_list(const Json& answer) {
  std::vector<ProvidedNode> nodes;
  auto found = answer.find("nodes");
  if (found == answer.end() || !found->is_array()) wrong("'nodes'", "is no list");
  for (const auto& item : *found) {
    AnswerReader reader(item, "nodes[" + std::to_string(nodes.size()) + "]");
    auto node = read_node(reader);
    node.token = reader.needed("token");
    node.name = reader.needed("name");
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace muster
