#!/usr/bin/env bash
# Who has the lock of a deployment, with the real binary: two containers that share a state and a host
# name, a run that was killed, and one whose lock was taken away. With simulated nodes (tests/simulator)
# that a program gives. Usage: MUSTER=build/debug/muster lock.sh [BUILD_DIR]
# Runs beside others. Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2154,SC2317  # cases.sh counts the failures; what check calls is reached
set -u
pid=

suite=lock
# shellcheck source=tests/support/simulation.sh
. "$(dirname "$0")/../support/simulation.sh" "$@"
command -v python3 > /dev/null || { echo "skip lock: needs python3"; exit 0; }
trap 'touch "$work/go"; stop_simulator; rm -rf "$work"' EXIT
muster=("$muster" --roles "$work/mine")

box() {  # COMMAND...: for a while, in a pid namespace of its own, on a host called "box" as all of them
  # shellcheck disable=SC2016  # it is the inner shell's
  timeout -k 5 120 unshare --uts --pid --fork --kill-child --mount-proc sh -c 'hostname box && exec "$@"' box "$@"
}
run() {  # COMMAND...: leaves $code, and what was said in $work/out
  "$@" > "$work/out" 2>&1 < /dev/null
  code=$?
}
begin() {  # NAME COMMAND...: the same in the background, as $pid, until it makes a node
  local name=$1
  shift
  rm -f "$work/go" "$work/asked"
  "$@" > "$work/first" 2>&1 < /dev/null &
  pid=$!
  check "$name" until_true 60 test -e "$work/asked"
}
finish() {  # leaves $code of what was begun
  touch "$work/go"
  wait "$pid"
  code=$?
  cp "$work/first" "$work/out"
}
lock_of() { sed -nE 's/.*\(lock ([0-9a-f]+)\).*/\1/p' "$work/out"; }

play 2
simulated=$(sed -nE 's/.*address: ([0-9.]+).*port: ([0-9]+).*/"\1:\2"/p' "$work/hosts.yaml" | paste -sd,)
# Nodes that take until $work/go is there.
cat > "$work/slow" <<END
#!/bin/sh
ask=\$(cat)
case \$ask in
  *'"create"'*)
    touch "$work/asked"
    until [ -e "$work/go" ]; do sleep 0.1; done
    ;;
esac
printf '%s' "\$ask" | python3 "$root/examples/providers/toy.py"
END
chmod +x "$work/slow"
printf '{"name": "slow", "kind": "exec", "hints": {"program": "%s", "file": "%s",
  "addresses": [%s], "identity": "%s"}}\n' "$work/slow" "$work/nodes" "$simulated" "$work/key" \
  > "$work/provider"
run "${muster[@]}" provider create "$work/provider"
expect "a provider that takes its time" 0 "provider 'slow' (id 1) is made"
printf '{"name": "site", "provider": {"name": "slow"}, "nodes": [{"roles": ["few"]}]}\n' \
  > "$work/site.json"
apply=("${muster[@]}" apply "$work/site.json" --yes)

if box true 2> "$work/out"; then
  begin "a run in one container" box "${apply[@]}"
  run box "${apply[@]}"
  expect "another container of the same host name is kept out" 3 "'site' is in use by" "@box, pid 1,"
  run box "${muster[@]}" unlock site
  expect "nor does unlock take it for gone" 2 "unlocking under a living run can break it"
  finish
  expect "the first one ends well" 0 "'site' is up"
  run box "${apply[@]}"
  expect "and then the other one may" 0
else
  echo "skip lock: two containers: needs root"
fi

run "${muster[@]}" destroy site --yes
expect "destroy" 0 "'site' is gone"
begin "a run that is killed" "${apply[@]}"
kill -KILL "$pid"
wait "$pid" 2> /dev/null
touch "$work/go"
run "${apply[@]}"
expect "the next one does not wait for its lock to expire" 0 "'site' is up"

run "${muster[@]}" destroy site --yes
begin "a run whose lock is taken away" "${apply[@]}"
run "${muster[@]}" unlock site 0123456789abcdef --yes
expect "not with the id of another lock" 2 "the lock 0123456789abcdef on 'site' is not there any more"
lock=$(lock_of)
run "${muster[@]}" unlock site "$lock" --yes
expect "with its own" 0 "'site' is unlocked"
finish
expect "it stops, and says so" 3 "this run has lost its lock on 'site'"
run "${apply[@]}"
expect "what it made is known to the next one" 0 "'site' is up"
run "${muster[@]}" destroy site --yes
expect "which can be destroyed" 0 "'site' is gone"
check "and nothing is left" grep -qx '\[\]' "$work/nodes"

exit $((failures > 0))
