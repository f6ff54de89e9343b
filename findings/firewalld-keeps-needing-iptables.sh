#!/bin/sh
# A firewalld that began while iptables was installed cannot be loaded anew once iptables is removed, though its backend
# is nftables: it ends in the policy that drops all, and nobody gets in. One that began before iptables came does not
# care.
#
# firewalld looks for iptables-restore and its kin when it begins, for rules of its "direct" interface, and takes what
# it found for there. Removing the package goes well, nothing is said, and what was open stays open. The next
# `firewall-cmd --reload`, whoever asks for it, flushes by a program that is gone, cannot reverse that, and leaves the
# table that drops what comes while rules are exchanged. A restart after the removal is enough.
#
# Packages: firewalld 1.3.3-1~deb12u2 and iptables 1.8.9-2 of Debian 12 with what they need, in a root folder and
# namespaces of their own. Needs root, mmdebstrap, util-linux, iproute2 and a minute.
#
# Seen:
#   began without iptables, which came and went: reload 0, port open, tables firewalld
#   began with iptables: reload 0, port open, tables firewalld
#   iptables is removed: port open, tables firewalld
#   and then: reload 254, port shut, tables firewalld_policy_drop
#   restarted: reload 0, port open, tables firewalld
set -eu

if [ "${1-}" != inside ]; then
  work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
  trap 'rm -rf --one-file-system "$work"' EXIT
  trap 'exit 130' HUP INT TERM
  # shellcheck disable=SC2016
  mmdebstrap -q --variant=minbase --include=firewalld,dbus,netbase,nftables \
    --customize-hook='chroot "$1" apt-get -qy --no-install-recommends --download-only install iptables' \
    --customize-hook='mkdir "$1/root/debs" && cp "$1"/var/cache/apt/archives/*.deb "$1/root/debs"' \
    bookworm "$work/root" http://deb.debian.org/debian >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
  unshare --mount --net --pid --fork --kill-child sh "$0" inside "$work/root" >"$work/seen" 2>"$work/log" ||
    { cat "$work/seen" "$work/log" "$work/root/var/log/firewalld" >&2; exit 1; }
  cat "$work/seen"
  sed -n '/^# Seen:$/,/^[^#]/s/^#   //p' "$0" >"$work/wanted"
  diff "$work/wanted" "$work/seen"
  echo "as before"
  exit
fi

root=$2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t proc proc /proc
mount -t tmpfs none "$root/run"
mkdir -p "$root/run/dbus" "$root/run/lock"
in_root() { chroot "$root" "$@"; }

# A neighbour, who asks.
ip link set lo up
unshare --net sleep 600 &
neighbour=$!
until [ "$(readlink /proc/$neighbour/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
ip link add inner type veth peer name outer netns $neighbour
ip address add 10.99.0.1/24 dev inner
ip link set inner up
nsenter --net=/proc/$neighbour/ns/net ip address add 10.99.0.2/24 dev outer
nsenter --net=/proc/$neighbour/ns/net ip link set outer up
in_root python3 -c '
import socket
server = socket.create_server(("10.99.0.1", 8080))
while True: server.accept()' &
port() {
  nsenter --net=/proc/$neighbour/ns/net timeout 20 bash -c 'exec 3<>/dev/tcp/10.99.0.1/8080' 2>/dev/null && echo open || echo shut
}

firewalld=
begin() {
  if [ -n "$firewalld" ]; then
    kill "$firewalld"
    wait "$firewalld" || true
  fi
  chroot "$root" firewalld --nofork >&2 &
  firewalld=$!
  until in_root firewall-cmd -q --state; do
    kill -0 $firewalld
    sleep 0.2
  done
}
reload() {
  code=0
  in_root firewall-cmd -q --reload || code=$?
  echo "reload $code, $(seen)"
}
seen() {
  echo "port $(port), tables $(in_root nft list tables | sed -n 's/.* \(firewalld.*\)/\1/p' | xargs)"
}
install_iptables() { in_root sh -c 'dpkg -i /root/debs/*.deb' >&2; }
remove_iptables() { in_root dpkg --purge iptables >&2; }

[ "$(in_root dpkg-query -W -f '${Version}' firewalld)" = 1.3.3-1~deb12u2 ]
in_root dbus-daemon --system --fork
begin
in_root firewall-cmd -q --permanent --add-port=8080/tcp
install_iptables
[ "$(in_root dpkg-query -W -f '${Version}' iptables)" = 1.8.9-2 ]
remove_iptables
echo "began without iptables, which came and went: $(reload)"
install_iptables
begin
echo "began with iptables: $(reload)"
remove_iptables
echo "iptables is removed: $(seen)"
echo "and then: $(reload)"
begin
echo "restarted: $(reload)"
