#pragma once

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "provisioner/base/files.h"
#include "tests/support/folder.h"

namespace muster {

/// A home directory for the user's ssh settings, and no agent, while a test lasts.
class UserHome {
 public:
  UserHome() {
    for (const char* name : {"HOME", "SSH_AUTH_SOCK"}) {
      if (const char* value = std::getenv(name)) old_.emplace_back(name, value);
      ::unsetenv(name);
    }
    ::setenv("HOME", folder_.path().c_str(), 1);
    make_directory(folder_ / ".ssh", 0700);
  }
  ~UserHome() {
    ::unsetenv("HOME");
    for (const auto& [name, value] : old_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  UserHome(const UserHome&) = delete;
  UserHome& operator=(const UserHome&) = delete;

  void write(const std::string& file, const std::string& content) const {
    write_file(folder_ / (".ssh/" + file), content, 0600);
  }

 private:
  TestFolder folder_;
  std::vector<std::pair<std::string, std::string>> old_;
};

}  // namespace muster
