#!/usr/bin/env bash
# Deployments that expire, and what else a pipeline uses: --ttl, gc, --name-suffix, --atomic --json,
# status --watch. With simulated hosts (tests/simulator) and the real binary.
# Usage: MUSTER=build/debug/muster pipelines.sh [BUILD_DIR]
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2317  # what check and trap call is reached
set -u

suite=pipelines
# shellcheck source=tests/support/simulation.sh
. "$(dirname "$0")/../support/simulation.sh" "$@"
cd "$work" || exit 2

# run ARGUMENT...: leaves $code, out and err, and both in that order in "out" for a failed case.
run() {
  "$muster" --roles "$work/mine" "$@" > "$work/stdout" 2> "$work/stderr" </dev/null
  code=$?
  cat "$work/stdout" "$work/stderr" > "$work/out"
}
names() { "$muster" list -o json | sed -n 's/^    "name": "\([^"]*\)".*/\1/p' | xargs; }
lists() { grep -qE "$1" <("$muster" list); }  # PATTERN

play 8
define lab lab.json 2
define other other.json 1

# --- a suffix of the name, known to all that comes later

run validate lab.json --name-suffix 7
expect "validate takes a suffix" 0 "good (2 nodes)"
run plan lab.json --name-suffix Feature/X_1 --out plan.json
expect "plan takes it" 0 "cluster lab-feature-x-1 " \
  "muster apply lab.json --name-suffix feature-x-1 --plan plan.json"
run apply lab.json --name-suffix "$(printf 'x%.0s' {1..60})" --yes
expect "a name that gets too long is refused" 2 "--name-suffix xxx" "characters long"
run apply lab.json --name-suffix Feature/X_1 --ttl 2h --plan plan.json --yes
expect "apply takes it" 0 "'lab-feature-x-1' is up"
check "its nodes are called after it" grep -q '^lab-feature-x-1-01-001 ' <("$muster" status lab-feature-x-1)
run apply other.json --yes
expect "another deployment" 0
run apply lab.json --yes
expect "the definition without a suffix is another one" 0 "'lab' is up"
check "each of the three is listed" same "$(names)" "lab lab-feature-x-1 other"
run destroy lab --name-suffix 7 --yes
expect "a suffix goes with files only" 2 "say the whole name"

# --- times to live

check "list says when it expires" lists '^lab-feature-x-1 .* in 1h59m +applied'
check "status too" grep -q 'applied, expires in 1h59m$' <("$muster" status lab-feature-x-1)
expires() { "$muster" status "$1" -o json | sed -n 's/^  "expires": "\(.*\)".*/\1/p'; }
first=$(expires lab-feature-x-1)
two_hours() { local left=$(($(date -d "$first" +%s) - $(date +%s))); [ $left -gt 7000 ] && [ $left -le 7200 ]; }
check "JSON has the time" two_hours
check "and nothing where there is none" same "$(expires lab)" ""
run apply lab.json --name-suffix feature-x-1 --yes
check "an apply without --ttl keeps it" same "$code $(expires lab-feature-x-1)" "0 $first"
sed 's/"count": 2/"count": 1/' lab.json > lab-small.json
run apply lab-small.json --name-suffix feature-x-1 --yes
check "one with another definition too" same "$code $(expires lab-feature-x-1)" "0 $first"
run rollback lab-feature-x-1 --yes
expect "a rollback goes to the definition with the suffix" 0 "'lab-feature-x-1' is up"
check "and keeps the time" same "$(expires lab-feature-x-1)" "$first"
check "history has the name and the command" \
  grep -q -- '--name-suffix Feature/X_1 --ttl 2h' <("$muster" history lab-feature-x-1)
run apply lab.json --name-suffix feature-x-1 --ttl 1d12h --yes
later() { [ "$(date -d "$(expires lab-feature-x-1)" +%s)" -gt "$(date -d "$first +1 day" +%s)" ]; }
check "an apply with --ttl sets it anew" later
run apply lab.json --name-suffix feature-x-1 --ttl none --yes
check "--ttl none takes it away" same "$code $(expires lab-feature-x-1)" "0 "
run apply lab.json --ttl 2 --yes
expect "a time that is none" 2 "'--ttl' must be a time such as 90m"

# --- gc

run gc
expect "gc without a terminal wants --yes" 2 "gc deletes nodes"
run gc --yes
expect "gc with nothing to do" 0 "nothing has expired"
run apply lab.json --ttl 1s --yes
run apply lab.json --name-suffix feature-x-1 --ttl 1s --yes
run apply other.json --ttl 1h --yes
until_expired 2
run gc --dry-run
expect "a dry run says what has expired" 0 "NAME" "lab-feature-x-1 "
check "and not what has not" same "$(grep -c '^other' "$work/stdout")" 0
check "and destroys nothing" same "$(names)" "lab lab-feature-x-1 other"
check "list says so too" lists '^lab .* expired [0-9]+s ago'
claims_before=$(claims)
mv "$work/claims" "$work/claims.kept" && : > "$work/claims"
run gc --yes
expect "one that cannot be destroyed does not stop the next" 1 "lab: not destroyed" \
  "lab-feature-x-1: not destroyed" "try again:  muster destroy lab"
rm "$work/claims" && mv "$work/claims.kept" "$work/claims"
check "all is there still" same "$(names) $(claims)" "lab lab-feature-x-1 other $claims_before"
run gc --yes
expect "gc destroys all that has expired" 0 "lab: destroyed" "lab-feature-x-1: destroyed"
check "and nothing else" same "$(names) $(claims)" "other 1"
run gc --yes
expect "then there is nothing left to do" 0 "nothing has expired"

# --- a run that is killed leaves what gc finds

run destroy other --yes
play 8 --task-ms 5000
"$muster" --roles "$work/mine" apply lab.json --ttl 2s --yes --json > events 2> "$work/out" </dev/null &
applying=$!
two_made() { [ "$(grep -c '"verb":"create".*"outcome":"changed"' events)" -ge 2 ]; }
until_true 60 two_made
kill -9 "$applying"
wait "$applying" 2>/dev/null
check "a killed apply has left claims" [ "$(claims)" -gt 1 ]
until_expired 1
run gc --yes
expect "gc destroys what a killed apply has left" 0 "lab: destroyed"
check "nothing of it is left" same "$(names) $(claims)" " 0"

# --- a run that goes on is left alone

"$muster" --roles "$work/mine" apply lab.json --ttl 1s --yes > apply.log 2>&1 </dev/null &
applying=$!
until_expired 1
run gc --yes
if kill -0 "$applying" 2>/dev/null; then
  expect "gc leaves a deployment to its living run" 3 "lab: skipped: in use by" "apply lab.json --ttl 1s"
else fail "gc leaves a deployment to its living run" "the apply was too fast: $(cat apply.log)"; fi
wait "$applying"
check "which goes on undisturbed" same "$?" 0
run gc --yes
expect "gc destroys it then" 0 "lab: destroyed"

# --- one command for programs: JSON only on stdout, and the last line says what came of it

last_event() {  # OUTCOME
  python3 - "$work/stdout" "$1" <<'PYTHON'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert all(event["type"] and event["time"] for event in events)
assert events[-1]["type"] == "run_finished", events[-1]
assert events[-1]["outcome"] == sys.argv[2], events[-1]
PYTHON
}
play 8
run apply lab.json --atomic --yes --json
check "an atomic apply as JSON" same "$code" 0
check "ends with run_finished: changed" last_event changed
run apply lab.json --atomic --yes --json
check "a second one ends with run_finished: unchanged" last_event unchanged
sed -i -E '/name: sim[4-8],/ s/port: [0-9]+/port: 9/' hosts.yaml
define lab lab-big.json 6
run apply lab-big.json --atomic --yes --json
check "one that fails" same "$code" 1
check "ends with the run_finished of its undoing" last_event changed
check "after its own, which says failed" grep -q '"type":"run_finished".*"outcome":"failed"' stdout
run plan lab.json --detailed-exitcode
expect "and is as it was" 0
run destroy lab --yes --json
check "destroy ends in the same way" last_event changed
play 8

# --- watching

run apply other.json --yes
run apply lab.json --yes
"$muster" --roles "$work/mine" status lab --watch --interval 1s > watched 2> watched.err </dev/null &
watching=$!
blocks() { grep -c '^lab (tenant' watched; }
seen() { [ "$(blocks)" -ge "$1" ]; }
check "watch prints what is there" until_true 60 seen 1
run apply lab-small.json --yes
check "and a block when it changes" until_true 60 seen 2
small() {
  local last
  last=$(tail -n 3 watched)
  [ "$(sed -E '2d; s/ .*//' <<< "$last" | xargs)" = "lab lab-01-001" ] && grep -q '^lab (tenant.*, applied' <<< "$last"
}
check "and has seen the node go" until_true 60 small
before=$(blocks)
sleep 2.5
check "and nothing when nothing changes" same "$(blocks)" "$before"
run destroy lab --yes
wait "$watching"
check "it ends with the deployment" same "$? $(cat watched.err)" "0 muster: 'lab' is gone"
"$muster" status other --watch > watched 2>&1 </dev/null &
watching=$!
until_true 60 grep -q '^other' watched
kill -INT "$watching"
wait "$watching"
check "Ctrl-C ends it" same "$?" 130
run status nothing --watch
expect "a deployment that is not there cannot be watched" 2 "there is no deployment 'nothing'"

escape=$'\x1b'
if command -v script > /dev/null; then
  mkfifo keys
  TERM=xterm script -qec "'$muster' status --watch; echo code=\$?" /dev/null < keys > screen 2>&1 &
  exec 3> keys
  until_true 60 grep -q 'other' screen
  printf '\003' >&3
  until_true 60 grep -q 'code=' screen
  exec 3>&-
  wait $!
  screen=$(tr -d '\r' < screen)
  if [[ $screen == "${escape}[?1049h"*"${escape}[?7h${escape}[?25h${escape}[?1049l"*"other "*code=130* ]]; then
    ok "on a terminal it has a screen of its own, and gives it back"
  else fail "on a terminal it has a screen of its own, and gives it back" "$(cat -v screen)"; fi
  # answer NAME KEYS WANTED: gives KEYS when gc asks; WANTED is a pattern of all that it says.
  answer() {
    : > screen
    script -qec "'$muster' --roles '$work/mine' gc; echo code=\$?" /dev/null < keys > screen 2>&1 &
    exec 3> keys
    until_true 60 grep -qF '[y/N]' screen
    printf '%b' "$2" >&3
    until_true 60 grep -q 'code=' screen
    exec 3>&-
    wait $!
    screen=$(tr -d '\r' < screen)
    # shellcheck disable=SC2053  # a pattern
    if [[ $screen == $3 ]]; then ok "$1"; else fail "$1" "$screen"; fi
  }
  run apply lab.json --ttl 1s --yes
  until_expired 1
  answer "gc asks on a terminal, and a no changes nothing" 'n\n' \
    "NAME *lab *destroy it and all on its nodes? \[y/N\]*nothing was changed*code=130*"
  check "all is there then" same "$(names)" "lab other"
  answer "a yes destroys" 'y\n' "*lab: destroyed*code=0*"
  check "what has expired" same "$(names)" "other"
  said=$(TERM=dumb timeout 60 script -qec "'$muster' status nothing --watch" /dev/null </dev/null)
  if [[ $said == *$escape* ]]; then fail "a dumb terminal gets no control characters" "$said"
  else ok "a dumb terminal gets no control characters"; fi
else
  echo "skip pipelines: watch on a terminal: script (util-linux) is not installed"
fi

run destroy other --yes
check "nothing is left" same "$(names) $(claims)" " 0"
[ "$failures" = 0 ]
