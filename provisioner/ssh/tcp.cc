#include "provisioner/ssh/tcp.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "provisioner/base/backoff.h"
#include "provisioner/base/fibers.h"
#include "provisioner/ssh/session.h"

namespace muster {

namespace {

using Milliseconds = std::chrono::milliseconds;

struct AddressesFree {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, AddressesFree>;

ConnectionLost cannot_connect(const std::string& host, int port, const std::string& why) {
  return ConnectionLost("cannot connect to '" + host_and_port(host, port) + "': " + why);
}

Addresses resolve(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const auto service = std::to_string(port);
  // An address needs no question to anybody; a name may take the server's time.
  hints.ai_flags |= AI_NUMERICHOST;
  int failure = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &list);
  if (failure == EAI_NONAME) {
    hints.ai_flags &= ~AI_NUMERICHOST;
    run_blocking([&] { failure = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &list); });
  }
  if (failure != 0) throw cannot_connect(host, port, ::gai_strerror(failure));
  return Addresses(list);
}

/// 0, or the errno of the failure.
int connect_to(const Descriptor& socket, const addrinfo& address, const Deadline& deadline) {
  if (::connect(socket.fd(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!wait_for_descriptor(socket.fd(), false, true, deadline)) return ETIMEDOUT;
  int failure = 0;
  socklen_t size = sizeof failure;
  ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &failure, &size);
  return failure;
}

/// The first line of at most 255 bytes that starts with "SSH-" (RFC 4253, 4.2; other lines may
/// come before it).
bool reads_banner(int fd, const Deadline& deadline) {
  std::string text;
  char buffer[256];
  while (text.size() < 8192 && wait_for_descriptor(fd, true, false, deadline)) {
    auto count = ::recv(fd, buffer, sizeof buffer, 0);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return false;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.starts_with("SSH-") || text.find("\nSSH-") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

std::string host_and_port(const std::string& host, int port) {
  if (port == 22) return host;
  bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Descriptor connect_tcp(const std::string& host, int port, const Deadline& deadline) {
  auto addresses = resolve(host, port);
  int count = 0;
  for (auto* at = addresses.get(); at != nullptr; at = at->ai_next) ++count;
  int failure = 0;
  for (auto* at = addresses.get(); at != nullptr; at = at->ai_next, --count) {
    Descriptor socket(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.fd() < 0) {
      failure = errno;
      continue;
    }
    failure = connect_to(socket, *at, Deadline(deadline.left() / count));
    if (failure == 0) {
      int on = 1;
      ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return socket;
    }
  }
  throw cannot_connect(host, port, std::strerror(failure));
}

std::string ip_address_of(const std::string& host) {
  try {
    auto addresses = resolve(host, 0);
    const auto* chosen = addresses.get();
    for (const auto* at = chosen; at != nullptr; at = at->ai_next) {
      if (at->ai_family == AF_INET) {
        chosen = at;
        break;
      }
    }
    char text[NI_MAXHOST];
    if (::getnameinfo(chosen->ai_addr, chosen->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      return text;
    }
  } catch (const ConnectionLost&) {  // nobody knows it
  }
  return "";
}

bool answers_ssh(const std::string& address, int port, Milliseconds deadline,
                 const std::stop_token& stop) {
  // The kernel's own pauses between tries grow to half a minute; ours suit a machine that boots.
  constexpr Milliseconds kTry{5'000};
  constexpr Milliseconds kPause{20};
  constexpr Milliseconds kMostPause{500};
  Backoff pauses(kPause, kMostPause);
  for (Deadline until(deadline); !until.passed() && !stop.stop_requested();) {
    const Deadline one(std::min(kTry, until.left()));
    try {
      auto socket = connect_tcp(address, port, one);
      if (reads_banner(socket.fd(), one)) return true;
    } catch (const ConnectionLost&) {
      // Nothing there yet.
    }
    pause_for(std::min(pauses.next(), until.left()), stop);
  }
  return false;
}

}  // namespace muster
