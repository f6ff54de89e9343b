#include "tests/simulator/connection.h"

#include <libssh/server.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace muster::simulator {

namespace {

/// A connection that has much to say lets the others speak after so many turns.
constexpr int kMostTurns = 32;

Connection& connection_of(void* self) { return *static_cast<Connection*>(self); }

}  // namespace

Connection::Connection(World& world, SimulatedNode& node) : world_(world), node_(node) {
  ++node_.startups;
  auto open = ++world_.counters.open;
  if (open > world_.counters.most_open) world_.counters.most_open = open;
}

Connection::~Connection() { end(); }

Wire Connection::wire() const {
  const auto& options = world_.options;
  double slowness = node_.slow ? options.slow_factor : 1;
  auto time = [&](auto span) {
    return std::chrono::duration_cast<Loop::Clock::duration>(span * slowness);
  };
  return {time(options.latency / 2.0), time(options.jitter), options.loss / 100};
}

void Connection::start(int fd) {
  if (world_.happens(world_.options.failure_rate)) cut_some_time();
  fd_ = fd;
  if (!world_.options.delays()) {
    if (!begin()) end();
    return;
  }
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    ::close(fd);
    fd_ = -1;
    return end();
  }
  fd_ = pair[1];
  auto begins = Loop::Clock::now() + wire().handshake();
  auto relay = std::make_shared<Relay>(world_.loop, world_.random, wire(), fd, pair[0], begins);
  relay->start();
  relay_ = relay;
  world_.loop.at(begins, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (self && !self->ended_ && !self->begin()) self->end();
  });
}

void Connection::cut_some_time() {
  auto most = std::chrono::duration<double>(world_.options.failure_within);
  auto when = most * std::uniform_real_distribution<double>(0, 1)(world_.random);
  world_.loop.after(std::chrono::duration_cast<Loop::Clock::duration>(when),
                    [weak = weak_from_this()] {
                      if (auto self = weak.lock()) self->cut();
                    });
}

void Connection::cut() {
  if (ended_) return;
  ++world_.counters.cut;
  if (auto relay = relay_.lock()) {
    relay->cut();
  } else {
    linger reset{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  end();
}

bool Connection::begin() {
  session_.reset(ssh_new());
  auto* session = session_.get();
  if (session == nullptr || ssh_bind_accept_fd(world_.bind, session, fd_) != SSH_OK) return false;
  set_callbacks();
  ssh_set_auth_methods(session, SSH_AUTH_METHOD_PUBLICKEY);
  ssh_set_blocking(session, 0);
  ssh_set_counters(session, &counter_, nullptr);
  if (ssh_handle_key_exchange(session) == SSH_ERROR) return false;
  event_.reset(ssh_event_new());
  ssh_event_add_session(event_.get(), session);
  world_.loop.watch(fd_, shared_from_this());
  pump();
  return true;
}

void Connection::set_callbacks() {
  callbacks_.userdata = this;
  callbacks_.auth_pubkey_function = [](ssh_session, const char*, ssh_key key, char state,
                                       void* self) {
    return connection_of(self).check_key(key, state);
  };
  callbacks_.channel_open_request_session_function = [](ssh_session, void* self) {
    return connection_of(self).open_channel();
  };
  ssh_callbacks_init(&callbacks_);
  ssh_set_server_callbacks(session_.get(), &callbacks_);
}

int Connection::check_key(ssh_key key, char state) {
  bool known = std::ranges::any_of(world_.authorized, [&](const auto& one) {
    return ssh_key_cmp(one.get(), key, SSH_KEY_CMP_PUBLIC) == 0;
  });
  // libssh has checked the signature, when there is one.
  if (!known || (state != SSH_PUBLICKEY_STATE_NONE && state != SSH_PUBLICKEY_STATE_VALID)) {
    ++world_.counters.rejected;
    return SSH_AUTH_DENIED;
  }
  if (state == SSH_PUBLICKEY_STATE_VALID && !logged_in_) {
    logged_in_ = true;
    --node_.startups;
    ++world_.counters.authenticated;
    node_.lap = began_;
    world_.counters.setup_us += World::lap_us(node_);
  }
  return SSH_AUTH_SUCCESS;
}

ssh_channel Connection::open_channel() {
  auto channel = std::make_shared<Channel>(world_, node_, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->pump_soon();
  });
  auto* handle = channel->open(session_.get());
  if (handle != nullptr) channels_.push_back(std::move(channel));
  return handle;
}

void Connection::pump_soon() {
  if (pumping_soon_) return;
  pumping_soon_ = true;
  world_.loop.after({}, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    self->pumping_soon_ = false;
    self->pump();
  });
}

void Connection::pump() {
  if (ended_) return;
  bool alive = true;
  bool more = true;
  for (int turn = 0; alive && more && turn < kMostTurns; ++turn) {
    alive = read_and_write();
    more = alive && serve_channels();
  }
  count_bytes();
  if (!alive) {
    end();
  } else if (more) {
    pump_soon();
  }
}

bool Connection::read_and_write() {
  for (int turn = 0; turn < kMostTurns; ++turn) {
    int result = ssh_event_dopoll(event_.get(), 0);
    if (result == SSH_AGAIN) return true;
    if (result == SSH_ERROR || ssh_is_connected(session_.get()) == 0 ||
        (ssh_get_status(session_.get()) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0) {
      return false;
    }
  }
  pump_soon();
  return true;
}

bool Connection::serve_channels() {
  bool sent = false;
  for (auto at = channels_.begin(); at != channels_.end();) {
    sent |= (*at)->flush();
    if ((*at)->closed()) {
      (*at)->free();
      at = channels_.erase(at);
      sent = true;
    } else {
      ++at;
    }
  }
  return sent;
}

void Connection::count_bytes() {
  world_.counters.bytes_in += std::exchange(counter_.in_bytes, 0);
  world_.counters.bytes_out += std::exchange(counter_.out_bytes, 0);
}

void Connection::end() {
  if (std::exchange(ended_, true)) return;
  count_bytes();
  if (!logged_in_) --node_.startups;
  --world_.counters.open;
  auto self = weak_from_this().lock();  // the loop and the world may hold the last ones
  world_.loop.forget(fd_, this);
  channels_.clear();
  event_.reset();
  if (session_) {
    session_.reset();  // closes the descriptor
  } else if (fd_ >= 0) {
    ::close(fd_);
  }
  world_.connections.erase(this);
}

}  // namespace muster::simulator
