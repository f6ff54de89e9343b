#include "provisioner/cli/provider_input.h"

#include <algorithm>
#include <cstdlib>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/record_reader.h"
#include "provisioner/definition/names.h"
#include "provisioner/definition/overrides.h"

namespace muster {

namespace {

constexpr std::uintmax_t kMaxSecret = 64u << 10;
constexpr const char* kElsewhere =
    R"(say where it is, {"env": "VARIABLE"} or {"file": "PATH"}, or give the JSON by '-' or a file)";

class ProviderReader {
 public:
  ProviderReader(const JsonArgument& argument, const std::vector<std::string>& kinds)
      : argument_(argument), kinds_(kinds), reader_(argument, RecordReader::Holds::secrets) {}

  ProviderInput read();

 private:
  bool is_kind(const std::string& kind) const {
    return std::find(kinds_.begin(), kinds_.end(), kind) != kinds_.end();
  }
  void read_name();
  void read_kind();
  void read_secret(const Value::Member& member);
  std::string from_file(const Value& file);
  std::string from_environment(const Value& variable);

  const JsonArgument& argument_;
  const std::vector<std::string>& kinds_;
  RecordReader reader_;
  ProviderInput input_;
};

ProviderInput ProviderReader::read() {
  if (reader_.good()) {
    reader_.allow(reader_.root(), {"name", "kind", "description", "hints", "secrets"});
    read_name();
    read_kind();
    auto& record = input_.record;
    record.description = reader_.text("description").value_or("");
    record.hints = "{}";
    if (const auto* hints = reader_.member(reader_.root(), "hints", Value::Kind::object)) {
      record.hints = to_json(*hints);
    }
    if (const auto* all = reader_.member(reader_.root(), "secrets", Value::Kind::object)) {
      for (const auto& member : all->members) read_secret(member);
    }
  }
  input_.diagnostics = reader_.take();
  return std::move(input_);
}

void ProviderReader::read_name() {
  auto& name = input_.record.name;
  name = reader_.name(true);
  if (!is_kind(provider_kind(name))) return;
  reader_.error(reader_.root().find("name")->at, "'" + name + "' is built in",
                "choose another name, e.g. \"lab\"");
}

void ProviderReader::read_kind() {
  const auto* value = reader_.member(reader_.root(), "kind", Value::Kind::string);
  if (value == nullptr) {
    if (reader_.root().find("kind") == nullptr) {
      reader_.error(reader_.root().at, "there is no \"kind\"",
                    "add one, e.g. \"kind\": \"local\"; the kinds are: " + join(kinds_, ", "));
    }
    return;
  }
  auto& kind = input_.record.kind;
  kind = provider_kind(value->text);
  if (is_kind(kind)) return;
  auto near = nearest(kind, kinds_);
  reader_.error(value->at, "there is no kind of provider " + shown(value->text),
                near ? "did you mean '" + *near + "'?" : "the kinds are: " + join(kinds_, ", "));
}

void ProviderReader::read_secret(const Value::Member& member) {
  const auto& value = member.value;
  const auto name = "the secret " + shown(member.key);
  std::string secret;
  if (member.key.empty() || member.key.size() > 100) {
    return reader_.error(member.at, name + " needs a name of 1 to 100 characters");
  }
  if (value.is_string()) {
    if (argument_.typed) {
      return reader_.error(value.at,
                           name + " must not stand on a command line, which other users can read",
                           kElsewhere);
    }
    secret = value.text;
  } else if (value.is_object() && value.members.size() == 1 && value.find("env") != nullptr) {
    secret = from_environment(*value.find("env"));
  } else if (value.is_object() && value.members.size() == 1 && value.find("file") != nullptr) {
    secret = from_file(*value.find("file"));
  } else {
    return reader_.error(value.at, name + " must be one thing", kElsewhere);
  }
  if (secret.empty()) {
    reader_.error(value.at, name + " is empty",
                  "is the variable set and exported, or the file right?");
  }
  input_.secrets[member.key] = Secret(std::move(secret));
}

std::string ProviderReader::from_environment(const Value& variable) {
  if (!variable.is_string()) return "";
  const char* value = std::getenv(variable.text.c_str());
  return value == nullptr ? "" : value;
}

/// Without the end of its last line, which is no part of a password.
std::string ProviderReader::from_file(const Value& file) {
  if (!file.is_string()) return "";
  try {
    auto text = read_file(file.text, kMaxSecret);
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
  } catch (const Error& problem) {
    reader_.error(file.at, problem.what());
    return "";
  }
}

}  // namespace

ProviderInput parse_provider(const JsonArgument& argument, const std::vector<std::string>& kinds) {
  return ProviderReader(argument, kinds).read();
}

}  // namespace muster
