#!/bin/bash
# What befalls the state: its disk is full, and eight processes want it at once.
# Usage: store.sh [BUILD_DIR]
# The small disk is mounted for this script and its children alone: the mount ends with them.
[ -n "${FAULT_STORE_ALONE:-}" ] || FAULT_STORE_ALONE=1 exec unshare --mount "$0" "$@"
# shellcheck source=tests/fault/support.sh
. "$(dirname "$0")/support.sh"

# --- a full disk under the state ---------------------------------------------------------------------

own_state=$MUSTER_STATE
small=$work/small
mkdir "$small"
mount -t tmpfs -o size=2m small "$small" || exit 1
export MUSTER_STATE=$small/state
fill() { ! dd if=/dev/zero of="$small/fill" bs=4k 2>/dev/null; }

definition no-room
fill
start apply "$file"
finished
check "no room for a new state: exit code" ended_with 3
check "no room for a new state: it says so" said "the disk is full"
check "no room for a new state: and what to do" said "free some space, then run the same command again"
rm "$small/fill"

# At several instants there is suddenly no room any more.
for instant in run_started 'step_finished.*create f-worker-00[12]' 'step_started.*etcd on' \
  'step_started.*k8s-worker on f-worker-001'; do
  name="no room at '$instant'"
  start apply "$file"
  end=$((SECONDS + 60))  # the last instant is soon over
  until happened "$instant" || [ $SECONDS -ge $end ]; do sleep 0.01; done
  happened "$instant" || fail "$name: the instant comes" "$(last_words)"
  fill
  finished
  check "$name: exit code" ended_with 3
  check "$name: it says so" said "the disk is full"
  rm "$small/fill"
  all_well "$name" no-room
done

definition no-room
need "no room for destroy: apply" light apply "$file"
fill
start destroy no-room --yes
finished
check "no room for destroy: exit code" ended_with 3
check "no room for destroy: it says so" said "the disk is full"
rm "$small/fill"
as_recorded "no room for destroy" no-room
gone "no room for destroy" no-room
umount "$small"
export MUSTER_STATE=$own_state

# --- eight at once -----------------------------------------------------------------------------------

one_node() {  # NAME
  echo "{ \"name\": \"$1\", \"commit\": false, \"nodes\": [
    { \"prefix\": \"$1\", \"roles\": [\"etcd\", \"k8s-master\"] } ] }" > "$work/$1.json"
}
# eight COMMAND...: eight of them at once, with # for the number; leaves said.N and code.N.
eight() {
  local i pids=()
  for i in {1..8}; do
    (
      "$muster" "${@//\#/$i}" > "$work/said.$i" 2>&1
      echo $? > "$work/code.$i"
    ) &
    pids+=($!)
  done
  wait "${pids[@]}"
}
codes() { cat "$work"/code.* | sort | uniq -c | awk '{ printf "%s%d of %s", sep, $1, $2; sep = ", " }'; }
codes_are() { [ "$(codes)" = "$1" ] || { codes; cat "$work"/said.*; return 1; }; }
never_said() { ! grep "$1" "$work"/said.*; }

for i in {1..8}; do one_node "eight-$i"; done
eight apply "$work/eight-#.json"
check "eight deployments at once: all are made" codes_are "8 of 0"
check "eight deployments at once: nobody sees a locked database" never_said "database is locked"
for i in {1..8}; do as_recorded "eight deployments at once: $i" "eight-$i"; done
eight destroy "eight-#" --yes
check "eight destroys at once: all are done" codes_are "8 of 0"
check "eight destroys at once: nobody sees a locked database" never_said "database is locked"
check "eight destroys at once: nothing is left" nothing_left

one_node same
eight apply "$work/same.json"
check "eight times the same at once: each ends with 0, or with 3 as another has it" \
  test -z "$(cat "$work"/code.* | grep -v '^[03]$')"
check "eight times the same at once: one gets it" grep -qx 0 "$work"/code.*
refused_ones_name_the_holder() {
  local i
  for i in $(grep -lx 3 "$work"/code.* | sed 's/.*\.//'); do
    grep -q "'same' is in use by .*pid .*since .*running 'muster apply" "$work/said.$i" || cat "$work/said.$i"
  done | tee "$work/unnamed"
  [ ! -s "$work/unnamed" ]
}
check "eight times the same at once: those refused name the holder" refused_ones_name_the_holder
check "eight times the same at once: nobody sees a locked database" never_said "database is locked"
as_recorded "eight times the same at once" same
check "eight times the same at once: it is as planned" "$muster" plan "$work/same.json" --detailed-exitcode
check "eight times the same at once: destroy" "$muster" destroy same --yes
check "eight times the same at once: nothing is left" nothing_left
