#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "provisioner/artifacts/artifact.h"

namespace muster {

/// How a file gets to a node that has not got it.
enum class Way { raw, packed, download };

/// How fast a node takes files.
struct LinkRate {
  double bytes = 0;  ///< a second; 0: not known yet
  /// How many times longer all took because this machine had no CPU for it: then the link is faster
  /// than it looks, and packing would help nobody.
  double contention = 1;
};

/// What is known when a way is chosen.
struct Prospect {
  LinkRate rate;
  std::uint64_t raw_left = 0;  ///< bytes of the file that the node has not got
  struct Packed {
    double make_seconds = 0;  ///< to compress it here; 0 when that has been done
    double wire_left = 0;     ///< compressed bytes to send
    double open_seconds = 0;  ///< for the node to unpack it
  };
  std::optional<Packed> packed;  ///< both sides can do it
  bool can_download = false;
  NodeDownloads downloads = NodeDownloads::never;
};

/// A link that is not known to be slow gets the file as it is: to measure is to send.
Way choose(const Prospect& prospect);

/// Whether anything but `raw` may be chosen, so that it is worth finding out the rest.
bool is_slow(const LinkRate& rate, std::uint64_t raw_left);

/// How many threads want each CPU of this machine, as its load of the last minute says; from 1
/// to 8.
double contention();
/// The same, of /proc/loadavg's text.
double contention_by(const std::string& loadavg, unsigned int cpus);

/// How fast the nodes of a run take files. Safe from several threads.
class LinkRates {
 public:
  /// Of the node, or of the node that was measured last, or unknown.
  LinkRate of(const std::string& node) const;
  /// Takes no notice of an upload that was too short to tell.
  void measured(const std::string& node, std::uint64_t bytes, double seconds, double contention);

 private:
  mutable std::mutex mutex_;  ///< guards all below
  std::map<std::string, LinkRate> rates_;
  LinkRate last_;
};

/// Which hosts the nodes of a run can download from. One node tries a host first; when it cannot,
/// no other tries. Safe from several threads.
class DownloadHosts {
 public:
  /// Whether a node may try: nobody is trying for the first time, and nobody has failed.
  bool open(const std::string& url) const;
  /// The same, and counts as trying.
  bool begin(const std::string& url);
  void end(const std::string& url, bool worked);

 private:
  enum class State { trying, works, fails };
  bool open_locked(const std::string& host) const;

  mutable std::mutex mutex_;  ///< guards hosts_
  std::map<std::string, State> hosts_;
};

}  // namespace muster
