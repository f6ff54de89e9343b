#include "provisioner/base/error.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace muster {

Error::Error(std::string message, ExitCode exit_code)
    : text_(std::move(message)), hints_at_(text_.size()), exit_code_(exit_code) {}

Error& Error::while_doing(const std::string& context) {
  auto line = "\n  while " + context;
  text_.insert(hints_at_, line);
  hints_at_ += line.size();
  return *this;
}

Error& Error::hint(const std::string& hint) {
  text_ += "\n  " + hint;
  return *this;
}

void bug(const char* what, const char* file, int line) {
  std::fprintf(stderr, "muster: this is a bug: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace muster
