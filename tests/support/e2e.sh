# Shared by tests/e2e: sourced, never run. Each case prints "ok NAME" or "FAIL NAME: why"; the
# script's exit code is honest. State is private to the test; nodes and the cache are this machine's.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=${MUSTER:-$root/build/release/muster}
[ -x "$muster" ] || { echo "FAIL there is a muster to test: $muster is not built"; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-e2e.XXXXXX")
export MUSTER_STATE="$work/state" KUBECONFIG="$work/kubeconfig"
failures=0

ok() { echo "ok $1"; }
fail() { echo "FAIL $1: ${2:-}"; failures=$((failures + 1)); }

# check NAME COMMAND...: the case passes when the command does; its output is shown when not. The
# command may be a function of the script: it sees our locals, so they have names of their own.
check() {
  local check_name=$1 check_said
  shift
  if check_said=$("$@" 2>&1); then ok "$check_name"; else fail "$check_name" "$* -> $? $check_said"; fi
}

# need NAME COMMAND...: a case without which the others mean nothing.
need() {
  local failures_before=$failures
  check "$@"
  [ "$failures" = "$failures_before" ] || exit 1
}

# until_true SECONDS COMMAND...: waits on a condition.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { "$@"; return 1; }
    sleep 0.2
  done
}

use_cluster() {  # NAME: kubectl talks to this deployment from now on
  "$muster" kubeconfig "$1" > "$KUBECONFIG"
}
kubectl() { "$("$muster" artifacts path kubectl)" "$@"; }

nodes_of() { "$muster" status "$1" -o json | sed -n 's/.*"name": "\([^"]*\)".*/\1/p' | tail -n +2; }
address_of() {  # DEPLOYMENT NODE
  "$muster" status "$1" | awk -v node="$2" '$1 == node { print $3 }'
}

# Puts the busybox image, for test pods, on every node of the deployment.
import_busybox() {
  local image node
  image=/opt/muster/store/$(basename "$("$muster" artifacts path busybox-image)")
  for node in $(nodes_of "$1"); do
    "$muster" ssh "$1" "$node" -- ctr -n k8s.io images import "$image" || return 1
  done
}

finish() {
  local name
  for name in $("$muster" list -o json 2>/dev/null | sed -n 's/^    "name": "\([^"]*\)".*/\1/p'); do
    "$muster" destroy "$name" --yes >/dev/null 2>&1
  done
  if [ -n "$("$muster" list 2>/dev/null)" ]; then
    fail "every deployment of the test is gone" "$("$muster" list)"
  fi
  rm -rf "$work"
  [ "$failures" = 0 ]
  exit
}
trap finish EXIT
trap 'exit 130' INT TERM
