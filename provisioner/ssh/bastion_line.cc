#include "provisioner/ssh/bastion_line.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "inventory/hosts.h"
#include "provisioner/ssh/host_key.h"

namespace muster {

namespace {

constexpr std::size_t kLinePiece = 32 << 10;
/// The session's own questions for signs of life come at its keepalive; this is how late they are.
constexpr std::chrono::milliseconds kLookAround{1000};
/// While somebody waits for the bastion to connect, or for room to send.
constexpr std::chrono::milliseconds kLookSoon{5};

}  // namespace

BastionLine::BastionLine(Endpoint bastion, SshOptions options, KnownBastions& known)
    : bastion_(std::move(bastion)),
      options_(std::move(options)),
      known_(known),
      events_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{EPOLLIN, {}};
  event.data.ptr = this;
  ::epoll_ctl(events_.fd(), EPOLL_CTL_ADD, wake_.fd(), &event);
}

BastionLine::~BastionLine() = default;

void BastionLine::wake() const {
  std::uint64_t one = 1;
  static_cast<void>(::write(wake_.fd(), &one, sizeof one));
}

void BastionLine::stop() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
  wake();
}

void BastionLine::forward(const std::string& host, int port, Descriptor far,
                          const Deadline& deadline) {
  Wish wish{host, port, std::move(far), deadline, {}, {}};
  {
    std::lock_guard lock(mutex_);
    if (ended_) std::rethrow_exception(failure_);
    wishes_.push_back(&wish);
    wake();
  }
  wish.told.wait();
  if (wish.failure) std::rethrow_exception(wish.failure);
}

void BastionLine::serve() {
  std::exception_ptr failure;
  try {
    log_in();
    converse();
    throw ConnectionLost("the connection to the bastion '" + bastion_.address + "' was ended");
  } catch (Error& error) {
    error.while_doing("connecting through the bastion '" + bastion_.address + "'");
    failure = std::current_exception();
  }
  fail_all(failure);
}

void BastionLine::log_in() {
  auto options = options_;
  options.bastions = nullptr;
  options.to_bastion = true;
  auto bastion = bastion_;
  const auto place = place_of(bastion_);
  run_blocking([&] { bastion.host_key = known_.key_of(place); });
  link_.emplace(bastion, options);
  trust(place, bastion.host_key);
  epoll_event event{EPOLLIN, {}};
  ::epoll_ctl(events_.fd(), EPOLL_CTL_ADD, ssh_get_fd(link_->session()), &event);
}

void BastionLine::trust(const std::string& place, const std::string& expected) {
  const auto& shown = link_->host_key();
  if (shown == expected) return;
  std::string now = shown;
  run_blocking([&] {
    if (!known_.put(place, shown, expected)) now = known_.key_of(place);
  });
  // Another run has seen it meanwhile.
  if (now != shown) throw wrong_bastion_key(link_->name(), now, parse_public_line(shown).get());
}

void BastionLine::converse() {
  for (;;) {
    take_wishes();
    bool waiting = false;
    for (auto& forward : forwards_) {
      if (forward.wish != nullptr) open(forward);
      waiting = waiting || forward.wish != nullptr;
      forward.closed = forward.closed || (forward.ended && !forward.wants_to_write);
      if (forward.wish == nullptr && !forward.closed) watch(forward, can_send(forward));
    }
    remove_closed();
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    // What is to be written goes out with the next look around, or when something comes in.
    bool soon = waiting || (ssh_get_status(link_->session()) & SSH_WRITE_PENDING) != 0;
    wait_for_descriptor(events_.fd(), true, false, Deadline(soon ? kLookSoon : kLookAround));
    link_->wait(Deadline(std::chrono::milliseconds(0)));
    std::array<epoll_event, 64> ready{};
    int count = ::epoll_wait(events_.fd(), ready.data(), static_cast<int>(ready.size()), 0);
    for (int i = 0; i < count; ++i) {
      const auto& event = ready.at(static_cast<std::size_t>(i));
      if (event.data.ptr == nullptr || event.data.ptr == this) continue;
      auto& forward = *static_cast<Forward*>(event.data.ptr);
      bool left = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
      if ((event.events & EPOLLOUT) != 0) write_rest(forward);
      // What the node takes no more of nobody waits for then; epoll would tell it without end.
      if (left && !can_send(forward)) forward.closed = true;
      if (left || (event.events & EPOLLIN) != 0) from_socket(forward);
    }
  }
}

void BastionLine::take_wishes() {
  std::uint64_t count = 0;
  static_cast<void>(::read(wake_.fd(), &count, sizeof count));
  std::deque<Wish*> wishes;
  {
    std::lock_guard lock(mutex_);
    wishes.swap(wishes_);
  }
  for (auto* wish : wishes) begin(*wish);
}

void BastionLine::begin(Wish& wish) {
  auto* channel = ssh_channel_new(link_->session());
  if (channel == nullptr) {
    {
      std::lock_guard lock(mutex_);
      wishes_.push_back(&wish);  // to be told with the others
    }
    throw link_->lost();
  }
  auto& forward = forwards_.emplace_back(
      Forward{this, std::move(wish.far), channel, {}, &wish, {}, false, false, false});
  auto& callbacks = forward.callbacks;
  callbacks.userdata = &forward;
  callbacks.channel_data_function = [](ssh_session, ssh_channel, void* data, std::uint32_t size,
                                       int, void* self) {
    auto& to = *static_cast<Forward*>(self);
    return static_cast<int>(to.line->to_socket(to, {static_cast<char*>(data), size}));
  };
  callbacks.channel_close_function = [](ssh_session, ssh_channel, void* self) {
    static_cast<Forward*>(self)->ended = true;
  };
  callbacks.channel_eof_function = [](ssh_session, ssh_channel, void* self) {
    static_cast<Forward*>(self)->ended = true;
  };
  ssh_callbacks_init(&callbacks);
  ssh_add_channel_callbacks(channel, &callbacks);
}

void BastionLine::open(Forward& forward) {
  const auto& wish = *forward.wish;
  int result =
      ssh_channel_open_forward(forward.channel, wish.host.c_str(), wish.port, "127.0.0.1", 0);
  if (result == SSH_OK) return tell(forward, nullptr);
  if (result == SSH_AGAIN && !wish.deadline.passed()) return;
  std::string why = result == SSH_AGAIN ? "no answer in time" : ssh_get_error(link_->session());
  forward.closed = true;
  tell(forward, std::make_exception_ptr(
                    ConnectionLost("the bastion '" + bastion_.address + "' cannot connect to '" +
                                   host_and_port(wish.host, wish.port) + "': " + why)));
}

void BastionLine::tell(Forward& forward, std::exception_ptr failure) {
  auto* wish = std::exchange(forward.wish, nullptr);
  if (wish == nullptr) return;
  wish->failure = std::move(failure);
  wish->told.notify();
}

bool BastionLine::can_send(const Forward& forward) const {
  return ssh_channel_window_size(forward.channel) > 0 &&
         (ssh_get_status(link_->session()) & SSH_WRITE_PENDING) == 0;
}

void BastionLine::watch(Forward& forward, bool to_read) {
  epoll_event event{(to_read ? EPOLLIN : 0U) | (forward.wants_to_write ? EPOLLOUT : 0U), {}};
  event.data.ptr = &forward;
  if (::epoll_ctl(events_.fd(), EPOLL_CTL_MOD, forward.socket.fd(), &event) != 0) {
    ::epoll_ctl(events_.fd(), EPOLL_CTL_ADD, forward.socket.fd(), &event);
  }
}

/// Returns how much was taken; libssh keeps the rest, and lets the bastion send no more meanwhile.
std::size_t BastionLine::to_socket(Forward& forward, std::string_view bytes) {
  if (!forward.rest.empty()) return 0;
  auto count = ::send(forward.socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count < 0 && errno != EAGAIN && errno != EINTR) forward.closed = true;
  auto taken = count < 0 ? 0 : static_cast<std::size_t>(count);
  forward.wants_to_write = taken < bytes.size();
  return taken;
}

void BastionLine::write_rest(Forward& forward) {
  while (!forward.closed) {
    if (forward.rest.empty()) {
      std::array<char, kLinePiece> piece{};
      int count = ssh_channel_read_nonblocking(forward.channel, piece.data(), piece.size(), 0);
      forward.wants_to_write = count > 0;
      if (count <= 0) return;
      forward.rest.assign(piece.data(), static_cast<std::size_t>(count));
    }
    auto rest = std::exchange(forward.rest, {});
    auto taken = to_socket(forward, rest);
    forward.rest = rest.substr(taken);
    if (!forward.rest.empty()) return;
  }
}

void BastionLine::from_socket(Forward& forward) {
  std::array<char, kLinePiece> piece{};
  if (forward.closed || !can_send(forward)) return;
  auto window = std::size_t{ssh_channel_window_size(forward.channel)};
  auto count = ::recv(forward.socket.fd(), piece.data(), std::min(piece.size(), window), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    forward.closed = true;
    return;
  }
  if (ssh_channel_write(forward.channel, piece.data(), static_cast<std::uint32_t>(count)) < 0) {
    forward.closed = true;
  }
}

void BastionLine::remove_closed() {
  for (auto at = forwards_.begin(); at != forwards_.end();) {
    if (!at->closed) {
      ++at;
      continue;
    }
    ssh_remove_channel_callbacks(at->channel, &at->callbacks);
    ssh_channel_free(at->channel);
    at = forwards_.erase(at);
  }
}

void BastionLine::fail_all(std::exception_ptr failure) {
  {
    std::lock_guard lock(mutex_);
    failure_ = failure;
    ended_ = true;
    for (auto* wish : std::exchange(wishes_, {})) {
      wish->failure = failure;
      wish->told.notify();
    }
  }
  for (auto& forward : forwards_) {
    tell(forward, failure);
    forward.closed = true;
  }
  remove_closed();
  link_.reset();
}

}  // namespace muster
