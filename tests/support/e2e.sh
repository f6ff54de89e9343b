# Shared by tests/e2e: sourced, never run. Each case prints "ok NAME" or "FAIL NAME: why"; the
# script's exit code is honest. State and nodes are the test's own, the cache is this machine's.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=${MUSTER:-$root/build/release/muster}
[ -x "$muster" ] || { echo "FAIL there is a muster to test: $muster is not built"; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-e2e.XXXXXX")
# shellcheck source=tests/support/until.sh
. "$root/tests/support/until.sh"
# shellcheck source=tests/support/node-folder.sh
. "$root/tests/support/node-folder.sh"
# A folder of nodes of our own: others' clusters on this machine are left alone.
MUSTER_LOCAL_DIR=$(node_folder e2e) || { echo "FAIL the test has a folder of its own"; exit 1; }
export MUSTER_LOCAL_DIR MUSTER_STATE="$work/state" KUBECONFIG="$work/kubeconfig"
setsid "$root/tests/support/clean-up-after.sh" $$ "$muster" "$work" </dev/null >/dev/null 2>&1 &
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

use_cluster() {  # NAME: kubectl talks to this deployment from now on
  "$muster" kubeconfig "$1" > "$KUBECONFIG"
}
kubectl() { "$("$muster" artifacts path kubectl)" "$@"; }
absent() {  # WHAT...: kubectl gets none, and not for want of an answer
  local found
  found=$(kubectl get "$@" --ignore-not-found -o name --request-timeout=5s) && echo "$found" && [ -z "$found" ]
}

nodes_of() { "$muster" status "$1" -o json | sed -n 's/.*"name": "\([^"]*\)".*/\1/p' | tail -n +2; }
address_of() {  # DEPLOYMENT NODE
  "$muster" status "$1" | awk -v node="$2" '$1 == node { print $3 }'
}

lose() {  # HANDLE: a node of the test, as if it had never been: processes, then disk and record
  local group pid
  for group in /sys/fs/cgroup/pids/muster-"$1" /sys/fs/cgroup/muster-"$1"; do
    [ -d "$group" ] || continue
    find "$group" -name cgroup.procs -exec cat {} + | while read -r pid; do
      kill -9 "$pid" 2>/dev/null
    done
  done
  until_true 20 rm -rf "$MUSTER_LOCAL_DIR/nodes/$1" && rm "$MUSTER_LOCAL_DIR/nodes/$1.json"
}

# Puts the busybox image, for test pods, on every node of the deployment.
import_busybox() {
  local image node
  image=/opt/muster/store/$(basename "$("$muster" artifacts path busybox-image)")
  for node in $(nodes_of "$1"); do
    "$muster" ssh "$1" "$node" -- ctr -n k8s.io images import "$image" || return 1
  done
}

nothing_left() { "$root/tests/support/leftovers.sh" --only "$MUSTER_LOCAL_DIR"; }

# The nodes go in any case (clean-up-after.sh); that they were left is a failure all the same.
finish() {
  local left
  left=$("$muster" list 2>/dev/null)
  [ -z "$left" ] || fail "every deployment of the test is gone" "$left"
  [ "$failures" = 0 ] || exit 1
}
trap finish EXIT
trap 'exit 130' INT TERM
