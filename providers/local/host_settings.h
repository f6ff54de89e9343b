#pragma once

namespace muster {

/// Sets what local nodes need of the host's kernel, keeping the old values on record in /run:
/// room for more inotify instances (each node's systemd takes some, and the default is 128 for
/// all of root), and, when asked, forwarding of packets. A value that is enough stays.
void raise_host_settings(bool forwarding);
/// Puts the old values back. Fine when nothing was changed.
void restore_host_settings();

}  // namespace muster
