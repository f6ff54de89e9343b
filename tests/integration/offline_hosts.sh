#!/usr/bin/env bash
# A cluster on machines of somebody (support/machines.sh) from a bundle with their packages: the first has no
# package source at all, the second one that leads out. Whoever tries to get out is counted, here and on
# the machines; afterwards they are as they were. The bundle is made before, where there is a network.
# Usage: MUSTER=build/debug/muster offline_hosts.sh [BUILD_DIR]. Needs root; some 90 seconds.
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# Runs beside others.
# Needs Kubernetes.
# Only in ./test --all: offline.sh has a bundle, this one packages in it.
# shellcheck disable=SC2317,SC2154  # check calls it; from machines.sh
set -u

suite=offline_hosts
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=$(realpath "${MUSTER:-${1:-$here/build/debug}/muster}")

# --- outside: a bundle, and one that cannot be made

definition() {  # PROVIDER
  cat << JSON
{"name": "offline", "provider": $1,
 "nodes": [{"prefix": "plane", "roles": ["etcd", "k8s-master", "k8s-addons"], "hosts": ["first"]},
           {"prefix": "work", "roles": ["k8s-worker"], "hosts": ["second"]}]}
JSON
}

outside() {  # FOLDER: leaves what muster said in FOLDER/*.said
  mkdir -p "$1/roles/odd"
  definition '{"name": "inventory"}' > "$1/offline.json"
  echo '{"name": "odd", "provider": {"name": "inventory"}, "nodes": [{"prefix": "n", "roles": ["odd"]}]}' \
    > "$1/odd.json"
  printf 'role: odd\ndescription: wants what is not there\ntasks:\n  - {name: a, package: {names: [no-such-package]}}\n' \
    > "$1/roles/odd/role.yaml"
  MUSTER_CACHE=$1/odd_cache create odd "$1" --roles "$1" &
  create offline "$1"
  wait
}

create() {  # NAME FOLDER OPTION...
  MUSTER_STATE=$2/state "$muster" bundle create "$2/$1.json" --packages debian-12 \
    --out "$2/$1.tar.zst" "${@:3}" > "$2/$1.said" 2>&1 < /dev/null
  echo "$?" > "$2/$1.code"
}

# shellcheck source=tests/support/machines.sh
. "$here/tests/support/machines.sh"

# --- in the machines' world

outside=$MACHINES_FOLDER/outside
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"
# An empty one: all that is needed is in the bundle.
export MUSTER_CACHE=$work/cache
bundle=$outside/offline.tar.zst

run() {  # ARGUMENT...: leaves $code and what muster said in $work/out
  "$muster" "$@" > "$work/out" 2>&1 < /dev/null
  code=$?
}
of() { cp "$outside/$1.said" "$work/out"; code=$(cat "$outside/$1.code"); }  # NAME: what was said outside

of offline
expect "a bundle is made with the packages of hosts" 0 "packages: reading what" "offline.tar.zst: "
[ -e "$bundle" ] || exit 1  # no Debian mirror
of odd
expect "a package that nobody has is named" 1 "no-such-package"
check "and no bundle is made of it" test ! -e "$outside/odd.tar.zst"
run bundle list "$bundle"
expect "list shows the packages with their versions" 0 "packages/debian-12-" "  haproxy " "  iptables "

# --- whoever looks for a way out finds one, and is counted

ip link add outside type veth peer name beyond
ip address add 198.51.100.2/24 dev outside
ip link set beyond up
ip link set outside up
ip route add default via 198.51.100.1
nft -f - << 'NFT'
table inet watch {
  counter this_machine {}
  counter machines {}
  chain output {
    type filter hook output priority -10
    oifname "outside" meta l4proto { tcp, udp } counter name this_machine drop
    oifname "lo" meta l4proto { tcp, udp } th dport 53 counter name this_machine drop
  }
  chain prerouting {
    type filter hook prerouting priority -300
    iifname "machines" ip daddr 198.51.100.0/24 meta l4proto { tcp, udp } counter name machines drop
    iifname "machines" ip daddr 10.77.0.1 meta l4proto { tcp, udp } th dport 53 counter name machines drop
  }
}
NFT
tried() { nft list counter inet watch "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }
nobody() { [ "$(tried "$1")" = 0 ] || { nft list table inet watch; false; }; }

machines first second
# What the image has for a source is muster's tests' own: nobody shall have it here.
for name in first second; do on "$name" 'umount /srv/repository'; done
empty() { on "$1" '! ls /srv/repository | grep -q .'; }
check "the tests' own packages are away" empty first
check "on the other, too" empty second
on first ': > /etc/apt/sources.list'
on second 'echo "deb http://198.51.100.7/debian bookworm main" > /etc/apt/sources.list'
cat > "$work/hosts.yaml" << YAML
hosts:
  - {name: first, address: 10.77.0.11, user: ops, key: key}
  - {name: second, address: 10.77.0.12, user: ops, key: key}
YAML
definition "{\"name\": \"inventory\", \"hints\": {\"file\": \"$work/hosts.yaml\"}}" > "$work/offline.json"

asks() { ! on second 'timeout 20 apt-get -o Acquire::http::Timeout=3 -o Acquire::Retries=0 update 2>&1 | grep -q ^Get:'; }
check "apt on a machine has no way out" asks
check "and that was counted" test "$(tried machines)" -gt 0
nft reset counters table inet watch > /dev/null
listing() { on "$1" "$(cat "$root/tests/support/listing.sh")" > "$work/$1.$2"; }  # MACHINE WHEN
same() { [ "$(wc -l < "$work/$1.before")" -gt 10000 ] && diff "$work/$1.before" "$work/$1.after"; }
listing first before
listing second before

# --- a system that the bundle has no packages for

other_release() { on first "sed -i 's/^VERSION_ID=.*/VERSION_ID=\"$1\"/' \"\$(readlink -f /etc/os-release)\""; }
other_release 13
run apply --bundle "$bundle" "$work/offline.json" --yes
expect "it is refused, with its name and what it lacks" 1 "'plane-first'" \
  "the bundle has no packages for debian 13" "curl"
check "before anything was changed there" on first '! test -e /var/lib/muster && ! test -e /opt/muster'
run apply --bundle "$bundle" "$work/offline.json" --yes --skip-check
expect "without the check its first role with packages fails" 1 "the bundle has no packages for"
run destroy offline --yes
expect "what there was is given back" 0
other_release 12

# --- the cluster

run apply --bundle "$bundle" "$work/offline.json" --yes
expect "apply makes the cluster" 0 "'offline' is up"
kubectl() { "$("$muster" artifacts path kubectl)" --kubeconfig "$work/config" "$@" < /dev/null; }
"$muster" kubeconfig offline > "$work/config"
all_ready() {
  kubectl wait --for=condition=Ready nodes --all --timeout=180s &&
    [ "$(kubectl get nodes --no-headers | wc -l)" = 2 ]
}
check "both nodes are Ready" all_ready
taken() {
  on second "dpkg-query -W -f '  \${Package} \${Version}\n' haproxy iptables" > "$work/installed" &&
    [ "$(wc -l < "$work/installed")" = 2 ] &&
    ! "$muster" bundle list "$bundle" | grep -vxFf - "$work/installed"
}
check "the packages are those of the bundle" taken
for name in first second; do
  check "no folder of packages is left on the $name" on "$name" '! test -e /var/lib/muster/packages'
done
check "a machine's own sources are as they were" on second \
  'grep -qx "deb http://198.51.100.7/debian bookworm main" /etc/apt/sources.list'
run apply --bundle "$bundle" "$work/offline.json" --yes
expect "once more" 0
check "changes nothing" grep -qE '^offline: [0-9]+ unchanged in ' "$work/out"
check "nothing here has tried to get out" nobody this_machine
check "nor did a machine" nobody machines

# --- and back

run destroy offline --yes
expect "the machines are given back" 0
cat > "$work/odd.json" << JSON
{"name": "odd", "provider": {"name": "inventory", "hints": {"file": "$work/hosts.yaml"}},
 "nodes": [{"prefix": "n", "roles": ["odd"], "hosts": ["second"]}]}
JSON
run apply --bundle "$bundle" "$work/odd.json" --roles "$outside" --yes
expect "a package that the bundle lacks is named by apt" 1 "Unable to locate package no-such-package" \
  "was it made for this definition"
run destroy odd --roles "$outside" --yes
expect "that machine is given back too" 0
listing first after
listing second after
check "the first as it was" same first
check "the second as it was" same second
check "nobody has tried to get out of those either" nobody machines
exit $((failures > 0))
