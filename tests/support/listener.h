#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>

namespace muster {

inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// Binds the socket to a free port of loopback, listens, and returns the port.
inline int listen_on_loopback(int socket) {
  auto address = loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket, generic, size) != 0 || ::listen(socket, 16) != 0 ||
      ::getsockname(socket, generic, &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  return ntohs(address.sin_port);
}

}  // namespace muster
