#include "provisioner/definition/masking.h"

#include <doctest/doctest.h>

#include <vector>

using namespace muster;

TEST_CASE("masking: members of a name are crossed out, however deep, and all else stays") {
  const std::string text =
      "hosts:\n  - {name: a, password: sesame, bmc: {pass: 'two words', port: 1}}\n"
      "password: [one, {x: two}]\n";
  Diagnostics none;
  const std::vector<std::string> names{"password", "pass"};
  CHECK(mask_members(text, parse_value(text, true, none), names) ==
        "hosts:\n  - {name: a, password: xxxxxx, bmc: {pass: 'xxxxxxxxx', port: 1}}\n"
        "password: [xxx, {x: xxx}]\n");
}
