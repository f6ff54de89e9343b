#!/usr/bin/env bash
# How long a plan takes and how much memory, by the number of nodes.
# Usage: tests/bench/plan_scale.sh [BUILD_DIR [NODES...]]   (build/release; 1000 3000 10000)
# First the planner alone, with the law by which it grows (Google Benchmark), then the whole
# command: a new deployment, one that has all it wants, and one that gets a node more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build=${1:-build/release}
shift || true
[ $# -gt 0 ] || set -- 1000 3000 10000

# In memory where there is such a place: filling a state is not what is measured.
place=/tmp
[ ! -w /dev/shm ] || place=/dev/shm
dir=$(mktemp -d "$place/muster-plan-scale.XXXXXX")
trap 'rm -rf "$dir"' EXIT

programs=(muster bench_fill_state bench_usage)
if cmake --build "$build" --target help | grep -q bench_plan_scale; then
  programs+=(bench_plan_scale)
else
  echo "no Google Benchmark (scripts/install-dependencies --bench): the command only" >&2
fi
cmake --build "$build" --target "${programs[@]}" >"$dir/build" || { cat "$dir/build" >&2; exit 1; }

# The fastest of five: what else the machine does only makes it slower.
measure() {  # LABEL NODES ARGUMENT...
  local label=$1 nodes=$2 best=
  shift 2
  for _ in 1 2 3 4 5; do
    "$build/tests/bench_usage" "$dir/usage" "$build/muster" plan "$@" >"$dir/out" 2>"$dir/talk" ||
      { cat "$dir/talk" >&2; exit 1; }
    best=$(printf '%s\n%s\n' "$best" "$(cat "$dir/usage")" | grep . | sort -n | head -n 1)
  done
  read -r wall cpu peak <<<"$best"
  printf '%-34s %6s nodes  %6s ms  %6s ms of CPU  %4s MB\n' "$label" "$nodes" "$wall" "$cpu" \
    $((peak / 1024))
}

for nodes; do
  state=$dir/state-$nodes
  "$build/tests/bench_fill_state" "$state" "$nodes" >"$dir/$nodes.json"
  sed "s/\"count\": $((nodes - 3))/\"count\": $((nodes - 2))/" "$dir/$nodes.json" >"$dir/more.json"
  measure "new deployment" "$nodes" "$dir/$nodes.json" --state "$dir/empty"
  measure "new deployment, --json" "$nodes" "$dir/$nodes.json" --state "$dir/empty" --json
  measure "nothing to do" "$nodes" "$dir/$nodes.json" --state "$state"
  grep -q '^nothing to do' "$dir/out" || { echo "the state does not fit" >&2; exit 1; }
  measure "a node more" "$nodes" "$dir/more.json" --state "$state"
  tail -n 1 "$dir/out"
done
[ "${#programs[@]}" -eq 3 ] || "$build/tests/bench_plan_scale"
