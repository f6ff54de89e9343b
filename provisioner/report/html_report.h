#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "provisioner/events/event.h"

namespace muster {

/// One run and what is known around it.
struct RunReport {
  std::string deployment;
  std::string tenant;  ///< empty: not known any more
  std::int64_t run = 0;
  std::string command;
  std::string result;              ///< RunRecord::result
  std::int64_t started_ms = 0;     ///< wall clock
  std::int64_t finished_ms = 0;    ///< 0: it never said so
  std::string muster_version;      ///< that makes the page
  std::string kubernetes_version;  ///< empty: there is none
  std::vector<Event> events;
};

/// A page that shows the run: when each node did what, what changed, what failed and why, what took
/// long. It needs nothing but itself, has no script, and forbids the browser to load anything;
/// whatever nodes have said is text in it.
std::string html_report(const RunReport& report);

}  // namespace muster
