#!/bin/sh
# A snapshot takes etcd from 3.4 to 3.7 in one step; the data directory it was taken of never goes.
#
# Upgrades of etcd are one minor at a time, and 3.7.3 does refuse the data directory of 3.4.23. But the
# newest `etcdutl snapshot restore` makes a directory of a snapshot of 3.4.23 that 3.7.3 serves at
# once, with its keys and its revision: restoring writes a log and a schema of its own release.
#
# Packages: Debian 12's etcd-server and etcd-client 3.4.23; go.etcd.io/etcd/server/v3 and etcdutl/v3
# 3.7.3 from the Go module proxy. Needs Debian 12, apt-get, Go 1.26 and about 2 minutes of CPU.
#
# Seen:
#   data: 3.7.3 refuses: Failed to detect storage schema version
#   restored: 3.7.3 serves: c, revision 4 -> 4
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
etcd34="$work/debian/usr/bin/etcd" etcd37="$work/server" etcdutl="$work/etcdutl"

install() {
  (
    cd "$work"
    apt-get download -qq etcd-server etcd-client
    for deb in *.deb; do dpkg-deb -x "$deb" debian; done
    { printf 'module finding\n\ngo 1.26.0\n\n' && for part in server etcdutl; do
      echo "require go.etcd.io/etcd/$part/v3 v3.7.3"
    done; } >go.mod
    GOFLAGS=-mod=mod CGO_ENABLED=0 nice go build -o "$work/" \
      go.etcd.io/etcd/server/v3 go.etcd.io/etcd/etcdutl/v3
  ) >&2
  "$etcd34" --version | grep -q 3.4.23
}
ctl() { ETCDCTL_API=3 "$work/debian/usr/bin/etcdctl" --endpoints="http://$address:2379" "$@"; }
# The one number that counts all writes.
revision() { ctl get key -w json | sed 's/.*"revision":\([0-9]*\).*/\1/'; }

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

install
serve "$etcd34" "$work/data"
for value in a b c; do ctl put key "$value" >/dev/null; done
ctl snapshot save "$work/snapshot" >/dev/null 2>&1
was=$(revision)
end
"$etcdutl" snapshot restore "$work/snapshot" --data-dir "$work/restored" --name one \
  --initial-cluster "one=http://$address:2380" \
  --initial-advertise-peer-urls "http://$address:2380" >"$work/restore.log" 2>&1

for data in data restored; do
  if serve "$etcd37" "$work/$data"; then
    echo "$data: 3.7.3 serves: $(ctl get key --print-value-only), revision $was -> $(revision)"
  else
    echo "$data: 3.7.3 refuses: $(grep -o 'Failed to detect storage schema version' "$work/log" | head -n 1)"
  fi
  end
done >"$work/seen"
cat "$work/seen"
sed -n '/^# Seen:/,/^[^#]/s/^#   //p' "$0" | diff - "$work/seen"
echo "as before"
