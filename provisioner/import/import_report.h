#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace muster {

/// What became of something in an inventory.
enum class ImportFate {
  mapped,       ///< it is in the definition or the hosts file
  ignored,      ///< nothing is lost without it
  unavailable,  ///< the cluster will be another one than Kubespray's
  unknown       ///< muster's table of variables does not have it
};

/// Collects what became of each group and variable. What is the same for several hosts is one line.
class ImportReport {
 public:
  /// `host` empty: it is of the whole cluster.
  void add(ImportFate fate, const std::string& what, const std::string& why,
           const std::string& host = "");

  std::size_t count(ImportFate fate) const;
  bool has(ImportFate fate, const std::string& what) const;
  std::string text() const;

 private:
  struct Line {
    ImportFate fate;
    std::string what;
    std::string why;
    std::vector<std::string> hosts;
  };

  std::vector<Line> lines_;
  std::map<std::string, std::size_t> at_;
};

}  // namespace muster
