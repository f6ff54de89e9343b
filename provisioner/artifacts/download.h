#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace muster {

/// Fetches over HTTP with a bound on every wait. What goes wrong is a value, since callers have
/// other sources to try. A host that cannot be reached is remembered: the next file does not wait
/// for it again.
class Downloader {
 public:
  using Note = std::function<void(const std::string&)>;

  /// Goes on after what `file` already holds. Returns the problem, empty when all is there.
  /// Progress, named `label`, goes to `note` every few seconds.
  std::string to_file(const std::string& url, const std::filesystem::path& file,
                      const std::string& label, const Note& note);

  struct Text {
    std::string body;
    std::string problem;  ///< empty: done
  };
  /// At most 4 MiB.
  Text to_text(const std::string& url, const std::vector<std::string>& headers = {});

 private:
  bool given_up(const std::string& url);
  void give_up(const std::string& url);

  std::mutex mutex_;  ///< guards unreachable_
  std::set<std::string> unreachable_;
};

/// "https://dl.k8s.io:8443" of a URL.
std::string host_of(const std::string& url);

}  // namespace muster
