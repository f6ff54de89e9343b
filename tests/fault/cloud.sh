#!/usr/bin/env bash
# muster is killed (-9) at random instants while it works with a provider that is as slow and forgetful
# as a cloud (cloud.py), on simulated nodes: nothing is lost, and nothing left.
# Usage: MUSTER=build/debug/muster cloud.sh [BUILD_DIR [INSTANTS [SEED]]]
# Runs beside others. Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2154,SC2317  # what check calls is reached; cases.sh counts the failures
set -u

suite=cloud
# shellcheck source=tests/support/simulation.sh
. "$(dirname "$0")/../support/simulation.sh" "$@"
command -v python3 > /dev/null || { echo "skip cloud: needs python3"; exit 0; }
PATH=$(dirname "$(python3 -c 'import sys; print(sys.executable)')"):$PATH
count=${2:-20} seed=${3:-$((RANDOM * 32768 + RANDOM))}
echo "seed $seed"

play 12
addresses=$(sed -nE 's/.*address: ([0-9.]+).*port: ([0-9]+).*/"\1:\2"/p' "$work/hosts.yaml" | paste -sd,)
printf '{"name": "cloud", "kind": "exec", "hints": {"program": "%s", "file": "%s", "addresses": [%s],
  "identity": "%s", "late": 0.4, "lag": 3, "twice": 0.3}}\n' "$root/tests/fault/cloud.py" \
  "$work/cloud.nodes" "$addresses" "$work/key" > "$work/cloud.provider"
"$muster" provider create "$work/cloud.provider" > "$work/out" 2>&1 || { cat "$work/out"; exit 1; }
for size in few:2 more:3; do
  printf '{"name": "cloud", "provider": {"name": "cloud"}, "nodes": [{"prefix": "c", "roles": ["few"], "count": %s}]}\n' \
    "${size#*:}" > "$work/${size%:*}.json"
done
if python3 -B "$root/tests/fault/cloud_kills.py" "$muster" "$work" "$count" "$seed"; then
  ok "a provider that is late, makes twice and lists less: nothing lost, nothing leaked"
else
  fail "a provider that is late, makes twice and lists less: nothing lost, nothing leaked" \
    "again: $0 $build $count $seed; $(tail -n 30 "$work/runs.log")"
fi
exit $((failures > 0))
