#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "provisioner/cli/context.h"

namespace muster {

/// What is shown of deployments, and how.
struct View {
  std::string output;  ///< "", "wide", "json"
  bool ids = false;    ///< those of the records too
};

/// All of them.
int show_deployments(Context& context, const View& view);
int show_deployment(Context& context, const std::string& name, const View& view);

// What both print: times to come as they are seen from `now_ms`, or without it as they are.
std::string list_text(Context& context, const View& view, std::optional<std::int64_t> now_ms);
std::string status_text(Context& context, const DeploymentRecord& record, const View& view,
                        std::optional<std::int64_t> now_ms);

/// The deployment, or all when `name` is empty, again whenever something changes.
int watch_deployments(Context& context, const std::string& name, const View& view,
                      std::int64_t interval_ms);

/// Of the deployment's certificates: lines, or nothing when it has none (commands_certs.cc).
std::string certificate_lines(Context& context, const DeploymentRecord& record);

}  // namespace muster
