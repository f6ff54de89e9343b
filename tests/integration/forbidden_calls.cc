// Runs in a local node: makes the calls that nodes are refused, and tells what came of each.
// Linked statically, so that it runs in any image.
#include <cstdio>
#include <cstring>

#include "tests/support/forbidden_calls.h"

int main() {
  for (const auto& call : muster::forbidden_calls()) {
    std::printf("%s %s: %s\n", to_text(call.entry), call.name, std::strerror(errno_of(call)));
  }
  return 0;
}
