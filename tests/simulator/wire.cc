#include "tests/simulator/wire.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace muster::simulator {

namespace {

constexpr std::size_t kSegment = 1448;
constexpr std::size_t kPiece = 64 << 10;
/// Linux waits so much longer than a round trip before it sends again.
constexpr std::chrono::milliseconds kRetransmitLeast{200};
constexpr int kMostRetransmits = 6;

}  // namespace

Loop::Clock::duration Wire::delay(std::size_t bytes, std::mt19937_64& random) const {
  std::uniform_real_distribution<double> chance(0, 1);
  auto time = one_way + std::chrono::duration_cast<Loop::Clock::duration>(jitter * chance(random));
  if (loss <= 0) return time;
  for (std::size_t segment = 0; segment < bytes; segment += kSegment) {
    auto pause = 2 * one_way + kRetransmitLeast;
    Loop::Clock::duration late{};
    for (int i = 0; i < kMostRetransmits && chance(random) < loss; ++i, pause *= 2) late += pause;
    time = std::max(time, one_way + late);
  }
  return time;
}

Relay::Relay(Loop& loop, std::mt19937_64& random, const Wire& wire, int outside, int inside,
             Loop::Clock::time_point begin)
    : loop_(loop),
      random_(random),
      wire_(wire),
      in_{outside, inside, begin, {}},
      out_{inside, outside, begin, {}} {}

Relay::~Relay() {
  if (finished_) return;
  ::close(in_.from);
  ::close(in_.to);
}

void Relay::start() {
  loop_.watch(in_.from, shared_from_this());
  loop_.watch(in_.to, shared_from_this());
}

void Relay::on_ready() {
  for (auto* direction : {&in_, &out_}) {
    if (!finished_) take(*direction);
    if (!finished_) deliver(*direction);
  }
}

void Relay::take(Direction& direction) {
  static thread_local std::array<char, kPiece> buffer;
  while (!direction.ended) {
    auto count = ::recv(direction.from, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    direction.ended = count <= 0;  // a reset ends it as a close does
    keep(direction, std::string(buffer.data(), static_cast<std::size_t>(std::max<long>(count, 0))));
  }
}

void Relay::keep(Direction& direction, std::string bytes) {
  auto when = Loop::Clock::now() + wire_.delay(bytes.size(), random_);
  direction.last = std::max(direction.last, when);
  direction.chunks.push_back({direction.last, std::move(bytes)});
  loop_.at(direction.last, [weak = weak_from_this(), &direction] {
    if (auto self = weak.lock(); self && !self->finished_) self->deliver(direction);
  });
}

void Relay::deliver(Direction& direction) {
  auto now = Loop::Clock::now();
  while (!direction.chunks.empty() && direction.chunks.front().when <= now) {
    auto& bytes = direction.chunks.front().bytes;
    if (bytes.empty()) {
      ::shutdown(direction.to, SHUT_WR);
      direction.closed = true;
    } else if (!direction.closed) {
      auto sent = ::send(direction.to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0) direction.closed = true;
      if (sent >= 0 && static_cast<std::size_t>(sent) < bytes.size()) {
        bytes.erase(0, static_cast<std::size_t>(sent));
        continue;
      }
    }
    direction.chunks.pop_front();
  }
  if (out_.closed) finish();
}

void Relay::cut() {
  if (finished_) return;
  linger reset{1, 0};
  ::setsockopt(in_.from, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  finish();
}

void Relay::finish() {
  finished_ = true;
  auto self = shared_from_this();
  loop_.forget(in_.from, this);
  loop_.forget(in_.to, this);
  ::close(in_.from);
  ::close(in_.to);
}

}  // namespace muster::simulator
