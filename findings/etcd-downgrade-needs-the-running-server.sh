#!/bin/sh
# The offline ways from etcd 3.7 back to 3.6 say that they worked, and 3.6 does not start.
#
# `etcdutl migrate --target-version 3.6` on a stopped member of 3.7.3 ends with "updated storage
# version" and exit code 0; 3.6.16 then refuses the directory, since the version of the cluster, which
# migrate leaves alone, is in it too. `etcdutl snapshot restore` of 3.6.16 takes a snapshot of 3.7.3
# with exit code 0 as well; 3.6.16 refuses what it made. What works is to ask the running 3.7.3:
# `etcdctl downgrade enable 3.6`, and to stop it when it has written the older schema.
#
# Packages: go.etcd.io/etcd/{server,etcdctl,etcdutl}/v3 3.6.16 and 3.7.3 from the Go module proxy.
# Needs Go 1.26 and about 3 minutes of CPU.
#
# Seen:
#   migrate: exit code 0: updated storage version
#   migrated: 3.6.16 refuses: invalid downgrade; server version is lower than determined cluster version
#   restore: exit code 0: restored snapshot
#   restored: 3.6.16 refuses: version "3.7.0" is not supported
#   asked: 3.6.16 serves: value
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
old="$work/3.6.16" new="$work/3.7.3"

module() { # VERSION
  mkdir -p "$work/$1"
  (
    cd "$work/$1"
    { printf 'module finding\n\ngo 1.26.0\n\n' && for part in server etcdctl etcdutl; do
      echo "require go.etcd.io/etcd/$part/v3 v$1"
    done; } >go.mod
    GOFLAGS=-mod=mod CGO_ENABLED=0 nice go build -o . \
      go.etcd.io/etcd/server/v3 go.etcd.io/etcd/etcdctl/v3 go.etcd.io/etcd/etcdutl/v3
  ) >&2
}
ctl() { "$new/etcdctl" --endpoints="http://$address:2379" "$@"; }

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
try_old() { # DATA
  if serve "$old/server" "$work/$1"; then
    echo "$1: 3.6.16 serves: $(ctl get key --print-value-only)"
  else
    echo "$1: 3.6.16 refuses: $(grep -oE 'invalid downgrade; [^"]*|version ..3.7.0.. is not supported' \
      "$work/log" | head -n 1 | sed 's/[\\]//g')"
  fi
  end
}

module 3.6.16
module 3.7.3
serve "$new/server" "$work/asked"
ctl put key value >/dev/null
ctl snapshot save "$work/snapshot" >/dev/null 2>&1
sleep 5
end
cp -r "$work/asked" "$work/migrated"

"$new/etcdutl" migrate --data-dir "$work/migrated" --target-version 3.6 >"$work/migrate.log" 2>&1
"$old/etcdutl" snapshot restore "$work/snapshot" --data-dir "$work/restored" --name one \
  --initial-cluster "one=http://$address:2380" \
  --initial-advertise-peer-urls "http://$address:2380" >"$work/restore.log" 2>&1
serve "$new/server" "$work/asked"
until ctl downgrade enable 3.6 >/dev/null 2>&1; do sleep 1; done
tries=60
until ctl endpoint status -w json | grep -q '"storageVersion":"3.6.0"'; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ]
  sleep 1
done
end
{
  echo "migrate: exit code 0: $(grep -o 'updated storage version' "$work/migrate.log")"
  try_old migrated
  echo "restore: exit code 0: $(grep -o 'restored snapshot' "$work/restore.log")"
  try_old restored
  try_old asked
} >"$work/seen"
cat "$work/seen"
sed -n '/^# Seen:/,/^[^#]/s/^#   //p' "$0" | diff - "$work/seen"
echo "as before"
