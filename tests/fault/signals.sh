#!/bin/bash
# What signals make of a run: Ctrl-C once and twice, SIGTERM, and a process that stands still for a
# while. Usage: signals.sh [BUILD_DIR]
# shellcheck source=tests/fault/support.sh
. "$(dirname "$0")/support.sh"

# Each is in its task until the test lets it go on.
role held <<'YAML'
needs: [base]
tasks:
  - name: waits for the test
    command: {run: "touch /root/waits; until [ -e /root/go ]; do sleep 0.1; done; touch /root/went", creates: /root/went}
YAML
role follows <<'YAML'
needs: [held]
tasks:
  - name: comes later
    file: {path: /root/later, content: later}
YAML
worker_disk() { disk_of "$(handle_of "$1" "f-worker-00$2")"; }  # DEPLOYMENT NUMBER
in_mid_step() {  # DEPLOYMENT: both workers are in their task
  local i
  for i in 1 2; do
    until_true 60 happened "\"create f-worker-00$i\".*\"changed\"" || return
    until_true 60 test -e "$(worker_disk "$1" $i)/root/waits" || return
  done
}
let_go() { for i in 1 2; do "$muster" ssh "$1" "f-worker-00$i" -- touch /root/go; done; }
begin() {  # CASE DEPLOYMENT
  definition "$2" held follows
  start apply "$file"
  need "$1: in mid-step" in_mid_step "$2"
}
refused() { light apply "$file" 2>&1 | grep "is in use by .* running '.*apply"; }

for signal in INT TERM; do
  name=$(tr '[:upper:]' '[:lower:]' <<< $signal)
  begin "SIG$signal" "$name"
  kill -$signal "$started"
  check "SIG$signal: it says that it finishes what is in flight" \
    until_true 10 said 'finishing what is in flight; once more to stop now'
  let_go "$name"
  finished
  check "SIG$signal: exit code" ended_with 130
  check "SIG$signal: the steps in flight finished" \
    test "$(grep -c '"step_finished".*"held on .*"outcome":"changed"' "$events")" = 2
  check "SIG$signal: no other step began" not_begun "follows on"
  check "SIG$signal: it says how to go on" said "muster apply $file"
  start apply "$file"
  finished
  check "SIG$signal: apply goes on" ended_with 0
  check "SIG$signal: and does not do again what was done" not_begun "held on"
  all_well "SIG$signal" "$name"
done

begin "SIGINT twice" twice
kill -INT "$started"
check "SIGINT twice: once" until_true 10 said 'once more to stop now'
kill -INT "$started"
finished
check "SIGINT twice: it ends at once" ended_with 130
check "SIGINT twice: what was in flight is not waited for" test ! -e "$(worker_disk twice 1)/root/went"
as_recorded "SIGINT twice" twice
let_go twice
all_well "SIGINT twice" twice

# --- a run that stands still -------------------------------------------------------------------------

begin "a short stop" pause
kill -STOP "$started"
let_go pause
check "a short stop: the node finishes meanwhile" until_true 30 test -e "$(worker_disk pause 1)/root/went"
kill -CONT "$started"
finished
check "a short stop: the run goes on to its end" ended_with 0
all_well "a short stop" pause

# Another muster takes the deployment over while the first one stands still.
begin "a takeover" takeover
# Not in the middle of a write: SQLite would keep all others out.
until_true 60 happened '"step_finished".*"k8s-master on f-control-001"'
kill -STOP "$started"
let_go takeover
check "a takeover: a second run is refused" refused
check "a takeover: unlock" light unlock takeover --yes
check "a takeover: the second run goes to its end" light apply "$file"
recorded=$("$muster" status takeover -o json)
kill -CONT "$started"
finished
check "a takeover: the first run ends with an error" ended_with 3
check "a takeover: and says that it has lost its lock" said 'lock'
check "a takeover: it began no other step" not_begun "follows on"
check "a takeover: it changed nothing on record" test "$recorded" = "$("$muster" status takeover -o json)"
all_well "a takeover" takeover
