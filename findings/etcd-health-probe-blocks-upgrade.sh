#!/bin/sh
# etcd 3.4's GET /health is a write, and one of them stops the upgrade two minors later.
#
# etcd is to be upgraded one minor at a time: 3.4 -> 3.5 -> 3.6. Two members of 3.4.23 hold the same
# key and are taken along that path. The only difference: one was asked GET /health once, while it was
# 3.4. That one 3.6.16 refuses, since 3.4 answers the question by a request of the v2 API through
# raft, which stays in the write-ahead log. `etcdctl endpoint health` leaves nothing behind.
#
# Packages: Debian 12's etcd-server and etcd-client 3.4.23; go.etcd.io/etcd/server/v3 3.5.35 and 3.6.16
# from the Go module proxy. Needs Debian 12, apt-get, Go 1.26 and about 3 minutes of CPU.
#
# Seen:
#   not-asked: 3.5.35 served
#   not-asked: 3.6.16 serves: value
#   asked: 3.5.35 served
#   asked: 3.6.16 refuses: detected disallowed v2 WAL for stage --v2-deprecation=write-only
set -eu

work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
pid=
end() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
  pid=
}
trap 'end; rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
# An address of the loopback that no other run has.
address=127.77.$(($$ / 256 % 256)).$(($$ % 256))

debian() {
  (cd "$work" && apt-get download -qq etcd-server etcd-client && for deb in *.deb; do
    dpkg-deb -x "$deb" debian
  done) >&2
  "$work/debian/usr/bin/etcd" --version | grep -q 3.4.23
}
module() {
  mkdir -p "$work/$1"
  (cd "$work/$1" && printf 'module finding\n\ngo 1.26.0\n\nrequire go.etcd.io/etcd/server/v3 v%s\n' \
    "$1" >go.mod && GOFLAGS=-mod=mod CGO_ENABLED=0 nice go build -o etcd go.etcd.io/etcd/server/v3) >&2
}
ctl() { ETCDCTL_API=3 "$work/debian/usr/bin/etcdctl" --endpoints="http://$address:2379" "$@"; }

# Starts PROGRAM on DATA and waits until it serves; 1 when it ended before.
serve() {
  "$1" --name one --data-dir "$2" --listen-client-urls "http://$address:2379" \
    --advertise-client-urls "http://$address:2379" --listen-peer-urls "http://$address:2380" \
    --initial-advertise-peer-urls "http://$address:2380" \
    --initial-cluster "one=http://$address:2380" >"$work/log" 2>&1 &
  pid=$!
  while ! ctl --command-timeout=1s get key >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.2
  done
}

upgrade() { # DATA
  serve "$work/3.5.35/etcd" "$1" && sleep 5 && end
  echo "$(basename "$1"): 3.5.35 served"
  if serve "$work/3.6.16/etcd" "$1"; then
    echo "$(basename "$1"): 3.6.16 serves: $(ctl get key --print-value-only)"
  else
    echo "$(basename "$1"): 3.6.16 refuses: $(grep -o 'detected disallowed [^"]*' "$work/log" | head -n 1)"
  fi
  end
}

debian
module 3.5.35
module 3.6.16
for member in not-asked asked; do
  serve "$work/debian/usr/bin/etcd" "$work/$member"
  ctl put key value >/dev/null
  ctl endpoint health >/dev/null 2>&1
  [ "$member" = not-asked ] || curl -s "http://$address:2379/health" >/dev/null
  end
done
{ upgrade "$work/not-asked" && upgrade "$work/asked"; } | tee "$work/seen"
sed -n '/^# Seen:/,/^[^#]/s/^#   //p' "$0" | diff - "$work/seen"
echo "as before"
