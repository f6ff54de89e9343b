#include "provisioner/bmc/password.h"

#include <sys/stat.h>

#include <cstdlib>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"

namespace muster {

namespace {

constexpr std::uintmax_t kMostBytes = 4096;
constexpr mode_t kOthers = S_IRWXO;

Secret from_file(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & kOthers) != 0) {
    throw Error("the password file '" + path + "' is open to everybody on this machine",
                ExitCode::usage)
        .hint("chmod 600 '" + path + "'");
  }
  auto text = read_file(path, kMostBytes);
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return Secret(std::move(text));
}

}  // namespace

std::string password_source(const BmcEndpoint& endpoint) {
  return endpoint.password_file.empty() ? "the variable '" + endpoint.password_env + "'"
                                        : "the file '" + endpoint.password_file + "'";
}

Secret password_of(const BmcEndpoint& endpoint) {
  Secret password;
  if (!endpoint.password_file.empty()) {
    password = from_file(endpoint.password_file);
  } else if (const char* value = std::getenv(endpoint.password_env.c_str())) {
    password = Secret(value);
  }
  if (password.empty()) {
    throw Error(
        "there is no password for the BMC " + endpoint.address + " in " + password_source(endpoint),
        ExitCode::usage)
        .hint("put it there; the hosts file says where it is looked for");
  }
  return password;
}

}  // namespace muster
