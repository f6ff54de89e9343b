#!/usr/bin/env bash
# How long a classroom takes beside its students one after the other: one cluster of a master and a
# worker by provider local, then STUDENTS of them in one run. Real clusters, from nothing; artifacts
# and the node image are there already.
# Usage: classroom.sh [BUILD_DIR [STUDENTS]]. Needs root.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
muster=$(realpath "${1:-build/release}/muster")
students=${2:-6}
work=$(mktemp -d)
mkdir -p /var/lib/muster
MUSTER_LOCAL_DIR=$(mktemp -d /var/lib/muster/bench.XXXXXX)
export MUSTER_LOCAL_DIR MUSTER_STATE=$work/state
finish() {
  "$muster" classroom destroy lab --yes >/dev/null 2>&1 || true
  rm -rf "$work" "$MUSTER_LOCAL_DIR"
  rmdir --ignore-fail-on-non-empty /var/lib/muster
}
trap finish EXIT
trap 'exit 130' INT TERM

cat >"$work/lab.json" <<'JSON'
{
  "name": "lab",
  "provider": {"name": "local"},
  "nodes": [{"roles": ["etcd", "k8s-master", "k8s-addons"]}, {"roles": ["k8s-worker"]}]
}
JSON

# Sets took, in seconds, and peak, the memory of muster in MB.
apply() {  # STUDENTS
  local began=$EPOCHREALTIME pid now
  { echo name,ssh key; for i in $(seq "$1"); do echo "student $i,$(cat "$work/key.pub")"; done; } \
    >"$work/roster.csv"
  "$muster" classroom apply --template "$work/lab.json" --roster "$work/roster.csv" --yes \
    >"$work/out" 2>&1 &
  pid=$!
  peak=0
  while now=$(awk '$1 == "VmHWM:" { print int($2 / 1024) }' "/proc/$pid/status" 2>/dev/null) &&
    [ -n "$now" ]; do
    peak=$now
    sleep 0.2
  done
  wait "$pid" || { tail -n 30 "$work/out" >&2; exit 1; }
  took=$(awk -v began="$began" -v ended="$EPOCHREALTIME" 'BEGIN { print ended - began }')
}
ssh-keygen -q -t ed25519 -N '' -f "$work/key"

apply 1
one=$took
"$muster" classroom destroy lab --yes >/dev/null 2>&1
apply "$students"
echo '| students | wall s | beside so many times one | memory of muster, MB |'
echo '| --- | --- | --- | --- |'
awk -v one="$one" 'BEGIN { printf "| 1 | %.1f | 1.00 | |\n", one }'
awk -v one="$one" -v all="$took" -v n="$students" -v peak="$peak" \
  'BEGIN { printf "| %d | %.1f | %.2f | %d |\n", n, all, all / (n * one), peak }'
