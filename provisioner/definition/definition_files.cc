#include "provisioner/definition/definition_files.h"

#include <algorithm>
#include <cstdlib>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/definition/names.h"

namespace muster {

namespace {

constexpr std::uintmax_t kMostOfFile = 1u << 20;
constexpr std::string_view kPemStart = "-----BEGIN ";

Value* member_in(Value* object, std::string_view key) {
  if (object == nullptr) return nullptr;
  for (auto& member : object->members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

void place_all(Value& value, Position at) {
  value.at = at;
  for (auto& item : value.items) place_all(item, at);
  for (auto& member : value.members) {
    member.at = at;
    place_all(member.value, at);
  }
}

class FileTaker {
 public:
  FileTaker(const std::filesystem::path& definition, const ReportMistake& report)
      : definition_(definition), report_(report) {}

  bool take(Value& root) {
    if (auto* registries = member_in(&root, "registries")) {
      for (auto& member : registries->members) take_ca(&member.value);
    }
    auto* audit = member_in(&root, "audit");
    take_ca(member_in(audit, "webhook"));
    take_policy(audit);
    if (auto* issuers = member_in(member_in(&root, "authentication"), "oidc")) {
      for (auto& issuer : issuers->items) take_ca(&issuer);
    }
    return any_;
  }

 private:
  void take_ca(Value* owner) {
    auto* named = member_in(owner, "ca");
    if (named == nullptr || !named->is_string() || named->text.starts_with(kPemStart)) return;
    auto text = read(*named, "the CA file");
    if (text && text->find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
      report_(named->at, "the CA file " + shown(named->text) + " has no certificate in it",
              "it is text with -----BEGIN CERTIFICATE----- (PEM)");
      text.reset();
    }
    replace(owner, "ca", text ? std::optional(Value::of(*text)) : std::nullopt);
  }

  void take_policy(Value* audit) {
    auto* named = member_in(audit, "policy");
    if (named == nullptr || !named->is_string()) return;
    auto text = read(*named, "the audit policy");
    std::optional<Value> policy;
    if (text) {
      Diagnostics mistakes;
      policy = parse_value(*text, !named->text.ends_with(".json"), mistakes);
      if (mistakes.has_errors()) {
        const auto& first = mistakes.items().front();
        report_(named->at,
                "the audit policy " + shown(named->text) + ", line " +
                    std::to_string(first.at.line) + ": " + first.message,
                first.hint);
        policy.reset();
      }
    }
    replace(audit, "policy", std::move(policy));
  }

  std::optional<std::string> read(const Value& named, const std::string& what) {
    any_ = true;
    try {
      return read_file(path_from(definition_, named.text), kMostOfFile);
    } catch (const Error& problem) {
      report_(named.at, what + " cannot be read: " + problem.what(),
              "a relative path begins at the definition's folder");
      return std::nullopt;
    }
  }

  void replace(Value* owner, std::string_view key, std::optional<Value> value) {
    if (value) {
      auto* there = member_in(owner, key);
      place_all(*value, there->at);
      *there = *std::move(value);
    } else {
      std::erase_if(owner->members, [&](const Value::Member& member) { return member.key == key; });
    }
  }

  const std::filesystem::path& definition_;
  const ReportMistake& report_;
  bool any_ = false;
};

}  // namespace

std::filesystem::path path_from(const std::filesystem::path& definition, const std::string& path) {
  const char* home = std::getenv("HOME");
  if (path.starts_with("~/") && home != nullptr) {
    return (std::filesystem::path(home) / path.substr(2)).lexically_normal();
  }
  return (definition.parent_path() / path).lexically_normal();
}

bool take_in_files(Value& root, const std::filesystem::path& definition,
                   const ReportMistake& report) {
  return FileTaker(definition, report).take(root);
}

}  // namespace muster
