#pragma once

#include <functional>
#include <memory>
#include <string>

#include "provisioner/artifacts/artifact.h"
#include "provisioner/run/packed_copies.h"
#include "provisioner/run/run_resources.h"
#include "provisioner/run/upload_choice.h"
#include "provisioner/ssh/session.h"

namespace muster {

/// A node, as an upload sees it.
struct UploadTarget {
  std::string node;
  std::string shell;                             ///< "sh", or "sudo -n sh"
  std::function<Session&()> session;             ///< connects when it must
  std::function<void()> drop;                    ///< forgets a session that is broken
  std::function<void(const std::string&)> note;  ///< takes a line on what goes on; may be empty
};

/// Brings artifacts into nodes' stores: not at all when they are there, from where a cut has left
/// them, and by the way that is likely the fastest. Knows what a run has learned of its nodes.
/// Safe from several threads; each target is one thread's.
class Uploads {
 public:
  /// `resources` (kept by reference) bounds how many files are on their way at once: the same time
  /// for all, but most of the nodes have theirs early, and none runs into a deadline because 1,000
  /// share the line. Turns at it are by `deployment`.
  Uploads(RunResources& resources, std::string deployment);

  /// Throws Error with the node's words, and ConnectionLost when the connection breaks again and
  /// again without anything getting across.
  void provide(const UploadTarget& target, const Artifact& artifact);

 private:
  friend class Upload;

  std::string run_;  ///< marks our files on the nodes
  RunResources& resources_;
  std::string deployment_;
  LinkRates rates_;
  DownloadHosts hosts_;
  PackedCopies copies_;
};

}  // namespace muster
