#!/usr/bin/env bash
# Runs over 200 nodes that go wrong in many ways, through the real binary. The nodes are a simulation
# (tests/simulator): nothing here says anything about real machines.
# Usage: MUSTER=build/debug/muster simulated.sh [BUILD_DIR]
# Prints "ok NAME" or "FAIL NAME: why".
# shellcheck disable=SC2317  # what check and trap call is reached
set -u

suite=simulated
# shellcheck source=tests/support/simulation.sh
. "$(dirname "$0")/../support/simulation.sh" "$@"
nodes=200

{
  printf 'role: few\ndescription: five files\ntasks:\n'
  for i in 1 2 3 4 5; do
    printf '  - {name: file %s, file: {path: /srv/few/%s, content: "%s\\n"}}\n' "$i" "$i" "$i"
  done
} >"$work/mine/roles/few/role.yaml"

begin() {  # OPTION...
  play $((nodes + 1)) "$@"
  define "$nodes"
}
define() {  # NODES
  printf '{"name": "many", "provider": {"name": "inventory", "hints": {"file": "%s"}},
    "nodes": [{"prefix": "node", "roles": ["few"], "count": %s}]}\n' "$work/hosts.yaml" "$1" \
    >"$work/many.json"
}
run() {  # ARGUMENT...: leaves $code, and what muster said in $work/out
  "$muster" --roles "$work/mine" "$@" >"$work/out" 2>&1 </dev/null
  code=$?
}
apply() { run apply "$work/many.json" --yes; }
told() { sed -nE "s/^many: (.*) in [0-9].*/\1/p" "$work/out" | tail -n 1; }
# All steps, when each of them ended well. What was cut may find itself done.
total() { told | sed -E 's/ (un)?changed//g' | awk -F, '{ print $1 + $2 }'; }
is_whole() { run plan "$work/many.json" --detailed-exitcode && same "$code" 0; }

# --- connections that are cut: what was cut is run again, and each step counts once

begin --failure-rate 5 --failure-within 3000 --task-ms 100
apply
tries=1
until [ "$code" = 0 ] || [ "$tries" = 3 ]; do
  tries=$((tries + 1))
  apply
done
check "cut connections: all nodes end well" same "$code" 0
[ "$tries" -gt 1 ] || check "cut connections: each step counts once" same "$(total)" $((2 * nodes))
check "cut connections: some were cut" [ "$(counted cut)" -gt 0 ]
check "cut connections: nothing is left to do" is_whole

# --- connections that sshd turns away, as MaxStartups does

begin --refuse-rate 30 --max-startups 1
apply
check "turned away: all nodes end well" same "$code" 0
check "turned away: each step counts once" same "$(told)" "$((2 * nodes)) changed"
check "turned away: some were" [ "$(counted refused)" -gt 20 ]
check "turned away: one login for each node" same "$(counted authenticated)" "$nodes"

# --- one node more

define $((nodes + 1))
apply
check "one node more: two steps" same "$code $(told)" "0 2 changed"
check "one node more: one session" same "$(counted authenticated)" $((nodes + 1))
check "one node more: one script" same "$(counted scripts)" $((nodes + 1))

# --- dead nodes fail alone

begin
sed -i -E '/name: sim(3|77|120|199),/ s/port: [0-9]+/port: 9/' "$work/hosts.yaml"
apply
check "dead nodes: the exit code says so" same "$code" 1
check "dead nodes: only they fail" same "$(told)" "$((2 * (nodes - 4))) changed, 4 failed, 4 skipped"
check "dead nodes: the others are done" same "$(counted scripts)" $((nodes - 4))
check "dead nodes: it says what to do" grep -q "start the sshd of the host 'sim77'" "$work/out"

# --- slow nodes hold nobody up: all others end before the first of them does

begin --slow 5 --slow-factor 160 --task-ms 20
run apply "$work/many.json" --yes --json
check "slow nodes: all nodes end well" same "$code" 0
grep '"type":"step_finished"' "$work/out" | grep '"role":"few"' |
  sed -nE 's/.*"ms":([0-9]+).*/\1/p' >"$work/times"
check "slow nodes: all were heard of" same "$(wc -l <"$work/times")" "$nodes"
check "slow nodes: they come last" same "$(tail -n $((nodes / 20)) "$work/times" | awk '$1 >= 16000' | wc -l)" \
  $((nodes / 20))

# --- Ctrl-C in the middle, and on

begin --task-ms 100
"$muster" --roles "$work/mine" apply "$work/many.json" --yes --parallel 20 >"$work/out" 2>&1 </dev/null &
run=$!
tries=0
until [ "$(grep -c ' few ' "$work/out")" -ge 30 ] || [ "$tries" -gt 600 ]; do
  tries=$((tries + 1))
  sleep 0.05
done
kill -INT "$run"
wait "$run"
check "Ctrl-C: the exit code says so" same "$?" 130
done=$(counted scripts)
sessions=$(counted authenticated)
check "Ctrl-C: some are done and some are not" [ "$done" -ge 30 -a "$done" -lt "$nodes" ]
apply
check "Ctrl-C: the next apply ends it" same "$code" 0
check "Ctrl-C: it runs what was left only" same "$(counted scripts)" "$nodes"
check "Ctrl-C: and connects to no other node" same $(($(counted authenticated) - sessions)) \
  $((nodes - done))
check "Ctrl-C: nothing is left to do" is_whole

[ "$failures" = 0 ]
