#!/usr/bin/env bash
# Many clusters in one run, through the real binary: one plan, one exit code, and what befalls one is
# nothing to the others. The nodes are a simulation (tests/simulator).
# Usage: MUSTER=build/debug/muster many.sh [BUILD_DIR]
# Prints "ok NAME" or "FAIL NAME: why".
# shellcheck disable=SC2317  # what check and trap call is reached
set -u

suite=many
# shellcheck source=tests/support/simulation.sh
. "$(dirname "$0")/../support/simulation.sh" "$@"
mkdir "$work/d"

printf 'hosts:\n  - {name: off, address: 127.0.0.1, port: 1, key: %s}\n' "$work/key" >"$work/off.yaml"

begin() {  # OPTION...
  play 40 "$@"
  rm -f "$work"/d/*
}
define() {  # NAME [NODES [HOSTS]]
  printf '{"name": "%s", "tenant": "%s", "provider": {"name": "inventory", "hints": {"file": "%s"}},
    "nodes": [{"roles": ["%s"], "count": %s}]}\n' "$1" "$1" "$work/${3:-hosts}.yaml" few "${2:-3}" \
    >"$work/d/$1.json"
}
run() {  # ARGUMENT...: leaves $code, and what muster said in $work/out
  "$muster" --roles "$work/mine" "$@" >"$work/out" 2>&1 </dev/null
  code=$?
}
code_is() { [ "$code" = "$1" ] || { echo "code $code, not $1"; return 1; }; }
says() { grep -Eq -- "$1" "$work/out" || { echo "not said: $1"; return 1; }; }
unsaid() { ! grep -E -- "$1" "$work/out"; }
states() { "$muster" list | awk 'NR > 1 { printf "%s=%s ", $1, $5 }'; }
listed() { [ "$(states)" = "$1" ] || { states; return 1; }; }

# --- all of a directory, and their reverse
begin
for name in ann ben cid dan; do define $name; done
run apply "$work/d" --yes
check "a directory: exit code" code_is 0
check "a directory: a plan with a line for each of many" says '^cluster cid \(tenant cid\): 3 nodes to create'
check "a directory: one plan" says '^4 clusters, 24 steps: 12 create, 12 apply$'
check "a directory: a table" says '^ann +3 +[0-9.ms]+ +up$'
check "a directory: all are there" listed "ann=applied ben=applied cid=applied dan=applied "
run apply "$work/d/*.json" --yes
check "again: nothing changes" unsaid '[0-9] changed'
run plan "$work/d" --detailed-exitcode
check "again: the plan is empty" code_is 0
define ann 4
run apply "$work/d/ann.json" "$work/d/ben.json" --yes --json
check "two files: exit code" code_is 0
check "two files: JSON alone on stdout" python3 -c \
  'import json, sys; [json.loads(line) for line in open(sys.argv[1])]' "$work/out"
run destroy "$work/d/a*.json" ben --yes
check "destroy takes patterns and names" listed "cid=applied dan=applied "
run apply --destroy "$work/d" --yes
check "apply --destroy: exit code" code_is 0
check "apply --destroy: what is not there is said" says "there is no deployment 'ann'"
check "apply --destroy: nothing is left" listed ""

# --- what goes wrong with one is nothing to the others
define ben 1 off
printf '{"name": "cid", "nodes": 5}\n' >"$work/d/cid.json"
run apply "$work/d" --yes
check "one broken: exit code" code_is 2
check "one broken: its mistake is shown" says 'cid.json:1:26: error'
check "one broken: so is what failed" says "^muster: 'ben' is not complete"
check "one broken: the others are there" listed "ann=applied ben=incomplete dan=applied "
check "one broken: the table tells which" says '^ben +[01] .* 1 failed, 1 not done$'
define ben
define cid
run apply "$work/d" --yes
check "mended: exit code" code_is 0
check "mended: all are there" listed "ann=applied ben=applied cid=applied dan=applied "
cp "$work/d/ann.json" "$work/twin.json"
run apply "$work/d" "$work/twin.json" --yes
check "two definitions of one cluster are refused" code_is 2
check "two definitions of one cluster are named" says "ann.json' and '.*twin.json' are both of deployment 'ann'"
run apply "$work/nothing" --yes
check "a file that is not there" code_is 2
run apply "$work/none-*.json" --yes
check "a pattern that matches nothing" says "no file matches"

# --- one that another run has locked
begin --task-ms 4000
for name in ann ben cid; do define $name; done
"$muster" --roles "$work/mine" apply "$work/d/ann.json" --yes >/dev/null 2>&1 &
holder=$!
locked() { "$muster" list | grep -q '^ann.*busy'; }
check "one locked: it is" until_true 60 locked
run apply "$work/d" --yes
check "one locked: exit code" code_is 3
check "one locked: it says by whom" says "'ann' is in use by"
check "one locked: the others are there" "$muster" status ben
kill -KILL "$holder" 2>/dev/null
wait "$holder" 2>/dev/null

# --- killed in the middle: a second apply does the rest
begin --task-ms 300
for name in ann ben cid dan; do define $name; done
"$muster" --roles "$work/mine" apply "$work/d" --yes >"$work/out" 2>&1 &
victim=$!
until [ "$("$muster" list 2>/dev/null | grep -c '^[a-d].*busy')" = 4 ]; do
  kill -0 "$victim" 2>/dev/null || break
  sleep 0.01
done
kill -KILL "$victim"
wait "$victim" 2>/dev/null
run apply "$work/d" --yes
check "killed: a second apply does the rest" code_is 0
check "killed: all are there" listed "ann=applied ben=applied cid=applied dan=applied "
run destroy "$work/d" --yes
check "killed: nothing is left" listed ""

exit $((failures > 0))
