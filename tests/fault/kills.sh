#!/bin/bash
# muster is killed (-9) at many instants of apply, of a change, of rollback, and of destroy:
# what the provider has is on record each time, apply goes on where it was, destroy leaves nothing.
# Usage: kills.sh [BUILD_DIR [LIGHT [FULL [SEED [HOSTS]]]]]
# LIGHT instants with the light roles of this folder (0: every line of every run's events, and half
# as many between them), FULL ones with a Kubernetes cluster, HOSTS (half of LIGHT when absent) on existing
# hosts, where undos fail at random: a host is claimed whenever something of ours is on it. They are few
# here, for ./test.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

program=${1:-$root/build/debug}/tests/fault_kills
light=${2:-30} full=${3:-2} seed=${4:-$((RANDOM * 32768 + RANDOM))}
hosts=${5:-$((light / 2))}
export MUSTER=$muster MUSTER_INVENTORY_DIR=$work/claims
# shellcheck source=tests/support/loopback-hosts.sh
. "$root/tests/support/loopback-hosts.sh"
trap end_hosts EXIT
loopback_hosts "$work/hosts" one two three four

kills() {  # KIND INSTANTS
  setpriv --pdeathsig TERM "$program" "$1" "$2" "$seed" "$work" | tee "$work/said.$1"
  return "${PIPESTATUS[0]}"
}
echo "seed $seed"
for kind in hosts light full; do
  if kills "$kind" "${!kind}"; then ok "$kind: nothing lost, nothing leaked"
  else fail "$kind: nothing lost, nothing leaked" "again: $0 ${1:-$root/build/debug} $light $full $seed $hosts"; fi
done
sed -n 's/^instants tried //p' "$work"/said.* |
  awk -F '[ ,]+' '{ n += $1; leaks += $3; lost += $5 }
    END { printf "instants tried %d, leaks %d, lost %d\n", n, leaks, lost }'
