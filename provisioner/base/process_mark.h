#pragma once

#include <cstdint>
#include <string>

namespace muster {

/// One process of all that ever were. Its number alone says little: it is given again, and counts
/// only among those who see each other.
struct ProcessMark {
  std::string place;         ///< the boot of the machine, and the pid namespace; empty: not known
  std::int64_t pid = 0;      ///< in that namespace
  std::int64_t started = 0;  ///< in ticks of that boot; 0: not known
};

/// The one that calls.
ProcessMark this_process();

/// Whether it is known to have ended. One of another machine, boot or pid namespace is never known
/// to; one that is dead and that nobody collected has ended: in a container without an init such a
/// zombie stays for good.
bool has_ended(const ProcessMark& process);

}  // namespace muster
