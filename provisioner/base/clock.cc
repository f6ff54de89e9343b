#include "provisioner/base/clock.h"

#include <cstdio>
#include <ctime>

namespace muster {

namespace {

template <typename C>
std::int64_t milliseconds_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(C::now().time_since_epoch()).count();
}

}  // namespace

std::int64_t RealClock::wall_ms() const { return milliseconds_now<std::chrono::system_clock>(); }
std::int64_t RealClock::steady_ms() const { return milliseconds_now<std::chrono::steady_clock>(); }

std::string format_time(std::int64_t wall_ms) {
  auto seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char out[48];
  std::snprintf(out, sizeof out, "%s.%03dZ", date, static_cast<int>(wall_ms % 1000));
  return out;
}

}  // namespace muster
