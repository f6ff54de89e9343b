#include "tests/simulator/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

#include "provisioner/base/error.h"

namespace muster::simulator {

namespace {

constexpr int kMostEvents = 256;
constexpr std::chrono::nanoseconds kLongest = std::chrono::minutes(1);

Error failed(const char* what) { return Error(std::string(what) + ": " + std::strerror(errno)); }

}  // namespace

Loop::Loop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) throw failed("cannot use epoll");
}

Loop::~Loop() {
  ::close(epoll_);
  ::close(wake_);
}

void Loop::watch(int fd, std::shared_ptr<Watcher> watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) throw failed("cannot watch a socket");
  watchers_[fd] = std::move(watcher);
}

void Loop::forget(int fd, const Watcher* watcher) {
  auto found = watchers_.find(fd);
  if (found == watchers_.end() || found->second.get() != watcher) return;
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  watchers_.erase(found);
}

void Loop::at(Clock::time_point when, std::function<void()> call) {
  timers_.push({when, timers_made_++, std::move(call)});
}

std::chrono::nanoseconds Loop::until_next() const {
  using std::chrono::nanoseconds;
  if (timers_.empty()) return kLongest;
  return std::clamp<nanoseconds>(timers_.top().when - Clock::now(), nanoseconds{0}, kLongest);
}

void Loop::call_due() {
  auto now = Clock::now();
  while (!timers_.empty() && timers_.top().when <= now) {
    auto call = timers_.top().call;
    timers_.pop();
    call();
  }
}

void Loop::run() {
  std::array<epoll_event, kMostEvents> events;
  while (!stopped_) {
    auto left = until_next();
    auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    timespec time{seconds.count(), (left - seconds).count()};
    int count = ::epoll_pwait2(epoll_, events.data(), kMostEvents, &time, nullptr);
    if (count < 0 && errno != EINTR) throw failed("cannot wait for sockets");
    for (int i = 0; i < count; ++i) {
      auto found = watchers_.find(events[static_cast<std::size_t>(i)].data.fd);
      if (found == watchers_.end()) continue;
      auto watcher = found->second;  // it may end itself
      watcher->on_ready();
    }
    call_due();
  }
}

void Loop::stop() {
  stopped_ = true;
  std::uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(wake_, &one, sizeof one);
}

}  // namespace muster::simulator
