#!/usr/bin/env bash
# Hosts that are fit and hosts that are not, through the real binary: real sshd, users, listeners and
# leftovers, in namespaces that end with the script.
# Usage: MUSTER=build/debug/muster check.sh [BUILD_DIR]. Needs root; about half a minute.
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2317  # what check and trap call is reached
set -u

if [ "${1:-}" != --inside ]; then
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
  [ "$(id -u)" = 0 ] || { echo "skip check: needs root"; exit 0; }
  [ -x /usr/sbin/sshd ] || { echo "skip check: needs openssh-server"; exit 0; }
  # Files that may lie in a folder that is covered there.
  exec 7<"${BASH_SOURCE[0]}" 8<"$muster" 9<"$root/tests/support/cases.sh"
  exec "$root/tests/support/own-world.sh" /bin/bash /dev/fd/7 --inside
fi

suite=check
work=/mnt/work
muster=/mnt/muster
cp /dev/fd/8 $muster
chmod 0755 $muster
# shellcheck source=tests/support/cases.sh
. /dev/fd/9
exec 7<&- 8<&- 9<&-
export MUSTER_STATE=$work/state MUSTER_CACHE=$work/cache MUSTER_INVENTORY_DIR=$work/claims
unset XDG_STATE_HOME

run() {  # ARGUMENT...: leaves $code, and what muster said: both streams in $work/out, stdout in json
  "$muster" --roles "$work/mine" "$@" >"$work/json" 2>"$work/talk" </dev/null
  code=$?
  cat "$work/json" "$work/talk" >"$work/out"
}
silent_about() { ! grep -E -- "$1" "$work/out"; }
# What is said in the row or the refusal of a check, in one piece.
says() { grep -Eq -- "$1" "$work/out" || { echo "it does not say '$1'"; return 1; }; }
within() {  # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@" 2>/dev/null; do [ $SECONDS -lt $end ] || return; sleep 0.05; done
}

# --- hosts: one address each, all of them this machine

mkdir -p /run/systemd/system "$work/nodes"
ssh-keygen -q -t ed25519 -N "" -f "$work/id"
ssh-keygen -q -t ed25519 -N "" -f "$work/key"
ssh-keygen -q -t ed25519 -N "" -f "$work/other"
cp "$work/id.pub" /mnt/authorized
echo "no key" >"$work/garbage"
useradd -m -s /bin/bash -p '*' ann

# A host whose clock is 10 minutes behind, as its programs see it.
mkdir /mnt/late
printf '#!/bin/sh\nexec /bin/date -d "-10 minutes" "$@"\n' >/mnt/late/date
chmod 0755 /mnt/late/date
chmod 0755 /mnt /mnt/late

# A host of another architecture, as its programs see it.
case $(uname -m) in
  aarch64) foreign=amd64 machine=x86_64 ;;
  *) foreign=arm64 machine=aarch64 ;;
esac
mkdir -m 755 /mnt/arm
printf '#!/bin/sh\n[ "$1" = -m ] && echo %s && exit\nexec /bin/uname "$@"\n' $machine >/mnt/arm/uname
chmod 0755 /mnt/arm/uname

declare -A address=([fit]=127.7.0.1 [late]=127.7.0.2 [changed]=127.7.0.3 [off]=127.7.0.4
  [poor]=127.7.0.5 [second]=127.7.0.6 [stranger]=127.7.0.7 [keyless]=127.7.0.8
  [other]=127.7.0.9 [dead]=127.7.0.10 [mute]=127.7.0.11 [arm]=127.7.0.12)
start() {  # HOST [LINE...]
  printf '%s\n' "ListenAddress ${address[$1]}" "Port 22" "HostKey $work/key" \
    "AuthorizedKeysFile /mnt/authorized" "UsePAM no" "StrictModes no" "PidFile none" \
    "PasswordAuthentication no" "KbdInteractiveAuthentication no" "PermitRootLogin yes" \
    "LogLevel VERBOSE" "${@:2}" \
    >"$work/$1.config"
  /usr/sbin/sshd -D -e -f "$work/$1.config" 2>>"$work/$1.log" &
}
for host in fit changed poor second stranger keyless other; do start $host; done
# Lets ann in, and runs nothing of hers.
start mute 'ForceCommand /bin/true'
start late 'SetEnv PATH=/mnt/late:/usr/sbin:/usr/bin:/sbin:/bin'
start arm 'SetEnv PATH=/mnt/arm:/usr/sbin:/usr/bin:/sbin:/bin'
answers() { (exec 3<>"/dev/tcp/${address[$1]}/22"); }
for host in fit changed poor second late stranger keyless other mute arm; do
  within 10 answers $host || { fail "sshd of $host starts" "$(cat "$work/$host.log")"; exit 1; }
done
key=$(cut -d' ' -f1,2 "$work/key.pub")
{
  echo "hosts:"
  for host in fit late off second arm; do
    echo "  - {name: $host, address: ${address[$host]}, key: $work/id, host_key: $key}"
  done
  echo "  - {name: changed, address: ${address[changed]}, key: $work/id, host_key: $(cut -d' ' -f1,2 "$work/other.pub")}"
  for host in poor dead mute; do
    echo "  - {name: $host, address: ${address[$host]}, key: $work/id, host_key: $key, user: ann}"
  done
  echo "  - {name: stranger, address: ${address[stranger]}, key: $work/other, host_key: $key, user: ann}"
  echo "  - {name: keyless, address: ${address[keyless]}, key: $work/garbage, host_key: $key, user: ann}"
  echo "  - {name: other, address: ${address[other]}, key: $work/id, host_key: $(cut -d' ' -f1,2 "$work/other.pub"), user: ann}"
} >"$work/hosts.yaml"

mkdir -p "$work/mine/roles/few"
cat >"$work/mine/roles/few/role.yaml" <<YAML
role: few
description: a file
tasks:
  - {name: a file, file: {path: "$work/nodes/{{node.name}}", content: "here\n"}}
undo:
  - {name: gone, file: {path: "$work/nodes/{{node.name}}", state: absent}}
YAML
define() {  # FILE ROLES HOST...
  local hosts
  hosts=$(printf '"%s",' "${@:3}")
  printf '{"name": "%s", "provider": {"name": "inventory", "hints": {"file": "%s"}},
    "nodes": [{"roles": [%s], "hosts": [%s]}]}\n' "$1" "$work/hosts.yaml" "$2" "${hosts%,}" >"$work/$1.json"
}
few='"few"'
cluster='"etcd","k8s-master","k8s-worker"'
nothing_changed() {  # no deployment, no claim
  [ "$("$muster" list -o json)" = "[]" ] || { "$muster" list; return 1; }
  [ -z "$(find "$work/claims" -name '*.json' 2>/dev/null)" ]
}
"$muster" list -o json >"$work/list"
check "nothing is there at first" nothing_changed

# --- a fit host

define site "$few" fit
run check "$work/site.json"
expect "a fit host" 0 "1 host checked: 0 errors, 0 warnings"
run check "$work/site.json" -v
expect "all that is well is shown with -v" 0 "scripts run as root" "clock" "right to"
run plan "$work/site.json"
expect "a plan has the findings below it" 0 "1 host checked: 0 errors, 0 warnings"
run plan "$work/site.json" --skip-check
check "a plan that is told not to ask does not" silent_about 'checked'
check "nothing was claimed or recorded" nothing_changed

# --- what refuses: each with its message, and nothing is changed

refused() {  # NAME HOST ROLES CHECK REGEX REMEDY: by check, plan and apply
  define bad "$3" "$2"
  run check "$work/bad.json"
  check "$1: check says so" says "^$2 +${address[$2]} +error +$4 +.*$5.*$6"
  check "$1: check fails" [ "$code" = 1 ]
  run plan "$work/bad.json"
  check "$1: a plan shows it" says "^$2 +${address[$2]} +error +$4 +.*$5"
  check "$1: a plan says what apply will do" says "apply refuses hosts with errors"
  run apply "$work/bad.json" --yes
  check "$1: apply refuses" [ "$code" = 1 ]
  check "$1: with the reason and the remedy" says "'$2' \(${address[$2]}\): $4: .*$5.*remedy: .*$6"
  check "$1: nothing was changed" nothing_changed
}
refused "a clock that is 10 minutes behind" late "$few" clock \
  "its clock is (10m00s|9m5[89]s|10m0[12]s) behind this machine's" "timedatectl set-ntp true"
refused "a host key that changed" changed "$few" "host key" \
  "the host key of '${address[changed]}' changed: expected ssh-ed25519 SHA256:" "write its new host key into the hosts file"
refused "no sudo" poor "$few" sudo \
  "'poor' does not run scripts for ann: sudo: a password is required" "put 'ann ALL=\(ALL\) NOPASSWD:ALL' into /etc/sudoers.d/ann"

# Who logs in as another user than root is told the same: it is not for want of sudo.
logins() { grep -c "Connection from .* on ${address[$1]} " "$work/$1.log"; }
refused "a key that ann's host does not know" stranger "$few" login \
  "'ann@${address[stranger]}' does not accept muster's key ssh-ed25519 SHA256:" "add this line to its ~/.ssh/authorized_keys"
refused "a key file without a key" keyless "$few" "key file" \
  "the private key for '${address[keyless]}' cannot be read" "OpenSSH or PEM private key without a passphrase"
refused "another host key of ann's host" other "$few" "host key" \
  "the host key of '${address[other]}' changed: expected ssh-ed25519 SHA256:" "write its new host key into the hosts file"
refused "a login of ann that runs nothing" mute "$few" login \
  "'mute' does not run scripts for ann: it said nothing" "ForceCommand, internal-sftp"
for host in stranger other poor; do
  define bad "$few" $host
  before=$(logins $host)
  run check "$work/bad.json"
  check "a host is asked once: $host" [ "$(logins $host)" = $((before + 1)) ]
done
define half "$few" dead fit
run check "$work/half.json"
check "ann's host that is off: check says so" says "^dead +${address[dead]} +error +reach +'dead' does not answer"
run apply "$work/half.json" --yes
check "ann's host that is off: apply goes on with the other" [ -e "$work/nodes/fit" ]
check "ann's host that is off: it is a warning" says "^dead .* warning +reach .*its node will fail, and the others go on"
run destroy half --yes
check "ann's host that is off: nothing is left" [ ! -e "$work/nodes/fit" ]

define bad "$cluster" fit
run check "$work/bad.json"
check "a host without Kubernetes has none" silent_about "somebody's Kubernetes|port [0-9]+, for"
mkdir -p /etc/kubernetes
: >/etc/kubernetes/admin.conf
refused "somebody's Kubernetes" fit "$cluster" kubernetes \
  "it already has somebody's Kubernetes: /etc/kubernetes/admin.conf" "kubeadm reset"
# Any program of that name: its own is what a cluster's is called.
cp /bin/sleep /mnt/kubelet
/mnt/kubelet 600 &
kubelet=$!
refused "a kubelet that runs" fit "$cluster" kubernetes "kubelet runs \($kubelet\)" "kubeadm reset"
define bad "$few" fit
run check "$work/bad.json"
expect "to a node without Kubernetes that is nothing" 0 "0 errors, 0 warnings"
kill $kubelet
wait $kubelet 2>/dev/null
rm -r /etc/kubernetes

mkdir -p /var/lib/etcd/default/member
refused "somebody's etcd" fit "$cluster" etcd \
  "it already has an etcd: /var/lib/etcd/default/member" "save what it holds"
rm -r /var/lib/etcd

python3 -c 'import socket, time
s = socket.socket(); s.bind(("0.0.0.0", 6443)); s.listen()
t = socket.socket(); t.bind(("127.7.0.1", 10257)); t.listen()
open("/mnt/work/listens", "w").close(); time.sleep(600)' &
listener=$!
within 10 test -e "$work/listens"
refused "a port in use" fit "$cluster" ports \
  "port 6443, for kube-apiserver, is used by python3 \($listener\)" "stop that program"
refused "a local port in use" fit "$cluster" ports \
  "port 10257, for kube-controller-manager, is used by python3" "stop that program"
kill $listener
wait $listener 2>/dev/null

# The networks of a definition against the hosts' own. 192.0.2.0/24 is one that the host is in.
ip addr add 192.0.2.7/24 dev node0
inside() {  # NETWORK ATTRIB: a cluster with it, on the host fit
  printf '{"name": "bad", "attribs": {"%s": "%s"}, "provider": {"name": "inventory",
    "hints": {"file": "%s"}}, "nodes": [{"roles": [%s], "hosts": ["fit"]}]}\n' \
    "$2" "$1" "$work/hosts.yaml" "$cluster" >"$work/bad.json"
  run check "$work/bad.json"
}
inside 192.0.0.0/16 k8s-kube_pod_subnet
check "a pod network around the host's own: check says so" says \
  "^fit .* error +networks +the pod network 192.0.0.0/16 takes 192.0.2.7, its own address +give the cluster another range: k8s-kube_pod_subnet"
check "a pod network around the host's own: check fails" [ "$code" = 1 ]
run apply "$work/bad.json" --yes
check "a pod network around the host's own: apply refuses" says "'fit' .*: networks: the pod network 192.0.0.0/16 takes"
check "a pod network around the host's own: nothing was changed" nothing_changed
ip addr del 192.0.2.7/24 dev node0
ip route add 198.51.100.0/24 dev node0
inside 198.51.100.0/24 k8s-kube_service_addresses
check "a Service network that is a route of the host's" says \
  "^fit .* error +networks +the Service network 198.51.100.0/24 takes 198.51.100.0/24, its network 198.51.100.0/24 on node0"
inside 198.51.100.64/26 k8s-kube_service_addresses
check "one that is a part of a route is a warning" says "^fit .* warning +networks +the Service network 198.51.100.64/26 is a part of"
inside 203.0.113.0/24 k8s-kube_service_addresses
check "one that is nobody's is fine" silent_about "networks"
sed "s/name: fit,/name: fit, cluster_address: 192.0.2.9,/" "$work/hosts.yaml" >"$work/elsewhere.yaml"
sed "s,$work/hosts.yaml,$work/elsewhere.yaml," "$work/bad.json" >"$work/worse.json"
run check "$work/worse.json"
check "an address that is not the host's own" says \
  "^fit .* error +address +other nodes are to find it at 192.0.2.9, which is not its own address.*cluster_address"
ip addr add 192.0.2.9/24 dev node0
run check "$work/worse.json"
check "one that is the host's own is fine" silent_about "error +address"
sed "s/cluster_address: 192.0.2.9/cluster_address: 127.0.0.9/" "$work/elsewhere.yaml" >"$work/loop.yaml"
sed "s,$work/hosts.yaml,$work/loop.yaml," "$work/bad.json" >"$work/worse.json"
run plan "$work/worse.json" --skip-check
check "a loopback address for the others is a mistake of the hosts file" says \
  "loop.yaml:2:[0-9]+: error: the cluster_address 127.0.0.9 is a loopback address"
ip addr flush dev node0

# Another architecture: what it needs is fetched for that, before anything is changed.
define bad "$cluster" arm
run check "$work/bad.json" -v
check "a host of another architecture is fit" says "^arm .* ok +arch +$foreign"
check "a host of another architecture: check ends well" [ "$code" = 0 ]
run apply "$work/bad.json" --yes
check "apply fetches for that architecture" says "cannot get [a-z-]+ v[0-9.]+ for $foreign; tried in vain"
check "an apply that could not fetch changed nothing" nothing_changed
run artifacts fetch --arch $foreign
check "artifacts are fetched for another architecture" says "cannot get [a-z-]+ v[0-9.]+ for $foreign; tried in vain"
sed "s/name: arm,/name: arm, arch: $foreign,/" "$work/hosts.yaml" >"$work/told.yaml"
sed "s,$work/hosts.yaml,$work/told.yaml," "$work/bad.json" >"$work/worse.json"
run apply "$work/worse.json" --yes --skip-check
check "the hosts file tells the architecture as well" says "cannot get [a-z-]+ v[0-9.]+ for $foreign; tried in vain"
check "and again nothing was changed" nothing_changed

# A host by two of its addresses.
printf '{"name": "bad", "provider": {"name": "inventory", "hints": {"file": "%s"}},
  "nodes": [{"roles": [%s], "hosts": ["fit"]}, {"roles": ["k8s-worker"], "hosts": ["second"]}]}\n' \
  "$work/hosts.yaml" "$cluster" >"$work/bad.json"
run check "$work/bad.json"
check "one machine for two nodes is told" says "error +identity +it is the same machine as '(fit|second)'"

# --- a host that is off stalls nobody

define half "$few" off fit
run check "$work/half.json"
check "a host that is off is an error of check" says "^off +${address[off]} +error +reach +'off' does not answer"
check "check fails for it" [ "$code" = 1 ]
check "the other one is checked" says "2 hosts checked: 1 error, 0 warnings"
run plan "$work/half.json"
check "to a plan it is a warning" says "^off .* warning +reach .*its node will fail, and the others go on"
run apply "$work/half.json" --yes
check "apply goes on with the other: exit code" [ "$code" = 1 ]
check "apply goes on with the other: it is done" [ -e "$work/nodes/fit" ]
check "the host that is off failed" says "'off' does not answer"
check "the findings are below the plan" says "^off .* warning +reach"
run destroy half --yes
check "and away with it" [ ! -e "$work/nodes/fit" ]

# --- who knows better

define bad "$few" late
run apply "$work/bad.json" --yes --skip-check
expect "apply in spite of a wrong clock" 0 "the hosts are not checked (--skip-check)" "'bad' is up"
run check "$work/bad.json"
expect "a host in use is checked too" 1 "behind this machine's"
run plan "$work/bad.json"
check "a plan with nothing to create asks nobody" silent_about "checked"
run apply "$work/bad.json" --yes
expect "nor does an apply" 0
run destroy bad --yes
expect "it is gone" 0

# --- JSON

define both "$few" fit late
run check "$work/both.json" -o json
expect "JSON: a failure is one" 1
check "JSON: a list of hosts with their findings" python3 -c '
import json, sys
hosts = {host["node"]: host for host in json.load(open(sys.argv[1]))}
assert sorted(hosts) == ["fit", "late"], hosts
late = [each for each in hosts["late"]["findings"] if each["level"] == "error"]
assert [each["check"] for each in late] == ["clock"], late
assert late[0]["remedy"] and "behind" in late[0]["detail"] and hosts["late"]["deployment"] == "both"
assert all(each["level"] == "ok" for each in hosts["fit"]["findings"]), hosts["fit"]' "$work/json"
run plan "$work/both.json" --json
expect "a plan as JSON" 0
check "a plan as JSON has the findings" python3 -c '
import json, sys
plan = json.load(open(sys.argv[1]))
assert len(plan["steps"]) == 4 and len(plan["findings"]) == 2, plan' "$work/json"
define site "$few" fit
run plan "$work/site.json" --json
cp "$work/json" "$work/plan.json"
run apply "$work/site.json" --plan "$work/plan.json" --yes --json
expect "it can be applied" 0 '"outcome":"changed"'
run destroy site --yes
expect "and destroyed" 0
define bad "$few" off
run apply "$work/bad.json" --yes --json
check "warnings are events" grep -q '"type":"warning".*"deployment":"bad".*"node":"off".*reach: ' "$work/json"

# --- definitions

printf '{"name": "x", "nodes": 5}\n' >"$work/wrong.json"
run check "$work/wrong.json" "$work/site.json"
expect "a mistake in one definition keeps no other from being checked" 2 "wrong.json has 1 mistake" \
  "1 host checked"
printf '{"name": "new", "provider": {"name": "local"}, "nodes": [{"roles": ["few"]}]}\n' >"$work/new.json"
run check "$work/new.json"
check "a node that is still to be made has no machine" says "1 node without a machine yet"

exit $((failures > 0))
