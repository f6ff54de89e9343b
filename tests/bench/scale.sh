#!/usr/bin/env bash
# What a run over many nodes takes. The nodes are a simulation (tests/simulator): all figures are.
# Usage: tests/bench/scale.sh [BUILD_DIR [CSV]]   (build/release; build/scale.csv)
#   Settings: NODES="1 10 100 1000 2000" (with 1 and 100), ROUND_TRIP=270 (ms), TRACE=FILE
# A user's role of 20 tasks over provider inventory, from nothing and again; one node more; a long
# way to the nodes. Prints tables; CSV has every run. docs/performance.md says what it means.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build=$(realpath "${1:-build/release}")
csv=${2:-build/scale.csv}
read -r -a sizes <<<"${NODES:-1 10 100 1000 2000}"
round_trip=${ROUND_TRIP:-270}

# In memory where there is such a place: what is measured is not this machine's disk.
place=/tmp
[ ! -w /dev/shm ] || place=/dev/shm
dir=$(mktemp -d "$place/muster-scale.XXXXXX")
simulator=
stop_simulator() {
  [ -z "$simulator" ] || kill -TERM "$simulator" 2>/dev/null || true
  [ -z "$simulator" ] || wait "$simulator" || true
  simulator=
}
trap 'stop_simulator; rm -rf "$dir"' EXIT

cmake --build "$build" --target muster muster-simulator bench_usage >"$dir/build" ||
  { cat "$dir/build" >&2; exit 1; }

export HOME=$dir/home MUSTER_CACHE=$dir/cache
unset SSH_AUTH_SOCK XDG_STATE_HOME
mkdir -p "$HOME" "$dir/roles/roles/many"
ssh-keygen -q -t ed25519 -N "" -f "$dir/key"
{
  printf 'role: many\ndescription: twenty small files\ntasks:\n'
  for i in {1..20}; do
    printf '  - {name: file %s, file: {path: /srv/many/%s, content: "%s\\n"}}\n' "$i" "$i" "$i"
  done
} >"$dir/roles/roles/many/role.yaml"

start_simulator() {  # NODES OPTION...
  local nodes=$1
  shift
  stop_simulator
  rm -f "$dir/hosts.yaml"
  : >"$dir/said"  # the last one was ready too
  "$build/tests/muster-simulator" --nodes "$nodes" --authorized-key "$dir/key.pub" \
    --identity "$dir/key" --inventory "$dir/hosts.yaml" "$@" >"$dir/said" &
  simulator=$!
  until grep -q ^ready "$dir/said"; do
    kill -0 "$simulator" || exit 1
    sleep 0.02
  done
}

# What the simulator counted so far, as a line of JSON.
counters() {
  local before now
  before=$(wc -l <"$dir/said")
  kill -USR1 "$simulator"
  until now=$(wc -l <"$dir/said") && [ "$now" -gt "$before" ]; do
    kill -0 "$simulator" || exit 1
    sleep 0.01
  done
  tail -n 1 "$dir/said"
}
count() { sed -nE "s/.*\"$2\":(-?[0-9]+).*/\1/p" <<<"$1"; }  # COUNTERS NAME

definition() {  # NODES
  printf '{"name": "many", "provider": {"name": "inventory", "hints": {"file": "%s"}},
"nodes": [{"prefix": "node", "roles": ["many"], "count": %s}]}\n' "$dir/hosts.yaml" "$1"
}

# The most threads of muster, until bench_usage, which runs it, has ended.
watch_threads() {  # PID-OF-BENCH_USAGE
  local most=0 key value child=
  while kill -0 "$1" 2>/dev/null; do
    if [ -s "$dir/pid" ]; then read -r child <"$dir/pid"; fi
    if [ -e "/proc/${child:-none}/status" ]; then
      while read -r key value; do
        if [ "$key" = Threads: ] && [ "$value" -gt "$most" ]; then most=$value; fi
      done 2>/dev/null <"/proc/$child/status" || true
    fi
    sleep 0.02
  done
  echo "$most"
}

# Sets wall, cpu, peak (KiB), threads, steps, sessions (logins), connections, scripts and played (ms
# of the simulator's CPU) to what an apply took, and adds a line to the CSV.
apply() {  # LABEL NODES STATE [OPTION...]
  local label=$1 nodes=$2 state=$3 before after usage
  shift 3
  definition "$nodes" >"$dir/many.json"
  before=$(counters)
  rm -f "$dir/pid"
  MUSTER_STATE=$dir/state-$state MUSTER_INVENTORY_DIR=$dir/claims-$state \
    "$build/tests/bench_usage" "$dir/usage" \
    sh -c "echo \$\$ >'$dir/pid'"'; exec "$@"' sh "$build/muster" --roles "$dir/roles" apply \
    "$dir/many.json" --yes "$@" >"$dir/out" 2>&1 &
  usage=$!
  threads=$(watch_threads "$usage")
  wait "$usage" || { tail -n 20 "$dir/out" >&2; exit 1; }
  after=$(counters)
  read -r wall cpu peak <"$dir/usage"
  since() { echo $(($(count "$after" "$1") - $(count "$before" "$1"))); }
  sessions=$(since authenticated) connections=$(since accepted) played=$(since cpu_ms)
  facts=$(since facts) scripts=$(since scripts)
  steps=$(sed -nE 's/^many: (.*) in [0-9].*/\1/p' "$dir/out" | tail -n 1 |
    awk -F, '{ for (i = 1; i <= NF; i++) n += $i; print n + 0 }')
  set_up=$(count "$after" setup_us) work=$(count "$after" work_us)
  echo "$label,$nodes,$wall,$cpu,$played,$peak,$threads,$connections,$sessions,$facts,$scripts,$steps" \
    >>"$csv"
}

mkdir -p "$(dirname "$csv")"
echo "run,nodes,wall_ms,cpu_ms,simulator_cpu_ms,peak_kib,threads,connections,sessions,facts,scripts,steps" >"$csv"
limit=$((2 * $(nproc) + 4))

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", b == 0 ? 0 : a / b }'; }
per_node() { awk -v a="$1" -v fixed="$2" -v n="$3" 'BEGIN { printf "%.2f", (a - fixed) / (n - 1) }'; }
row() {
  printf '|'
  printf ' %s |' "$@"
  printf '\n'
}

echo "All nodes are simulated. $(nproc) cores, shared by muster and the simulator."
echo
row run nodes "wall s" "muster's CPU s" "simulator's CPU s" "peak MB" "threads (limit $limit)" sessions steps
row --- --- --- --- --- --- --- --- ---
show() { row "$1" "$2" "$(ratio "$wall" 1000)" "$(ratio "$cpu" 1000)" "$(ratio "$played" 1000)" \
  $((peak / 1024)) "$threads" "$sessions" "$steps"; }

# The fastest of some: what else the machine does only makes it slower.
least() {  # LABEL NODES TIMES: sets least_wall and least_cpu
  local i
  least_wall=999999999 least_cpu=999999999
  for ((i = 1; i <= $3; i++)); do
    start_simulator "$2"
    rm -rf "$dir/state-$2" "$dir/claims-$2"
    apply "$1" "$2" "$2"
    if [ "$wall" -lt "$least_wall" ]; then least_wall=$wall; fi
    if [ "$cpu" -lt "$least_cpu" ]; then least_cpu=$cpu; fi
  done
}

declare -A wall_of cpu_of
for nodes in "${sizes[@]}"; do
  times=2
  [ "$nodes" -gt 100 ] || times=3
  least first "$nodes" "$times"
  wall_of[$nodes]=$least_wall cpu_of[$nodes]=$least_cpu
  show first "$nodes"
  apply second "$nodes" "$nodes"
  show second "$nodes"
done

echo
row nodes "muster's CPU per node, ms" "wall per node, ms" "CPU beside 100 nodes" "wall beside 100 nodes"
row --- --- --- --- ---
cpu_at_100=$(per_node "${cpu_of[100]}" "${cpu_of[1]}" 100)
wall_at_100=$(per_node "${wall_of[100]}" "${wall_of[1]}" 100)
for nodes in "${sizes[@]}"; do
  [ "$nodes" -gt 1 ] || continue
  cpu_each=$(per_node "${cpu_of[$nodes]}" "${cpu_of[1]}" "$nodes")
  wall_each=$(per_node "${wall_of[$nodes]}" "${wall_of[1]}" "$nodes")
  row "$nodes" "$cpu_each" "$wall_each" "$(ratio "$cpu_each" "$cpu_at_100")" \
    "$(ratio "$wall_each" "$wall_at_100")"
done

echo
row "one node more than" "wall s" "muster's CPU s" "peak MB" sessions steps "CPU beside 100"
row --- --- --- --- --- --- ---
more_at_100=
for nodes in "${sizes[@]}"; do
  if [ "$nodes" -lt 100 ] || [ "$nodes" -gt 1000 ]; then continue; fi
  start_simulator $((nodes + 1))
  rm -rf "$dir/state-more" "$dir/claims-more"
  apply before "$nodes" more
  apply more $((nodes + 1)) more
  more_at_100=${more_at_100:-$cpu}
  row "$nodes" "$(ratio "$wall" 1000)" "$(ratio "$cpu" 1000)" $((peak / 1024)) "$sessions" "$steps" \
    "$(ratio "$cpu" "$more_at_100")"
done

start_simulator 100 --latency "$round_trip"
rm -rf "$dir/state-far" "$dir/claims-far"
apply far 100 far
echo
echo "100 nodes, $round_trip ms away: $(ratio "$wall" 1000) s, $(ratio "$wall" "$round_trip") round trips."
echo "The simulator saw, per node: from the connection to the login $(ratio "$set_up" "$((round_trip * 1000))")"
echo "round trips, from the login to the last answer $(ratio "$work" "$((round_trip * 1000))")."
echo "Bound (set-up, half a round trip for the word of the login, and 3): $(ratio \
  $((set_up + round_trip * 3500)) 1000000) s."

if [ -n "${TRACE:-}" ]; then
  start_simulator 20 --latency 20 --jitter 5 --task-ms 10 --slow 10
  rm -rf "$dir/state-trace" "$dir/claims-trace"
  apply trace 20 trace --trace "$TRACE"
fi
stop_simulator
echo "every run: $csv" >&2
