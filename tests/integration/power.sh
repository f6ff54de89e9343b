#!/usr/bin/env bash
# Machines of somebody (support/machines.sh) whose power hangs on BMCs, one with IPMI and one with
# Redfish, that really switch them: apply wakes them, one is power-cycled in the middle of that and the
# run goes on, one that is off is switched on by the next apply, and destroy puts one to sleep.
# Usage: MUSTER=build/debug/muster power.sh [BUILD_DIR]. Needs root; less than a minute.
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2016,SC2317,SC2154  # text for machines; check calls it; from machines.sh
set -u

if ! command -v ipmi_sim > /dev/null || ! command -v ipmitool > /dev/null; then
  echo "skip power: needs openipmi and ipmitool"
  exit 0
fi
# shellcheck source=tests/support/machines.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/machines.sh"
muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
suite=power
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"
# shellcheck source=tests/support/until.sh
. "$root/tests/support/until.sh"
# shellcheck source=tests/support/bmc.sh
. "$root/tests/support/bmc.sh"

run() {  # ARGUMENT...: leaves $code and what muster said in $work/out
  "$muster" --roles "$work/mine" "$@" > "$work/out" 2>&1 < /dev/null
  code=$?
}
bmc() { run bmc "$@" --hosts "$work/hosts.yaml"; }
switches() { [ "$(tr '\n' ' ' < "$work/$1/switches")" = "$2 " ]; }

# --- machines, and their plugs

export root
declare -f run_machine > "$work/run_machine"  # not exported: dash, which ipmi_sim starts, loses it
machine_program() {  # NAME
  cat > "$work/$1/machine" << MACHINE
#!/bin/bash
name=$1
MACHINE
  cat >> "$work/$1/machine" << 'MACHINE'
processes() {
  find /sys/fs/cgroup -path "*/muster-machine-$MACHINES_MARK-$name/*" -name cgroup.procs -exec cat {} + | sort -un
}
case "$1" in
  get) [ -n "$(processes)" ] && echo on || echo off ;;
  on)
    ip link set "m-$name" up
    [ -n "$(processes)" ] || setsid bash -c ". ${0%/*}/../run_machine; run_machine $name" >> "${0%/*}/console" 2>&1 < /dev/null &
    ;;
  off)
    ip link set "m-$name" down  # a plug that is pulled says no goodbye
    # Those as well that begin meanwhile.
    # shellcheck disable=SC2046  # numbers
    while [ -n "$(processes)" ]; do kill -KILL $(processes) 2>/dev/null; done
    true
    ;;
  soft)
    for process in $(processes); do
      [ "$(cat "/proc/$process/comm")" != systemd-nspawn ] || { kill -TERM "$process"; break; }
    done
    ;;
esac
MACHINE
  chmod +x "$work/$1/machine"
}

machines i r
disown -a  # who is killed by its BMC is no news
certificates
for name in i r; do
  plug $name
  machine_program $name
done
start_ipmi i
ipmi_port=$bmc_port
start_redfish r
cat > "$work/hosts.yaml" << YAML
hosts:
  - {name: i, address: 10.77.0.${machine_number[i]}, user: ops, key: key,
     bmc: {kind: ipmi, address: 127.0.0.1, port: $ipmi_port, user: muster, password_file: i/password,
           cipher_suite: 3, wake: true}}
  - {name: r, address: 10.77.0.${machine_number[r]}, user: ops, key: key,
     bmc: {kind: redfish, address: 127.0.0.1, port: $bmc_port, user: muster, password_file: r/password,
           ca_file: ca.pem, wake: true, release: off}}
YAML
mkdir -p "$work/mine/roles/work"
cat > "$work/mine/roles/work/role.yaml" << 'YAML'
role: work
description: takes some seconds
tasks:
  - name: the first
    file: {path: /var/lib/work, content: "first\n"}
  - name: the long one
    command:
      run: |  # which on the one that loses its power takes until then
        echo begun >> /var/lib/begun
        [ "$(hostname)" != i ] || [ "$(wc -l < /var/lib/begun)" -gt 1 ] || sleep 120
        echo done > /var/lib/done
      creates: /var/lib/done
  - name: the last
    file: {path: /var/lib/last, content: "last\n"}
undo:
  - name: gone
    command: {run: "! test -e /var/lib/stuck && rm -f /var/lib/work /var/lib/begun /var/lib/done /var/lib/last"}
YAML
cat > "$work/site.json" << JSON
{"name": "site", "provider": {"name": "inventory", "hints": {"file": "$work/hosts.yaml"}},
 "nodes": [{"roles": ["work"], "hosts": ["i", "r"]}]}
JSON

bmc status
expect "both machines are on" 0 "i     on" "r     on"
bmc off i r --force
expect "they are switched off" 0 "i is off" "r is off"
check "no machine answers then" bash -c '! timeout 1 bash -c "exec 3<>/dev/tcp/10.77.0.11/22" 2>/dev/null'
run check "$work/site.json"
expect "a check does not wake them, nor complain" 0 "0 errors" "2 nodes without a machine yet"
rm -f "$work"/{i,r}/switches

# --- apply wakes them; one loses its power in the middle

"$muster" --roles "$work/mine" apply "$work/site.json" --yes --json > "$work/events" 2> "$work/talk" < /dev/null &
apply=$!
check "apply wakes the hosts, and its role begins" until_true 60 on i test -e /var/lib/begun
boot=$(on i stat -c %Z /proc/1)
bmc cycle i
expect "a host that a deployment has is not cycled without a yes" 2 "deployments use these hosts: i (site/i)" "--yes"
bmc cycle i --yes
expect "with it, it is" 0 "i is on"
wait $apply
code=$?
cat "$work/events" "$work/talk" > "$work/out"
expect "apply ends well all the same" 0
check "each machine was woken, and one was cycled" switches i "on off on"
check "the other one was not touched" switches r "on"
check "what was cut was begun again" test "$(on i cat /var/lib/begun | wc -l)" = 2
check "and what was not, was not" test "$(on r cat /var/lib/begun | wc -l)" = 1
for name in i r; do
  check "$name has the whole role" test "$(on $name cat /var/lib/work /var/lib/done /var/lib/last | tr '\n' ' ')" = "first done last "
done
check "the machine has started anew" test "$(on i stat -c %Z /proc/1)" != "$boot"
check "the run noticed" grep -q '"node":"i".*the connection was lost; trying again' "$work/events"
run apply "$work/site.json" --yes --json
expect "a second apply" 0
check "it changes nothing" bash -c "! grep -E '\"outcome\":\"(changed|failed)\"' '$work/out'"

# --- a host that is off comes back with the next apply

run power site i off
expect "muster power switches a host off" 0 "i is off"
bmc status i
expect "it is off" 0 "i     off" site/i
run plan "$work/site.json" --refresh
expect "a plan that looks says so" 0 "create: it is switched off"
run apply "$work/site.json" --yes
expect "the next apply switches it on" 0
bmc status i
expect "it is on" 0 "i     on"

# --- destroy puts to sleep what is to sleep

rm -f "$work"/{i,r}/switches
on r 'touch /var/lib/stuck'
run destroy site --yes
expect "destroy, while what is on one cannot be undone" 1 "'r' stays in use until what roles made there is undone"
check "it is not switched off" test ! -e "$work/r/switches"
bmc status
expect "nor given back" 0 "r     on" site/r
on r 'rm /var/lib/stuck'
run destroy site --yes
expect "destroy" 0
check "the host that is to sleep was shut down" switches r "soft"
check "the other one was left alone" test ! -e "$work/i/switches"
bmc status
expect "that is how they are" 0 "i     on" "r     off" free
check "nothing of the role is left" on i "! ls /var/lib/work /var/lib/begun 2>/dev/null"
check "no session is left at the BMC" \
  test "$(grep -c 'POST .*Sessions 201' "$work/r/log")" = "$(grep -c 'DELETE .* 204' "$work/r/log")"
for name in i r; do cat "$work/$name/password"; done > "$work/secrets"
check "no password is in what was said, recorded or logged" \
  bash -c "! grep -rqF -f '$work/secrets' '$work/events' '$work/talk' '$work/out' '$work/state' '$work/claims'"
stop_bmcs
[ "$failures" = 0 ] || tail -n 20 "$work"/console.* "$work"/{i,r}/console
exit $((failures > 0))
