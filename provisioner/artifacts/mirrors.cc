#include "provisioner/artifacts/mirrors.h"

#include <sstream>

#include "provisioner/base/error.h"

namespace muster {

namespace {

bool is_web(const std::string& url) {
  return url.starts_with("https://") || url.starts_with("http://");
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

Mirrors::Mirrors(const std::string& setting) {
  std::istringstream words(setting);
  for (std::string word; words >> word;) {
    auto equals = word.find('=');
    auto from = without_slash(word.substr(0, equals));
    auto to = equals == std::string::npos ? "" : without_slash(word.substr(equals + 1));
    if (!is_web(from) || !is_web(to)) {
      throw Error("MUSTER_MIRRORS is wrong at '" + word + "'", ExitCode::usage)
          .hint("it is FROM=TO, e.g. https://dl.k8s.io=https://mirror.example.org/k8s");
    }
    pairs_.emplace_back(std::move(from), std::move(to));
  }
}

std::string Mirrors::resolve(const std::string& url) const {
  const std::pair<std::string, std::string>* best = nullptr;
  for (const auto& pair : pairs_) {
    const auto& from = pair.first;
    // Whole parts of the address only: "https://a" does not stand for "https://a.example.org".
    bool fits = url.starts_with(from) && (url.size() == from.size() || url[from.size()] == '/');
    if (fits && (best == nullptr || best->first.size() < from.size())) best = &pair;
  }
  return best == nullptr ? url : best->second + url.substr(best->first.size());
}

}  // namespace muster
