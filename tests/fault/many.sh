#!/bin/bash
# Several clusters in one run, on real nodes: what befalls one (a broken definition, a node that does
# not boot) is nothing to the others, and what a kill has cut, the next apply does.
# Usage: many.sh [BUILD_DIR]
# shellcheck source=tests/fault/support.sh
. "$(dirname "$0")/support.sh"

mkdir "$work/d"
for name in ann ben cid; do
  cat > "$work/d/$name.json" <<JSON
{
  "name": "$name",
  "tenant": "$name",
  "attribs": { "k8s-kube_network_plugin": "none" },
  "nodes": [
    { "roles": ["etcd", "k8s-master"] },
    { "prefix": "$name-worker", "roles": ["k8s-worker"] }
  ]
}
JSON
done
cp "$work/d/cid.json" "$work/good.json"
sed 's/k8s-worker"/k8s-wroker"/' "$work/good.json" > "$work/d/cid.json"

# Ends whatever starts as the nodes of ben's worker, as a machine does that never boots.
keep_off() {
  local handle pids
  handle=$(grep -ls '"ben-worker-001"' "$MUSTER_LOCAL_DIR"/nodes/*.json | head -n 1)
  [ -n "$handle" ] || return
  pids=$(processes_of "$(basename "$handle" .json)")
  # shellcheck disable=SC2086  # numbers
  [ -z "$pids" ] || kill -KILL $pids 2>/dev/null
}
states() { "$muster" list | awk 'NR > 1 { printf "%s=%s ", $1, $NF }'; }
listed() { [ "$(states)" = "$1" ] || { states; return 1; }; }
starts_of() {  # when the nodes of ann began: other numbers after any restart
  "$muster" --roles "$work" ssh ann ann-01-001 -- cat /proc/1/stat </dev/null | cut -d' ' -f22
}

start apply "$work/d" --yes
until ! kill -0 "$started" 2>/dev/null || happened '"create ben-worker-001".*"outcome":"failed"'; do
  keep_off
done
finished
check "one broken, one not booting: the exit code is the worst" ended_with 2
check "the broken one is shown" said "cid.json:.*unknown role 'k8s-wroker'"
check "the node that does not boot is told" said "'ben' is not complete"
check "the third is whole, the broken one was left out" listed "ann=applied ben=incomplete "
before=$(starts_of)
check "its nodes have a beginning" test -n "$before"

cp "$work/good.json" "$work/d/cid.json"
start apply "$work/d" --yes
end=$((SECONDS + 60))
until happened '"step_finished".*"deployment":"cid".*"outcome":"changed"' || [ $SECONDS -ge $end ]; do
  sleep 0.02
done
kill -KILL "$started"
finished
check "the next run is killed in the middle of it" happened '"deployment":"cid"'
check "so it is not done" [ "$(states)" != "ann=applied ben=applied cid=applied " ]

start apply "$work/d" --yes
finished
check "another one does the rest" ended_with 0
check "all are whole" listed "ann=applied ben=applied cid=applied "
check "the nodes that were there are the same" [ "$(starts_of)" = "$before" ]
start destroy "$work/d" --yes
finished
check "one command destroys them all" ended_with 0
check "nothing is left" nothing_left
