#pragma once

#include <string>

#include "provisioner/report/timeline.h"

namespace muster {

/// A drawing of the run for an HTML page, as inline SVG: a row for each node, a bar for each step
/// that began. Its classes (bar, changed, failed, cut, ...) are colored by the page's style.
std::string gantt_svg(const Timeline& timeline);

/// "1m30s", "0.2s": a place on the time axis.
std::string axis_label(std::int64_t ms);

}  // namespace muster
