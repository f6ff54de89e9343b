#!/usr/bin/env bash
# Programs as providers, with the real binary: the toy provider of examples/ makes a deployment on
# simulated nodes (tests/simulator) and passes the conformance suite; broken ones are caught, each by
# the name of its case; inventory passes the suite as well; and nothing is left, also of a suite that
# was killed. Usage: MUSTER=build/debug/muster exec_provider.sh [BUILD_DIR]
# Runs beside others. Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2317,SC2154  # what check calls is reached; cases.sh counts the failures
set -u

suite=exec_provider
# shellcheck source=tests/support/simulation.sh
. "$(dirname "$0")/../support/simulation.sh" "$@"
command -v python3 > /dev/null || { echo "skip exec_provider: needs python3"; exit 0; }
# Python itself, where python3 is a script that looks for it: there are hundreds of calls.
PATH=$(dirname "$(python3 -c 'import sys; print(sys.executable)')"):$PATH
toy=$root/examples/providers/toy.py
secret=-hunter2-of-toy-

run() {  # ARGUMENT...: leaves $code, the result in $work/result, and all that was said in $work/out
  "$muster" --roles "$work/mine" "$@" > "$work/result" 2> "$work/talk" < /dev/null
  code=$?
  cat "$work/result" "$work/talk" > "$work/out"
}
silent_about() { ! grep -rF -- "$1" "$work/out"; }
# A provider NAME of PROGRAM, that has ADDRESSES (a JSON list).
provide() {  # NAME PROGRAM ADDRESSES
  printf '{"name": "%s", "kind": "exec", "secrets": {"token": "%s"},
    "hints": {"program": "%s", "file": "%s", "addresses": %s, "identity": "%s"}}\n' \
    "$1" "$secret" "$2" "$work/$1.nodes" "$3" "$work/key" > "$work/$1.provider"
  run provider create "$work/$1.provider"
}
addresses() {  # COUNT
  python3 -c 'import json, sys
print(json.dumps([f"192.0.2.{n}:22" for n in range(1, int(sys.argv[1]) + 1)]))' "$1"
}
none_made() { [ ! -e "$work/$1.nodes" ] || same "$(cat "$work/$1.nodes")" "[]"; }
result_of() { sed -nE "s/^$1 +([a-z]+) .*/\1/p" "$work/result"; }

# --- a deployment on nodes that a program gives

play 3
simulated=$(sed -nE 's/.*address: ([0-9.]+).*port: ([0-9]+).*/"\1:\2"/p' "$work/hosts.yaml" | paste -sd,)
provide toy "$toy" "[$simulated]"
expect "a provider of kind exec is made" 0 "provider 'toy' (id 1) is made"
check "its program is good" silent_about "cannot create"
run provider show toy
expect "it is shown" 0 "of kind exec" "token (secret)"
printf '{"name": "site", "provider": {"name": "toy"}, "nodes": [{"roles": ["few"], "count": 2}]}\n' \
  > "$work/site.json"
run plan "$work/site.json"
expect "its nodes are planned" 0 "create"
run apply "$work/site.json" --yes
expect "apply" 0 "'site' is up"
check "it was the simulator that the role came to" same "$(counted scripts)" 2
check "the program knows of two nodes" same "$(grep -o '"token"' "$work/toy.nodes" | wc -l)" 2
run plan "$work/site.json" --detailed-exitcode
expect "the plan is empty then" 0
sed -i 's/"count": 2/"count": 4/' "$work/site.json"
run apply "$work/site.json" --yes
expect "more than there are: the program's error and its hint are told" 1 \
  "all addresses are in use" "destroy nodes, or add addresses"
sed -i 's/"count": 4/"count": 2, "hints": {"size": "big"}/' "$work/site.json"
run destroy site --yes
expect "destroy" 0 "'site' is gone"
check "the program has no node any more" none_made toy
run plan "$work/site.json"
expect "what the program says of hints is said with the plan" 0 "there is no hint 'size'"
sed -i 's/"size": "big"/"program": "\/bin\/true"/' "$work/site.json"
run plan "$work/site.json"
expect "a definition cannot choose what is run" 0 "hint 'program' belongs to the provider"

# --- a list that lacks a node, and one that has two machines with its token

one_node() { sed 's/"toy"/"'"$1"'"/; s/site/'"$1"'/; s/"count": 2, .*}}/"count": 1}/' "$work/site.json" > "$work/$1.json"; }
tokens() { grep -o '"token"' "$work/$1.nodes" | wc -l; }
sed -i 's/"count": 2, "hints": {[^}]*}/"count": 2/' "$work/site.json"
sed -i 's/"count": 2/"count": 1/' "$work/site.json"
for name in silent asleep twice; do
  provide $name "$root/tests/providers/broken/$name.py" "[$simulated]"
  one_node $name
  run apply "$work/$name.json" --yes
  expect "a node of '$name' is made" 0 "'$name' is up"
done
touch "$work/asleep.nodes.empty"
run apply "$work/asleep.json" --yes
expect "a node that an empty list lacks is there when the program says so" 0 "'asleep' is up"
check "and no other was made" same "$(tokens asleep)" 1
touch "$work/silent.nodes.empty"
run apply "$work/silent.json" --yes
expect "of a program of version 1 it is a question" 1 "provider 'silent' does not list node" \
  "speaks version 1 of the protocol" "--lost "
node=$(sed -nE 's/.*--lost (.*)/\1/p' "$work/out")
check "for which nothing was made" same "$(tokens silent)" 1
run plan "$work/silent.json" --refresh
expect "also of a plan that asks" 1 "and does not say that it is gone"
rm "$work/silent.nodes.empty"
run apply "$work/silent.json" --yes --lost "$node"
expect "nobody gives up what is there" 2 "is not lost: provider 'silent' lists it"
run apply "$work/silent.json" --yes
expect "it is there again when the list has it" 0 "'silent' is up"
run destroy silent --yes
expect "destroy of version 1" 0 "'silent' is gone"
check "leaves nothing" none_made silent
echo '[]' > "$work/asleep.nodes"
rm "$work/asleep.nodes.empty"
run apply "$work/asleep.json" --yes
expect "all nodes gone is no reason to make another cluster" 2 "all nodes of 'asleep' are gone" \
  "--replace-lost asleep"
check "none was made" none_made asleep
run apply "$work/asleep.json" --yes --replace-lost asleep
expect "unless the user says so" 0 "'asleep' is up"
check "then there is one" same "$(tokens asleep)" 1
run destroy asleep --yes
check "two machines were made with one token" same "$(tokens twice)" 2
run plan "$work/twice.json" --refresh
expect "the second one is shown" 0 "#2" "its provider made it besides"
run destroy twice --yes
expect "and destroyed with the first" 0 "'twice' is gone" "#2"
check "so that nothing is left" none_made twice

# --- a machine that is answered before it is whole

provide unhurried "$root/tests/providers/broken/unhurried.py" "[$simulated]"
one_node unhurried
run apply "$work/unhurried.json" --yes
expect "a machine that is still being made is asked for again" 0 "'unhurried' is up"
check "and made once" same "$(tokens unhurried)" 1
run destroy unhurried --yes
expect "it is destroyed" 0 "'unhurried' is gone"
check "and nothing is left" none_made unhurried
run provider test unhurried --case create --case idempotent --case list
expect "the conformance suite asks again too" 0 "3 passed"

# --- what programs say and do

program() {  # NAME: of what is on stdin
  { echo '#!/bin/sh'; cat; } > "$work/$1.sh"
  chmod +x "$work/$1.sh"
  provide "$1" "$work/$1.sh" '[]'
}
program garbage <<< 'cat > /dev/null; echo "<html>Bad Gateway</html>"; echo "no route to the cloud" >&2'
expect "garbage is shown, with what was said on stderr" 0 "gave an answer that is none" \
  "Bad Gateway" "no route to the cloud" '"muster": 1'
program leak <<< 'cat >&2; exit 4'
expect "a program that fails is told with its exit code" 0 "ended with exit code 4" '"call":'
check "and without the secret that it printed" silent_about "$secret"
program newer <<< 'cat > /dev/null; echo "{\"muster\": 3}"'
expect "another version of the protocol is refused" 0 "speaks version 3 of the protocol"
program dies <<< 'kill -9 $$'
expect "one that is killed is told" 0 "was ended by signal 9"
provide missing /no/such/program '[]'
expect "one that is not there is told" 0 "/no/such/program"
printf '{"name": "slow", "kind": "exec", "hints": {"program": "%s", "deadline_seconds": 3}}\n' \
  "$work/slow.sh" > "$work/slow.json"
printf '#!/bin/sh\necho $$ > "%s"\nexec sleep 61\n' "$work/slow.pid" > "$work/slow.sh"
chmod +x "$work/slow.sh"
run provider create "$work/slow.json"
expect "one that is late is ended" 0 "did not answer within 3.0s and was ended"
check "it had begun" test -s "$work/slow.pid"
check "and nothing of it goes on" test ! -e "/proc/$(cat "$work/slow.pid")"

# --- the conformance suite: who passes

many=$(addresses 100)
provide pool "$toy" "$many"
run provider test pool --case parallel -o json
expect "the toy provider makes 100 nodes at once" 0 '"passed": 1' '100 creates at once'
check "nothing is left of the test" none_made pool
provide few "$toy" "$(addresses 4)"
run provider test few --quota 4
expect "and passes every case" 0 "beyond 4 nodes" "all addresses are in use" "0 failed"
for name in create idempotent list destroy presence partial-failure slow garbage death quota parallel; do
  check "its case $name" same "$(result_of $name)" passed
done
{
  echo hosts:
  for i in $(seq 100); do echo "  - {name: h-$i, address: 10.9.0.$i}"; done
} > "$work/many.yaml"
run provider test inventory --hints "{\"file\": \"$work/many.yaml\"}" --quota 100
expect "inventory passes" 0 "100 creates at once" "0 failed"
check "no claim is left" same "$(claims)" 0
cp "$work/out" "$work/inventory.table"

# --- who does not, each by the name of the case

nodes=4
broken() {  # NAME CASE TEXT [OPTION...]
  local name=${1//_/-}
  provide "$name" "$root/tests/providers/broken/$1.py" "$(addresses "$nodes")"
  run provider test "$name" --nodes "$nodes" --case "$2" "${@:4}"
  expect "$1 is caught by '$2'" 1 "$3" "1 failed"
}
broken forgets_tokens idempotent "a second create with the same token made another node"
broken lies_in_list list "list does not show node"
broken lists_others list "which was not made with this tag"
broken destroys_once destroy "destroying twice"
broken says_gone presence "which is there, it says by its handle: gone"
broken takes_garbage garbage "no-such-call"
broken takes_any_hint partial-failure "a hint that there is not"
broken leaks_on_timeout slow "list does not show it" --quota 4
broken leaks_on_timeout death "list does not show it" --quota 4
broken exceeds_quota quota "it made one node more" --quota 4
nodes=60 broken loses_nodes parallel ""
run provider test few --case nothing-left --case nonsense
expect "a case that there is not" 2 "'--case' must be"
run provider test few --hints '{"sizes": 3}'
expect "hints that are wrong are the first case, and the last" 1 "there is no hint 'sizes'" \
  "1 failed, 0 skipped"

# --- a test that is killed leaves what the next one takes away

run provider create "{\"name\": \"sleepy\", \"kind\": \"exec\", \"hints\": {\"program\":
  \"$root/tests/providers/broken/leaks_on_timeout.py\", \"file\": \"$work/sleepy.nodes\",
  \"addresses\": $(addresses 4)}}"
"$muster" provider test sleepy --case destroy > /dev/null 2>&1 < /dev/null &
victim=$!
tries=0
until grep -q '"token": "[^"]' "$work/sleepy.nodes" 2> /dev/null || [ "$tries" -gt 400 ]; do
  tries=$((tries + 1))
  sleep 0.02
done
kill -KILL "$victim"
wait "$victim" 2> /dev/null
check "a killed test leaves a node" grep -q '"token": "[^"]' "$work/sleepy.nodes"
run provider test sleepy --case nothing-left
expect "the next one takes it away" 0 "that an earlier test left" "1 passed"
"$muster" provider test sleepy > "$work/out" 2>&1 < /dev/null &
victim=$!
tries=0
until grep -q '"token": "[^"]' "$work/sleepy.nodes" || [ "$tries" -gt 400 ]; do
  tries=$((tries + 1))
  sleep 0.02
done
kill -INT "$victim"
wait "$victim"
code=$?
expect "a test that is interrupted says so" 130 "nothing of the test is left"
run provider delete sleepy
expect "and a provider that was tested can be deleted" 0 "is deleted"

exit $((failures > 0))
