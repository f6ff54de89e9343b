#!/bin/bash
# What befalls nodes while apply works on them: one never boots, one's connection is cut, one reboots
# or loses its power, a task fails, a disk is full; and then, behind muster's back: machines end.
# Usage: nodes.sh [BUILD_DIR]
# shellcheck source=tests/fault/support.sh
. "$(dirname "$0")/support.sh"

# --- a node never boots ------------------------------------------------------------------------------

# Signals all processes of a node, those too that begin meanwhile.
signal_node() {  # SIGNAL HANDLE
  local pids before=none
  while pids=$(processes_of "$2") && [ "$pids" != "$before" ]; do
    # shellcheck disable=SC2086  # numbers
    kill "$1" $pids 2>/dev/null
    before=$pids
  done
}

# Signals the next node whose systemd-nspawn starts: $signalled.
signal_next_node() {  # SIGNAL
  local file handle pid
  for file in "$MUSTER_LOCAL_DIR"/nodes/*.json; do
    handle=$(basename "$file" .json)
    for pid in $(processes_of "$handle"); do
      [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = systemd-nspawn ] || continue
      signalled=$handle
      signal_node "$1" "$handle"
      return
    done
  done
  return 1
}

# A node that had booted when it was stopped goes on, and it is tried with another deployment.
hangs_while_it_boots() {  # DEPLOYMENT
  local end=$((SECONDS + 60)) node
  definition "$1"
  start apply "$file"
  until signal_next_node -STOP || [ $SECONDS -ge $end ]; do :; done
  node=$(grep -o '"name": *"[^"]*"' "$MUSTER_LOCAL_DIR/nodes/$signalled.json" | cut -d'"' -f4)
  until happened "trying again: local node" || ! kill -0 "$started" 2>/dev/null; do
    happened "\"step_finished\".*\"step\":\"create $node\"" || { sleep 0.2; continue; }
    signal_node -CONT "$signalled"
    finished
    "$muster" destroy "$1" --yes > /dev/null 2>&1
    return 1
  done
}
for try in 1 2 3 4 5; do
  ! hangs_while_it_boots "boots-late-$try" || break
done
finished
check "a node that hangs while it boots: it is made anew in the same run" ended_with 0
check "a node that hangs while it boots: the run says so" \
  said "trying again: local node '.*' (.*) does not answer on SSH after .* seconds"
all_well "a node that hangs while it boots" "boots-late-$try"

definition boots-not
start apply "$file" --parallel 1
until ! kill -0 "$started" 2>/dev/null || happened '"create .*"outcome":"failed"'; do
  signal_next_node -KILL
done
finished
check "a node that never boots: apply fails" ended_with 1
stopped=$(sed -n 's/.*"step_finished".*"step":"create \([^"]*\)".*"outcome":"failed".*/\1/p' "$events")
check "a node that never boots: its create failed" test -n "$stopped"
check "a node that never boots: the message says so" said "local node '$stopped' (.*) ended while starting"
check "a node that never boots: and where to look" said 'its whole console is in'
for other in f-control-001 f-worker-001 f-worker-002; do
  [ "$other" = "$stopped" ] ||
    check "a node that never boots: $other goes on" happened "\"base on $other\".*\"outcome\":\"changed\""
done
all_well "a node that never boots" boots-not

# --- a step that takes long, and what can come in between ---------------------------------------------

# The first time one node takes half a minute, so that something can happen to it.
role slow <<'YAML'
needs: [base]
tasks:
  - name: takes long, the first time
    command:
      run: |
        echo try >> /root/tries; sync
        [ "$(wc -l < /root/tries)" -ge 2 ] || [ "$(hostname)" != f-worker-001 ] || sleep 30
        touch /root/slow
      creates: /root/slow
YAML

begin_slow() {  # DEPLOYMENT
  definition "$1" slow
  start apply "$file"
}
tries_of() { echo "$(disk_of "$(handle_of "$1" f-worker-001)")/root/tries"; }  # DEPLOYMENT
in_mid_step() {
  until_true 60 happened '"create f-worker-001".*"changed"' && until_true 60 test -s "$(tries_of "$1")"
}
tried_twice() { [ "$(wc -l < "$(tries_of "$1")")" = 2 ]; }

# What the cut step had begun goes on, and its next run waits for that.
cut_connections() {  # HANDLE: kills sshd's processes for sessions, not the one that listens
  local pid
  for pid in $(processes_of "$1"); do
    ! tr '\0' ' ' 2>/dev/null < "/proc/$pid/cmdline" | grep -q '^sshd: root' || kill -9 "$pid"
  done
}
begin_slow cut
check "a cut connection: in mid-step" in_mid_step cut
check "a cut connection: it is cut" cut_connections "$(handle_of cut f-worker-001)"
finished
check "a cut connection: apply succeeds in the same run" ended_with 0
check "a cut connection: it said so" happened 'the connection was lost; trying again'
all_well "a cut connection" cut

# As systemd reboots a node, and as a plug is pulled and put in again after a while.
begin_slow reboot
check "a reboot: in mid-step" in_mid_step reboot
check "a reboot: the node reboots" \
  "$muster" ssh reboot f-worker-001 -- "systemd-run --no-block sh -c 'sleep 1; systemctl reboot --force'"
finished
check "a reboot: apply succeeds in the same run" ended_with 0
check "a reboot: the step was run again" tried_twice reboot
all_well "a reboot" reboot

begin_slow power
check "a pulled plug: in mid-step" in_mid_step power
handle=$(handle_of power f-worker-001)
check "a pulled plug: the node is off" "$programs/fault_nodes" power "$handle" off
check "a pulled plug: the run notices" until_true 90 happened 'the connection was lost'
sleep 40  # without power; longer than a reboot takes
check "a pulled plug: the node is on again" "$programs/fault_nodes" power "$handle" on
finished
check "a pulled plug: apply succeeds in the same run" ended_with 0
check "a pulled plug: the step was run again" tried_twice power
all_well "a pulled plug" power

# --- a task fails ------------------------------------------------------------------------------------

role fails <<'YAML'
needs: [base]
tasks:
  - name: wants a file
    command:
      run: echo this is why; [ "$(hostname)" != f-worker-001 ] || cat /root/wanted; touch /root/had
      creates: /root/had
YAML
role follows <<'YAML'
needs: [base]
after: [fails]
tasks:
  - name: comes later
    file: {path: /root/later, content: later}
YAML
steps_are() {  # STEP...: the steps of the last run
  local steps
  steps=$(sed -n 's/.*"step_started".*"step":"\([^"]*\)".*/\1/p' "$events" | sort)
  [ "$steps" = "$(printf '%s\n' "$@")" ] || { echo "$steps"; return 1; }
}
definition fails fails follows
start apply "$file"
finished
check "a failing task: apply fails" ended_with 1
check "a failing task: node, task, command, exit code and output are named" happened \
  '"step":"fails on f-worker-001".*"task":"wants a file","outcome":"failed".*"exit_code":1.*"command":.*cat /root/wanted.*"output":".*this is why'
check "a failing task: other nodes go on" happened '"fails on f-worker-002".*"outcome":"changed"'
check "a failing task: what waits for it is skipped" happened \
  "\"follows on f-worker-002\".*\"skipped\".*because 'fails on f-worker-001' failed"
check "a failing task: it says how to go on" said "try again:  muster apply"
as_recorded "a failing task" fails
"$muster" ssh fails f-worker-001 -- touch /root/wanted
start apply "$file"
finished
check "a failing task: the next apply succeeds" ended_with 0
check "a failing task: it does what was left, and nothing else" steps_are \
  "fails on f-worker-001" "follows on f-worker-001" "follows on f-worker-002"
all_well "a failing task" fails

# --- a disk is full ----------------------------------------------------------------------------------

role writes <<'YAML'
needs: [base]
tasks:
  - name: writes a file
    file: {path: /srv/small/file, template: writes/much}
YAML
on_worker() { "$muster" ssh "$1" f-worker-001 -- "$2"; }  # DEPLOYMENT COMMAND
mkdir -p "$work/templates/writes"
head -c 30000 /dev/zero | tr '\0' x > "$work/templates/writes/much"
definition full
need "a full disk: apply makes the nodes" light apply "$file"
check "a full disk: a small one" on_worker full \
  'mkdir /srv/small && mount -t tmpfs -o size=64k small /srv/small && ! dd if=/dev/zero of=/srv/small/fill bs=4k 2>/dev/null'
"$muster" ssh full f-worker-002 -- mkdir /srv/small
definition full writes
start apply "$file"
finished
check "a full disk: apply fails" ended_with 1
check "a full disk: node, task and reason are named" happened \
  '"writes on f-worker-001".*"task":"writes a file","outcome":"failed".*No space left on device'
check "a full disk: the other node goes on" happened '"writes on f-worker-002".*"outcome":"changed"'
check "a full disk: no half of a file is left" on_worker full '[ "$(ls /srv/small)" = fill ]'
on_worker full 'rm /srv/small/fill'
all_well "a full disk" full

# Where tasks keep their own files, /run, another folder takes its place.
definition full-run slow
sed 's/,"slow"//' "$file" > "$work/before.json"
need "a full /run: apply makes the nodes" light apply "$work/before.json"
check "a full /run: it is full" on_worker full-run \
  'mount -o remount,size=16m /run && ! dd if=/dev/zero of=/run/fill bs=4k'
start apply "$file"
finished
check "a full /run: apply does without it" ended_with 0
check "a full /run: the role was applied" happened '"slow on f-worker-001".*"outcome":"changed"'
check "a full /run: it was full all the while" on_worker full-run 'test -s /run/fill'
on_worker full-run 'rm /run/fill'
all_well "a full /run" full-run

# --- machines that end behind muster's back -----------------------------------------------------------

# The first process of the node, with which all others end.
leader_of() {  # HANDLE
  local pid
  for pid in $(processes_of "$1"); do
    ! grep -q '^NSpid:.*[[:space:]]1$' "/proc/$pid/status" 2>/dev/null || { echo "$pid"; return; }
  done
  return 1
}
has_ended() { [ -z "$(processes_of "$1")" ]; }
plan_says() {  # TEXT: of a plan that is not empty
  local planned plan_code=0
  planned=$(light plan "$file" --refresh --detailed-exitcode 2>&1) || plan_code=$?
  grep -qF -- "$1" <<< "$planned" && [ "$plan_code" = 2 ] || { echo "exit code $plan_code: $planned"; return 1; }
}
not() { ! "$@"; }
marked() { "$muster" ssh behind "$1" -- test -e /root/mark; }  # NODE
definition behind
need "behind muster's back: apply makes the nodes" light apply "$file"
network=$(address_of behind f-worker-001 | sed 's/[0-9]*$/0\/24/')
no_room() {  # a cluster whose pods want the addresses that such nodes get
  local planned
  printf '{"name": "clash", "attribs": {"k8s-kube_pod_subnet": "%s"}, "nodes": [{"roles": ["etcd", "k8s-master"]}]}\n' \
    "$network" > "$work/clash.json"
  ! planned=$("$muster" plan "$work/clash.json" 2>&1) &&
    grep -qF "the pod network $network takes $network, the network of provider 'local'" <<< "$planned" || { echo "$planned"; return 1; }
}
check "behind muster's back: before nodes are made, their network is known" no_room
killed=$(handle_of behind f-worker-001)
gone=$(handle_of behind f-worker-002)
for node in f-worker-001 f-worker-002; do "$muster" ssh behind $node -- "touch /root/mark; sync"; done
check "behind muster's back: a machine's leader is killed" kill -KILL "$(leader_of "$killed")"
check "behind muster's back: the machine ends with it" until_true 60 has_ended "$killed"
check "behind muster's back: the plan sees that it is off" plan_says "+ create: it is switched off"
check "behind muster's back: another machine is deleted" "$programs/fault_nodes" destroy "$gone"
check "behind muster's back: the plan sees that it is gone" plan_says "+ create: its provider no longer has it"
check "behind muster's back: apply makes them again" light apply "$file"
check "behind muster's back: the one that was off has its disk" marked f-worker-001
check "behind muster's back: the one that was gone has a new one" not marked f-worker-002
all_well "behind muster's back" behind
