// Secrets: in the definition, beside it, or kept by the state.
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/definition/check.h"
#include "provisioner/definition/definition_files.h"
#include "provisioner/definition/masking.h"

namespace muster {

namespace {

constexpr std::uintmax_t kMostOfSecret = 64u << 10;
constexpr const char* kBetterPlaces =
    "put it into a file that only you can read and name that in '_file', or name a variable of the "
    "environment in '_env'";

}  // namespace

void Checker::add_secret(const std::string& name, DefinitionSecret secret) {
  definition_.secrets[name] = std::move(secret);
}

void Checker::read_clear_secret(const std::string& name, const std::string& what,
                                const Value& value) {
  if (value.text.empty()) {
    error(value.at, what + " is empty");
  } else if (is_crossed_out(value.text)) {
    add_secret(name, {std::nullopt, what, value.at});
  } else if (value.at.line == 0 || diagnostics_.file() == kJsonWord) {
    const bool is_proxy = name == kHttpProxy || name == kHttpsProxy;
    error(value.at, what + " would be seen by everybody who lists programs",
          is_proxy ? "write it in the definition's file" : kBetterPlaces);
  } else {
    if (!clear_secret_) clear_secret_ = {what, value.at};
    add_secret(name, {Secret(value.text), what, value.at});
  }
}

void Checker::read_secret(const Value& object, std::span<const KeyRule> rules,
                          const SecretKey& key) {
  const auto* clear = get(object, rules, key.key);
  const auto* file = get(object, rules, key.key + "_file");
  const auto* variable = get(object, rules, key.key + "_env");
  const int given = (clear != nullptr) + (file != nullptr) + (variable != nullptr);
  if (given == 0 && !key.required) return;
  if (given != 1) {
    error(object.at, key.what + " stands in " + (given == 0 ? "no place" : "more than one place"),
          "write one of '" + key.key + "_file', '" + key.key + "_env' and '" + key.key + "'");
  } else if (clear != nullptr) {
    read_clear_secret(key.name, key.what, *clear);
  } else if (rules_.recorded) {
    add_secret(key.name, {std::nullopt, key.what, object.at});
  } else if (file != nullptr) {
    read_secret_file(key, *file);
  } else {
    const char* value = std::getenv(variable->text.c_str());
    if (value == nullptr || *value == '\0') {
      error(variable->at, key.what + " is not in the variable " + shown(variable->text),
            "export it where muster runs");
      return;
    }
    add_secret(key.name, {Secret(value), key.what, variable->at});
  }
}

void Checker::read_secret_file(const SecretKey& key, const Value& file) {
  const auto path = path_from(diagnostics_.file(), file.text);
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IRWXO) != 0) {
    error(file.at, "the file of " + key.what + " is open to everybody on this machine",
          "chmod 600 '" + path.string() + "'");
    return;
  }
  try {
    auto text = read_file(path, kMostOfSecret);
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    if (text.empty()) error(file.at, "the file of " + key.what + " is empty");
    add_secret(key.name, {Secret(std::move(text)), key.what, file.at});
  } catch (const Error& problem) {
    error(file.at, key.what + " cannot be read: " + problem.what(),
          "a relative path begins at the definition's folder");
  }
}

void Checker::warn_of_readers(const std::filesystem::path& file) {
  struct stat status = {};
  if (!clear_secret_ || ::stat(file.c_str(), &status) != 0) return;
  if ((status.st_mode & S_IROTH) == 0) return;
  warn(clear_secret_->second,
       clear_secret_->first + " is in the clear in a file that everybody on this machine can read",
       "chmod 600 '" + file.string() + "', or write it into a file of its own");
}

}  // namespace muster
