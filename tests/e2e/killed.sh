#!/bin/bash
# apply is killed (-9) at several instants: destroy then leaves nothing, and apply then finishes.
# Only in ./test --all: fault/kills.sh kills a cluster too.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

cat > "$work/k.json" <<'JSON'
{
  "name": "killed",
  "provider": { "name": "local" },
  "nodes": [
    { "prefix": "k-control", "roles": ["etcd", "k8s-master"], "count": 1 },
    { "prefix": "k-worker", "roles": ["k8s-worker"], "count": 1 }
  ]
}
JSON

# Starts apply, kills it when its event stream shows PATTERN (or after it has ended).
kill_apply_at() {
  rm -f "$work/events"
  "$muster" apply "$work/k.json" --yes --json > "$work/events" 2>"$work/err" &
  local pid=$!
  until grep -q "$1" "$work/events" 2>/dev/null || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
  kill -9 $pid 2>/dev/null
  wait $pid 2>/dev/null
  [ $? = 137 ]
}

for instant in '"type":"run_started"' '"verb":"create"' '"step":"create k-worker-001".*"outcome"' \
  '"role":"etcd"' '"role":"kube-control-plane"' '"role":"kube-node-ready"'; do
  check "apply is killed at $instant" kill_apply_at "$instant"
  check "destroy after the kill at $instant" "$muster" destroy killed --yes
  check "nothing is left after the kill at $instant" nothing_left
done

check "apply is killed once more" kill_apply_at '"role":"kube-control-plane"'
check "apply then finishes" "$muster" apply "$work/k.json" --yes
check "and the plan is empty" "$muster" plan "$work/k.json" --detailed-exitcode
check "destroy removes it" "$muster" destroy killed --yes
check "nothing is left" nothing_left

# --- a test that is killed leaves nothing either ---------------------------------------------------

cat > "$work/test.sh" <<SCRIPT
. "$root/tests/support/e2e.sh"
echo "\$work \$MUSTER_LOCAL_DIR" > "$work/where"
"\$muster" apply "$work/k.json" --yes --json > "$work/events"
wait_for_the_end
SCRIPT
: > "$work/events"
MUSTER=$muster bash "$work/test.sh" >/dev/null 2>&1 &
tested=$!
until_true 120 grep -q '"verb":"create".*"outcome":"changed"' "$work/events"
check "a test is killed in the middle" kill -9 $tested
read -r its_work its_nodes < "$work/where"
clean() { [ ! -e "$its_work" ] && "$root/tests/support/leftovers.sh" --only "$its_nodes"; }
check "a test that is killed leaves nothing" until_true 300 clean
