#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "provisioner/import/import_report.h"

namespace muster {

struct KubesprayOptions {
  std::string name;              ///< the deployment's; empty: made of the folder's name
  std::filesystem::path folder;  ///< where the files are to be written; empty: called as the name
  std::vector<std::string>
      allowed_groups;  ///< that Kubespray does not know, and may be passed over
};

/// The files, in the folder.
inline constexpr char kImportedDefinition[] = "cluster.json";
inline constexpr char kImportedHosts[] = "hosts.yaml";

/// A cluster of Kubespray's as muster has it.
struct KubesprayImport {
  std::string name;
  std::filesystem::path folder;     ///< where the files are to be written
  std::string definition;           ///< JSON text; empty when there are errors
  std::string hosts;                ///< YAML text; empty when there are errors
  std::vector<std::string> errors;  ///< why nothing was made
  std::vector<std::string> hints;   ///< what to do about it
  std::string mistakes;  ///< of the files, with their places; then nothing was made either
  std::string warnings;
  std::filesystem::path source;    ///< the folder that the inventory is in
  std::vector<std::string> files;  ///< what was read
  ImportReport report;
};

/// Reads Kubespray's inventory, a file or a folder. Never throws for what the user wrote.
KubesprayImport import_kubespray(const std::filesystem::path& path,
                                 const KubesprayOptions& options);

}  // namespace muster
