#!/usr/bin/env bash
# The power of hosts through their BMCs: ipmi_sim of OpenIPMI, and Redfish services on loopback, with
# what BMCs do: busy, slow, few sessions, tasks, moving tags, wrong passwords, strange certificates.
# Usage: MUSTER=build/debug/muster bmc.sh [BUILD_DIR]. Prints "ok NAME", "FAIL NAME: why" or "skip ...".
# Runs beside others.
# shellcheck disable=SC2317  # what check and trap call is reached
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-bmc.XXXXXX")
suite=bmc
. "$root/tests/support/cases.sh"
. "$root/tests/support/until.sh"
. "$root/tests/support/bmc.sh"
clean_up() {
  stop_bmcs
  wait
  rm -rf "$work"
}
trap clean_up EXIT
export MUSTER_CACHE=${MUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/muster}
export MUSTER_STATE=$work/state MUSTER_INVENTORY_DIR=$work/claims HOME=$work/home

run() {  # ARGUMENT...: leaves $code and what muster said in $work/out
  "$muster" bmc "$@" --hosts "$work/hosts.yaml" --log-file "$work/muster.log" > "$work/out" 2>&1 < /dev/null
  code=$?
  cat "$work/out" >> "$work/all"
}
host() {  # NAME KIND PORT MORE: a line of the hosts file
  echo "  - {name: $1, address: 127.0.1.$((++hosts)), bmc: {kind: $2, address: 127.0.0.1, port: $3, user: muster, $4}}" \
    >> "$work/hosts.yaml"
}
faults() { echo "$2" > "$work/$1/faults"; }  # NAME JSON
power() { [ "$(cat "$work/$1/power")" = "$2" ]; }
switches() { [ "$(tr '\n' ' ' < "$work/$1/switches")" = "$2 " ] && rm "$work/$1/switches"; }
requests() { grep -cE "$2" "$work/$1/log"; }  # NAME PATTERN
asked() { [ "$(requests "$1" "$2")" = "$3" ]; }
no_session_left() { [ "$(requests "$1" 'POST .*Sessions 201')" = "$(requests "$1" 'DELETE .*Sessions/[0-9]+ 204')" ]; }

hosts=0
echo "hosts:" > "$work/hosts.yaml"
certificates
for name in r two basic i; do plug $name; done
secret="password_file: r/password"
start_redfish r
host r redfish "$bmc_port" "$secret, ca_file: ca.pem"
host stranger redfish "$bmc_port" "$secret"
host pinned redfish "$bmc_port" "$secret, fingerprint: \"SHA256:$(openssl x509 -in "$work/bmc.pem" -noout -pubkey |
  openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64 | tr -d =)\""
host changed redfish "$bmc_port" "$secret, fingerprint: \"SHA256:$(head -c 32 /dev/zero | base64 | tr -d =)\""
host careless redfish "$bmc_port" "$secret, insecure: true"
host by-env redfish "$bmc_port" "password_env: TEST_BMC_PASSWORD, ca_file: ca.pem"
host unknown redfish "$bmc_port" "$secret, ca_file: ca.pem, system: \"7\""
r_port=$bmc_port
start_redfish two --systems A,B
host two redfish "$bmc_port" "password_file: two/password, ca_file: ca.pem"
host two-b redfish "$bmc_port" "password_file: two/password, ca_file: ca.pem, system: B"
start_redfish basic --basic
host basic redfish "$bmc_port" "password_file: basic/password, ca_file: ca.pem"

# --- Redfish

run status r
expect "redfish: status" 0 "HOST  POWER  KIND     BMC" "r     off    redfish  127.0.0.1:$r_port" free
run on r
expect "redfish: on" 0 "muster: r is on"
check "redfish: on switches it on" switches r "on"
run on r
expect "redfish: on again is fine" 0 "muster: r is on"
check "redfish: on again switches nothing" test ! -e "$work/r/switches"
run cycle r
expect "redfish: cycle" 0 "muster: r is on"
check "redfish: a cycle is off and on" switches r "off on"
run off r
expect "redfish: off" 0 "muster: r is off"
check "redfish: off asks the operating system" switches r "soft"
run on r
touch "$work/r/deaf"
run off r --timeout 1s
expect "redfish: a system that does not end" 0 "muster: r is off"
check "redfish: it is asked, then its power is cut" switches r "on soft off"
run on r
run off r --force
check "redfish: --force cuts the power at once" switches r "on off"
rm "$work/r/deaf"
faults r '{"no_soft": true}'
run on r
run off r
check "redfish: a BMC that cannot ask the system cuts the power" switches r "on off"
faults r '{"no_system": true}'
run on r
run off r
check "redfish: nor is a system waited for that is not there" switches r "on off"
faults r '{"action_info": true, "tasks": true}'
run on r
expect "redfish: kinds of reset elsewhere, and orders that are tasks" 0 "muster: r is on"
faults r '{"task_fails": true, "stuck": true}'
run off r --force
expect "redfish: a task that fails" 1 "its task ended as Exception: The power supply has failed."
faults r '{"moving": 1}'
run pxe r
expect "redfish: pxe, while somebody else changes the system" 0 "muster: r is on, and starts from the network next"
check "redfish: the first try met another tag, the second one did not" asked r "PATCH .* 412" 1
check "redfish: pxe is set" grep -q "PATCH /redfish/v1/Systems/1 200" "$work/r/log"
faults r '{"busy": 3}'
run status r
expect "redfish: a busy BMC is asked again" 0 "r     on"
check "redfish: it was busy three times" asked r " 503" 3
faults r '{"slow": 0.4}'
run status r
expect "redfish: a slow BMC" 0 "r     on"
faults r '{}'
run status pinned careless two-b basic -o json
expect "redfish: a pinned key, none at all, one of two systems, no sessions" 0 '"name": "basic"'
check "redfish: as JSON" python3 -c '
import json, sys
text = open(sys.argv[1]).read()
hosts = json.loads(text)["hosts"]
assert [h["power"] for h in hosts] == ["on", "on", "off", "off"], hosts
assert all(h["error"] is None and h["used_by"] is None for h in hosts), hosts' "$work/out"
check "redfish: no session is left" no_session_left r
check "redfish: nor at the other one" no_session_left two

sessions=$(requests r 'POST .*Sessions')
run status stranger
expect "redfish: a certificate of nobody" 1 "shows a certificate that is not trusted" "fingerprint: \"SHA256:"
shown=$(grep -oE 'SHA256:[A-Za-z0-9+/]{43}' "$work/out")
check "redfish: the key that it shows is told right" grep -qF "$shown" "$work/hosts.yaml"
run status changed
expect "redfish: another key than the pinned one" 1 "shows another key than it should: $shown"
check "redfish: neither was told the password" asked r 'POST .*Sessions' "$sessions"
run status unknown
expect "redfish: a system that is not there" 1 "has no system '7'; it has: 1" "mend 'system'"
run status two
expect "redfish: several systems, and none named" 1 "has 2 systems: A, B" "say which one"
check "redfish: no session is left after these" no_session_left r
check "redfish: nor after those" no_session_left two

TEST_BMC_PASSWORD=sesame run status by-env
expect "redfish: a wrong password" 1 "it refuses the user 'muster' or the password" "the variable 'TEST_BMC_PASSWORD'"
check "redfish: it was tried once" asked r 'POST .*Sessions 401' 1
TEST_BMC_PASSWORD=$(cat "$work/r/password") run status by-env
expect "redfish: the right one then" 0 "by-env  on"
run status by-env
expect "no password" 2 "there is no password for the BMC 127.0.0.1 in the variable 'TEST_BMC_PASSWORD'"
chmod 644 "$work/basic/password"
run status basic
expect "a password that everybody can read" 2 "is open to everybody on this machine" "chmod 600"
chmod 600 "$work/basic/password"

touch "$work/r/deaf"
rm -f "$work/r/switches"
"$muster" bmc off r --hosts "$work/hosts.yaml" > "$work/out" 2>&1 < /dev/null &
stopped=$!
check "redfish: a system that does not end is waited for" until_true 10 grep -q soft "$work/r/switches"
kill -INT $stopped
wait $stopped
code=$?
expect "redfish: Ctrl-C while waiting" 130 interrupted
check "redfish: Ctrl-C leaves no session" no_session_left r
check "redfish: Ctrl-C leaves the power as it is" power r on

# --- sushy-tools: a Redfish that others have written

plug sushy
if ! start_sushy sushy; then
  echo "skip bmc: sushy-tools: $(tail -n 1 "$work/sushy/pip.log" "$work/sushy/sushy.log" 2>/dev/null | tail -n 1)"
else
  host sushy redfish "$bmc_port" "password_file: sushy/password, ca_file: ca.pem"
  host sushy-wrong redfish "$bmc_port" "password_file: r/password, ca_file: ca.pem"
  run status sushy
  expect "sushy-tools: status" 0 "sushy  off"
  run on sushy
  expect "sushy-tools: on, which takes some seconds" 0 "muster: sushy is on"
  run pxe sushy
  expect "sushy-tools: pxe" 0 "starts from the network next"
  run status sushy-wrong
  expect "sushy-tools: a wrong password" 1 "it refuses the user 'muster' or the password"
fi

# --- hosts files

run status nobody
expect "a host that is not there" 2 "has no host 'nobody'"
cat > "$work/plain.yaml" <<'YAML'
hosts: [{name: a, address: 10.0.0.1, bmc: {kind: ipmi, address: 10.0.9.1, user: u, password: sesame}}]
YAML
"$muster" bmc status --hosts "$work/plain.yaml" > "$work/out" 2>&1
code=$?
expect "a password in the hosts file" 2 "a password does not belong into a hosts file" "password_file: bmc.password"
cat "$work/out" >> "$work/all"

# --- IPMI

if ! command -v ipmi_sim > /dev/null || ! command -v ipmitool > /dev/null; then
  echo "skip bmc: IPMI: needs openipmi and ipmitool"
else
  mkdir "$work/bin"
  # shellcheck disable=SC2016
  printf '#!/bin/bash\nprintf "%%s " "$@" >> "%s"\nexec %s "$@"\n' "$work/arguments" "$(command -v ipmitool)" \
    > "$work/bin/ipmitool"
  chmod +x "$work/bin/ipmitool"
  export PATH=$work/bin:$PATH
  start_ipmi i || fail "ipmi_sim starts" "$(cat "$work/i/ipmi.log")"
  host i ipmi "$bmc_port" "password_file: i/password, cipher_suite: 3"
  host i-wrong ipmi "$bmc_port" "password_file: r/password, cipher_suite: 3"
  echo "  - {name: i-user, address: 127.0.1.99, bmc: {kind: ipmi, address: 127.0.0.1, port: $bmc_port, user: nobody, password_file: i/password, cipher_suite: 3}}" \
    >> "$work/hosts.yaml"
  host i-suite ipmi "$bmc_port" "password_file: i/password, cipher_suite: 17"
  host i-gone ipmi 9 "password_file: i/password, cipher_suite: 3"
  run status i
  expect "ipmi: status" 0 "i     off    ipmi  127.0.0.1:$bmc_port"
  run on i
  expect "ipmi: on" 0 "muster: i is on"
  run cycle i
  expect "ipmi: cycle" 0 "muster: i is on"
  check "ipmi: a cycle is off and on" switches i "on off on"
  run pxe i
  expect "ipmi: pxe" 0 "starts from the network next"
  check "ipmi: pxe is set" grep -qx pxe "$work/i/boot"
  touch "$work/i/deaf"
  run off i --timeout 1s
  expect "ipmi: off" 0 "muster: i is off"
  check "ipmi: it is asked, then its power is cut" switches i "soft off"
  run status i-wrong
  expect "ipmi: a wrong password" 1 "it refuses the password" "r/password"
  run status i-user
  expect "ipmi: a wrong user" 1 "it does not know the user" "the user 'nobody'"
  run status i-suite
  expect "ipmi: algorithms that it does not have" 1 "invalid authentication algorithm"
  run status i-gone i
  expect "ipmi: one that does not answer, beside one that does" 1 "it does not answer" "'cipher_suite'" "i       off"
  env PATH=/nowhere "$muster" bmc status i --hosts "$work/hosts.yaml" > "$work/out" 2>&1
  code=$?
  expect "without ipmitool" 1 "needs the program ipmitool" "apt-get install ipmitool"
  check "the password is in no argument" bash -c "[ -s '$work/arguments' ] && ! grep -qF -f '$work/i/password' '$work/arguments'"
fi

for name in r two basic i; do cat "$work/$name/password"; done > "$work/secrets"
echo sesame >> "$work/secrets"
check "no password is in what muster says, nor in its log" bash -c "! grep -F -f '$work/secrets' '$work/all' '$work/muster.log'"
check "no service of the test broke" bash -c "! cat '$work'/*/errors | grep ."
exit $((failures > 0))
