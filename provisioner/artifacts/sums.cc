#include "provisioner/artifacts/sums.h"

#include <map>
#include <sstream>

#include "provisioner/base/text.h"

namespace muster {

namespace {

/// "*./bin/tool" is how sha256sum may name "tool".
std::string last_part(std::string name) {
  if (auto slash = name.rfind('/'); slash != std::string::npos) return name.substr(slash + 1);
  return name.starts_with('*') ? name.substr(1) : name;
}

}  // namespace

bool is_sha256(const std::string& hex) {
  return hex.size() == 64 && hex.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string sha256_in(const std::string& text, const std::string& file) {
  std::map<std::string, std::string> sums;
  for (const auto& line : split(text, '\n')) {
    std::istringstream words(line);
    std::string hex, name;
    words >> hex >> name;
    if (is_sha256(hex)) sums[last_part(name)] = hex;
  }
  if (auto found = sums.find(file); found != sums.end()) return found->second;
  return sums.size() == 1 ? sums.begin()->second : "";
}

}  // namespace muster
