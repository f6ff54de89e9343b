#pragma once

#include <cstddef>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#elif defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace muster {

/// Tells the sanitizers which stack a thread is on; nothing in other builds. `enter` and `left`
/// are called on the thread's own stack, the others on the fiber's.
class FiberSanitizers {
 public:
#if defined(__SANITIZE_THREAD__)
  FiberSanitizers() : own_(__tsan_create_fiber(0)) {}
  ~FiberSanitizers() { __tsan_destroy_fiber(own_); }
  void set_stack(const void*, std::size_t) {}
  void enter() {
    thread_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(own_, 0);
  }
  void left() {}
  void entered() {}
  void leave() { __tsan_switch_to_fiber(thread_, 0); }
  void end() { leave(); }

 private:
  void* own_;
  void* thread_ = nullptr;
#elif defined(__SANITIZE_ADDRESS__)
  void set_stack(const void* bottom, std::size_t size) {
    bottom_ = bottom;
    size_ = size;
  }
  void enter() { __sanitizer_start_switch_fiber(&thread_fake_, bottom_, size_); }
  void left() { __sanitizer_finish_switch_fiber(thread_fake_, nullptr, nullptr); }
  void entered() { __sanitizer_finish_switch_fiber(fake_, &thread_bottom_, &thread_size_); }
  void leave() { __sanitizer_start_switch_fiber(&fake_, thread_bottom_, thread_size_); }
  void end() { __sanitizer_start_switch_fiber(nullptr, thread_bottom_, thread_size_); }

 private:
  const void* bottom_ = nullptr;
  std::size_t size_ = 0;
  const void* thread_bottom_ = nullptr;
  std::size_t thread_size_ = 0;
  void* fake_ = nullptr;
  void* thread_fake_ = nullptr;
#else
  void set_stack(const void*, std::size_t) {}
  void enter() {}
  void left() {}
  void entered() {}
  void leave() {}
  void end() {}
#endif
};

}  // namespace muster
