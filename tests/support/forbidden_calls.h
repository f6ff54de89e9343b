#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace muster {

/// A system call that would change the whole machine, by one of its entries.
struct ForbiddenCall {
  enum class Entry { native, x86, x32 };
  Entry entry;
  const char* name;
  long number;
};

/// Those that a local node is refused. kexec_file_load has no number for 32-bit programs.
inline std::vector<ForbiddenCall> forbidden_calls() {
  using Entry = ForbiddenCall::Entry;
  std::vector<ForbiddenCall> calls{{Entry::native, "swapon", SYS_swapon},
                                   {Entry::native, "swapoff", SYS_swapoff},
                                   {Entry::native, "kexec_load", SYS_kexec_load},
                                   {Entry::native, "kexec_file_load", SYS_kexec_file_load},
                                   {Entry::native, "settimeofday", SYS_settimeofday},
                                   {Entry::native, "clock_settime", SYS_clock_settime},
                                   {Entry::native, "adjtimex", SYS_adjtimex},
                                   {Entry::native, "clock_adjtime", SYS_clock_adjtime}};
#if defined(__x86_64__)
  for (auto call : std::vector(calls)) {
    call.entry = Entry::x32;
    if (call.number == SYS_kexec_load) call.number = 528;  // its own there
    calls.push_back(call);
  }
  for (const auto& [name, number] : {std::pair{"swapon", 87L},
                                     {"swapoff", 115L},
                                     {"kexec_load", 283L},
                                     {"stime", 25L},
                                     {"settimeofday", 79L},
                                     {"clock_settime", 264L},
                                     {"clock_settime64", 404L},
                                     {"adjtimex", 124L},
                                     {"clock_adjtime", 343L},
                                     {"clock_adjtime64", 405L}}) {
    calls.push_back({Entry::x86, name, number});
  }
#endif
  return calls;
}

inline const char* to_text(ForbiddenCall::Entry entry) {
  switch (entry) {
    case ForbiddenCall::Entry::native:
      return "native";
    case ForbiddenCall::Entry::x86:
      return "x86";
    case ForbiddenCall::Entry::x32:
      return "x32";
  }
  return "";
}

/// Makes the call, with arguments that no kernel takes; returns its errno, 0 when it succeeds.
inline int errno_of(const ForbiddenCall& call) {
  errno = 0;
#if defined(__x86_64__)
  if (call.entry == ForbiddenCall::Entry::x86) {
    long result = call.number;
    asm volatile("int $0x80" : "+a"(result) : "b"(-1), "c"(0), "d"(0), "S"(-1), "D"(-1) : "memory");
    return result < 0 ? static_cast<int>(-result) : 0;
  }
  constexpr long kX32 = 0x40000000;
  long bit = call.entry == ForbiddenCall::Entry::x32 ? kX32 : 0;
#else
  constexpr long bit = 0;
#endif
  return ::syscall(bit | call.number, -1, 0, 0, -1, -1) < 0 ? errno : 0;
}

}  // namespace muster
