#pragma once

#include <cmath>

namespace muster {

/// Seconds by which a clock may be off. etcd's members warn of each other above one second; above a
/// minute certificates, leases and logs are of another time.
inline constexpr double kClockWarning = 1;
inline constexpr double kClockError = 60;
/// An offset as people are told it, without its sign.
inline double to_tenths(double seconds) { return std::round(std::abs(seconds) * 10) / 10; }
inline constexpr const char* kClockRemedy =
    "set its clock and keep it right: timedatectl set-ntp true, or install chrony";

}  // namespace muster
