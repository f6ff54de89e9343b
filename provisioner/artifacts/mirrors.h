#pragma once

#include <string>
#include <utility>
#include <vector>

namespace muster {

/// Addresses that stand for others: where a site has copies of what is elsewhere.
class Mirrors {
 public:
  Mirrors() = default;
  /// "FROM=TO ...", both http or https. Throws Error for anything else.
  explicit Mirrors(const std::string& setting);

  /// A URL that begins with FROM begins with TO instead, by the longest FROM that fits.
  std::string resolve(const std::string& url) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace muster
