#pragma once

#include <filesystem>
#include <memory>

#include "provisioner/events/event.h"

namespace muster {

/// Writes a run as a trace for Perfetto (ui.perfetto.dev) and chrome://tracing, in Chrome's Trace
/// Event Format: a process for each deployment, a row for each node, a slice for each step with
/// its tasks inside. The file is whole after every event, so that a run that was killed leaves all
/// steps that had ended. When it can no longer be written, it keeps what it has. Throws Error when
/// it cannot be made.
std::unique_ptr<Reporter> make_trace_reporter(const std::filesystem::path& file);

}  // namespace muster
