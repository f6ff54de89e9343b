#!/usr/bin/env bash
# Existing hosts from a file, for real: three sshd on loopback addresses, each with a host key of its
# own, a role of a user, and the real binary: apply, grow, shrink, refuse, destroy.
# Usage: MUSTER=build/debug/muster inventory.sh [BUILD_DIR]. Needs root: sshd logs in as who it runs as.
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2317  # what check and trap call is reached
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
[ "$(id -u)" = 0 ] || { echo "skip inventory: needs root"; exit 0; }
[ -x /usr/sbin/sshd ] || { echo "skip inventory: needs openssh-server"; exit 0; }

work=$(mktemp -d "${TMPDIR:-/tmp}/muster-inventory.XXXXXX")
declare -A sshd=()
clean_up() {
  local pid
  for pid in "${sshd[@]}"; do kill "$pid" 2>/dev/null; done
  wait
  rm -rf "$work"
}
trap clean_up EXIT
export MUSTER_STATE=$work/state MUSTER_CACHE=$work/cache MUSTER_INVENTORY_DIR=$work/claims
export HOME=$work/home
unset SSH_AUTH_SOCK
suite=inventory
. "$root/tests/support/cases.sh"

# run ARGUMENT...: leaves $code and what muster said, both streams, in $work/out.
run() {
  "$muster" --roles "$work/mine" "$@" > "$work/out" 2>&1 < /dev/null
  code=$?
}
silent_about() { ! grep -E "$1" "$work/out"; }

# --- three hosts

port=$((20000 + RANDOM % 10000))
net=127.$((RANDOM % 200 + 20)).$((RANDOM % 250))
declare -A address=([alpha]=$net.1 [beta]=$net.2 [gamma]=$net.3)
mkdir -p /run/sshd "$work/nodes"
mkdir -p "$work/home"
mkdir -m 0700 "$work/home/.ssh"
ssh-keygen -q -t ed25519 -N "" -f "$work/id"
ssh-keygen -q -t ed25519 -N "" -f "$work/home/.ssh/id_ed25519"
cat "$work/id.pub" "$work/home/.ssh/id_ed25519.pub" > "$work/authorized"
for host in alpha beta gamma; do ssh-keygen -q -t ed25519 -N "" -f "$work/$host.key"; done
ssh-keygen -q -t ed25519 -N "" -f "$work/other.key"

start() {  # HOST [KEY [PORT]]
  local key=${2:-$1.key} at=${3:-$port} try
  printf '%s\n' "ListenAddress ${address[$1]}" "Port $at" "HostKey $work/$key" \
    "AuthorizedKeysFile $work/authorized" "UsePAM no" "StrictModes no" "PidFile none" \
    "PasswordAuthentication no" "KbdInteractiveAuthentication no" "PermitRootLogin yes" \
    > "$work/$1.config"
  # What a host keeps of muster is its own.
  mkdir -p "$work/var/$1"
  # shellcheck disable=SC2016
  setpriv --pdeathsig TERM unshare --mount sh -euc 'mount --bind "$1" /var/lib; exec /usr/sbin/sshd -D -e -f "$2"' \
    sh "$work/var/$1" "$work/$1.config" 2>> "$work/$1.log" &
  sshd[$1]=$!
  for try in {1..100}; do
    (exec 3<> "/dev/tcp/${address[$1]}/$at") 2>/dev/null && return
    kill -0 "${sshd[$1]}" 2>/dev/null || break
    [ "$try" = 100 ] || sleep 0.1
  done
  fail "sshd of $1 starts" "$(cat "$work/$1.log")"
  exit 1
}
stop() {
  kill "${sshd[$1]}"
  wait "${sshd[$1]}" 2>/dev/null
  unset "sshd[$1]"
}
for host in alpha beta gamma; do start "$host"; done

# Nobody tells the key of gamma: it is trusted on first use. Nobody tells a key for beta either: it
# is opened with the user's own.
cat > "$work/hosts.yaml" <<YAML
hosts:
  - {name: alpha, address: ${address[alpha]}, port: $port, key: id, host_key: $(cut -d' ' -f1,2 "$work/alpha.key.pub")}
  - {name: beta, address: ${address[beta]}, port: $port, host_key: $(cut -d' ' -f1,2 "$work/beta.key.pub")}
  - {name: gamma, address: ${address[gamma]}, port: $port, key: id}
YAML

# --- a role of a user, with nothing of Kubernetes

mkdir -p "$work/mine/roles/site" "$work/mine/templates/site"
echo 'I am {{node.name}} at {{node.address}}' > "$work/mine/templates/site/motd"
echo '{{node.labels}}' > "$work/mine/templates/site/labels"
cat > "$work/mine/roles/site/role.yaml" <<YAML
role: site
description: a few files, each node has its own
tasks:
  - name: the folder
    directory: {path: "$work/nodes/{{node.name}}"}
  - name: the message
    file: {path: "$work/nodes/{{node.name}}/motd", template: site/motd}
  - name: the labels
    file: {path: "$work/nodes/{{node.name}}/labels", template: site/labels}
  - name: who came in
    command:
      run: echo "\$SSH_CONNECTION" | cut -d" " -f3 > "$work/nodes/{{node.name}}/entry"
      creates: "$work/nodes/{{node.name}}/entry"
undo:
  - name: the folder is gone
    directory: {path: "$work/nodes/{{node.name}}", state: absent}
YAML
define() {  # FILE NAME NODES
  printf '{"name": "%s", "provider": {"name": "inventory", "hints": {"file": "%s"}}, "nodes": [%s]}\n' \
    "$2" "$work/hosts.yaml" "$3" > "$work/$1.json"
}
has_role() { [ "$(cat "$work/nodes/$1/motd")" = "I am $1 at ${address[$1]}" ]; }
entered() { [ "$(cat "$work/nodes/$1/entry")" = "${address[$1]}" ]; }
claims() { (cd "$work/claims" && printf '%s\n' *.json | sort); }
claimed() {  # HOST...
  local wanted
  wanted=$(for host in "$@"; do echo "${address[$host]}:$port.json"; done | sort)
  [ "$(claims)" = "$wanted" ]
}
stamps() { find "$work/nodes/$1" -printf '%p %i %T@ %C@\n' | sort; }

# --- apply, and apply again

define site site '{"roles": ["site"], "hosts": ["alpha", "beta"]}'
run validate "$work/site.json"
expect "a definition with a role of the user alone is good" 0 "good (2 nodes)"
run apply "$work/site.json" --yes
expect "apply" 0 "'site' is up"
check "it does not speak of Kubernetes" silent_about 'kubeconfig|k8s|artifact'
check "it makes nothing of Kubernetes" test ! -e "$work/cache"
for host in alpha beta; do
  check "the role is on $host" has_role $host
  check "it came in by the address of $host" entered $host
done
check "both hosts are claimed" claimed alpha beta
stamps alpha > "$work/alpha.before"
run apply "$work/site.json" --yes --json
expect "a second apply" 0 '"outcome":"unchanged"'
check "a second apply changes nothing" silent_about '"outcome":"(changed|failed)"'
check "a second apply touches no file" diff "$work/alpha.before" <(stamps alpha)
run plan "$work/site.json" --detailed-exitcode
expect "the plan is empty then" 0
run status site
expect "status" 0 alpha "${address[alpha]}" beta "${address[beta]}" ready
# shellcheck disable=SC2016
run ssh site alpha -- 'echo "here: $SSH_CONNECTION"'
expect "muster ssh uses the key that opens the host" 0 "${address[alpha]} $port"

# --- others cannot have them

define two second '{"prefix": "n", "roles": ["site"], "hosts": ["gamma", "alpha"]}'
run plan "$work/two.json"
expect "a plan that wants a claimed host says so" 0 \
  "the host 'alpha' (${address[alpha]}:$port) is in use by node 'alpha' of deployment 'site'"
run apply "$work/two.json" --yes
expect "a second deployment is refused a claimed host" 1 "in use by node 'alpha' of deployment 'site'"
MUSTER_STATE=$work/other-state run apply "$work/two.json" --yes
expect "so is one of another state" 1 "in use by node 'alpha' of deployment 'site'"
define two second '{"prefix": "n", "roles": ["site"], "count": 2}'
run apply "$work/two.json" --yes
expect "too few free hosts are told before anything is done" 1 \
  "2 hosts are wanted: '$work/hosts.yaml' has 3 hosts, 1 of them free (2 used by deployment 'site')"
check "what was refused claimed nothing" claimed alpha beta

# --- grow and shrink

define site site '{"roles": ["site"], "hosts": ["alpha", "beta", "gamma"]}'
run apply "$work/site.json" --yes
expect "grow by one host" 0 "gamma"
check "nothing is done on the others" silent_about '^[^ ]*(alpha|beta)'
check "the role is on gamma" has_role gamma
check "all three are claimed" claimed alpha beta gamma
stamps gamma > "$work/gamma.before"
define site site '{"roles": ["site"], "hosts": ["alpha", "gamma"]}'
run apply "$work/site.json" --yes
expect "shrink by the one in the middle" 0 "beta"
check "its role was undone" test ! -e "$work/nodes/beta"
check "its claim is gone" claimed alpha gamma
check "alpha was left alone" diff "$work/alpha.before" <(stamps alpha)
check "gamma was left alone" diff "$work/gamma.before" <(stamps gamma)
define two second '{"prefix": "n", "roles": ["site"], "count": 1}'
run apply "$work/two.json" --yes
expect "another deployment gets the host that is free now" 0 "'second' is up"
check "it has the role" grep -qx "I am n-001 at ${address[beta]}" "$work/nodes/n-001/motd"

# --- host keys

stop gamma
start gamma other.key
run apply "$work/site.json" --yes
expect "a host key that changed since the first use is refused" 1 "the host key of" "changed: expected"
check "the host was not worked on" diff "$work/gamma.before" <(stamps gamma)
stop gamma
start gamma
run apply "$work/site.json" --yes
expect "with its own key again it is well" 0
stop alpha
start alpha other.key
run apply "$work/site.json" --yes
expect "a host key that is not the one in the file is refused" 1 "the host key of" "changed: expected"
stop alpha
start alpha

# --- mistakes in the file, and hosts that leave it

cp "$work/hosts.yaml" "$work/hosts.good"
sed -i -e 's/name: alpha/nmae: alpha/' -e 's/name: beta/name: Beta/' "$work/hosts.yaml"
define three third '{"roles": ["site"]}'
run apply "$work/three.json" --yes
expect "all mistakes in the hosts file are told at once, with their places" 1 \
  "hosts.yaml:2:6: error: a host has no 'nmae'" "hosts.yaml:3:12: error: the host name 'Beta'"
grep -v 'name: gamma' "$work/hosts.good" > "$work/hosts.yaml"

# --- a host behind another one

cp "$work/hosts.yaml" "$work/hosts.without"
: > "$work/beta.log"
cat >> "$work/hosts.yaml" <<HOSTS
  - {name: delta, address: ${address[gamma]}, port: $((port + 1)), key: $work/id, bastion: "root@${address[beta]}:$port"}
HOSTS
address[delta]=${address[gamma]}
cp "$work/gamma.key" "$work/delta.key"
start delta delta.key $((port + 1))
define behind behind '{"roles": ["site"], "hosts": ["delta"]}'
run apply "$work/behind.json" --yes
expect "a host behind a bastion" 0 "'behind' is up"
check "the role is on it" grep -q "I am delta" "$work/nodes/delta/motd"
check "the connection came from the bastion's sshd" grep -q "Accepted publickey" "$work/beta.log"
run destroy behind --yes
expect "it is undone through the bastion too" 0
check "its undo ran" test ! -e "$work/nodes/delta"
stop delta
cp "$work/hosts.without" "$work/hosts.yaml"

# --- destroy

run destroy site --yes
expect "destroy, while the file no longer has one of the hosts" 0
check "the undo ran on both" test ! -e "$work/nodes/alpha" -a ! -e "$work/nodes/gamma"
check "the other deployment keeps its host" claimed beta
run destroy second --yes
expect "destroy the other" 0
check "no claim is left" test "$(claims)" = '*.json'
check "no file is left" test -z "$(ls -A "$work/nodes")"
run destroy second --yes
expect "destroying twice is fine" 0
# --- a provider by name

run provider create "{\"name\": \"rack\", \"kind\": \"inventory\", \"hints\": {\"file\": \"$work/hosts.yaml\"}}"
expect "hosts get the name of a provider" 0 "provider 'rack' (id 1) is made"
echo '{"name": "named", "provider": {"name": "rack"}, "nodes": [{"roles": ["site"], "hosts": ["alpha"]}]}' \
  > "$work/named.json"
run apply "$work/named.json" --yes
expect "a definition names it, and has its hints" 0 "'named' is up"
check "the role is on the host" has_role alpha
check "the host is claimed" claimed alpha
run provider delete rack
expect "while it is used it stays" 2 "provider 'rack' is in use by: named"
run destroy named --yes
expect "destroy" 0 "'named' is gone"
check "its undo ran too" test ! -e "$work/nodes/alpha"
check "and gave the host back" test "$(claims)" = '*.json'

# --- zones, labels and fingerprints; a folder of files

print_of() { ssh-keygen -lf "$work/$1.pub"; }
park() {  # GAMMA'S_PORT GAMMA'S_DISK GAMMA'S_HOST_KEY
  cat > "$work/park/hosts.yaml" <<YAML
hosts:
  - {name: alpha, address: ${address[alpha]}, port: $port, key: ../id, zone: a, rack: r1, labels: {disk: ssd}, host_key: "$(print_of alpha.key)"}
  - {name: beta, address: ${address[beta]}, port: $port, zone: a, rack: r2, capacity: {cpus: 2, memory_mb: 4096}}
YAML
  printf '{"hosts": [{"name": "gamma", "address": "%s", "port": %s, "key": "../id", "zone": "b", "labels": {"disk": "%s"}%s}]}\n' \
    "${address[gamma]}" "$1" "$2" "${3:+, \"host_key\": \"$3\"}" > "$work/park/more.json"
}
choose() {  # FILE NAME NODES
  define "$1" "$2" "$3"
  sed -i "s|$work/hosts.yaml|$work/park|" "$work/$1.json"
}
labels_of() { cat "$work/nodes/$1/labels"; }
mkdir "$work/park"
park "$port" ssd "$(print_of other.key | cut -d' ' -f2)"
run hosts "$work/park"
expect "muster hosts shows what a folder of files has" 0 HOST alpha beta gamma "4096 MB" "disk=ssd" free
choose spread spread '{"prefix": "s", "roles": ["site"], "count": 2}'
run apply "$work/spread.json" --yes
expect "a host without the fingerprint in the file is refused" 1 \
  "the host key of '${address[gamma]}:$port' is another one: expected $(print_of other.key | cut -d' ' -f2), found ssh-ed25519 $(print_of gamma.key | cut -d' ' -f2)"
check "nothing was done on it" test ! -e "$work/nodes/s-002"
park "$port" ssd "$(print_of gamma.key | cut -d' ' -f2)"
run apply "$work/spread.json" --yes
expect "with the right fingerprint it is let in" 0 "'spread' is up"
check "two nodes of a block are in two zones" grep -qx "I am s-002 at ${address[gamma]}" "$work/nodes/s-002/motd"
check "a node has its host's labels, zone and rack" \
  test "$(labels_of s-001)" = "disk=ssd,muster/rack=r1,topology.kubernetes.io/zone=a"
run hosts "$work/park" -o json
expect "muster hosts says who has which" 0 '"deployment": "spread"' '"node": "s-002"' '"used_by": null'
run hosts "$work/park/hosts.yaml"
expect "also of a host that is in none of these files" 0 "spread/s-002 (in no file)"
choose fast fast '{"prefix": "f", "roles": ["site"], "hints": {"labels": {"disk": "ssd"}}}'
run apply "$work/fast.json" --yes
expect "a label that only hosts in use have is refused" 1 \
  "1 host with label disk=ssd is wanted: '$work/park' has 2 hosts with label disk=ssd, 0 of them free (2 used by deployment 'spread')"
choose fast fast '{"prefix": "f", "roles": ["site"], "hosts": ["alpha"]}'
run apply "$work/fast.json" --yes
expect "so is such a host by its name" 1 "is in use by node 's-001' of deployment 'spread'"
choose fast fast '{"prefix": "f", "roles": ["site"], "hints": {"cpus": 2, "rack": "r2"}}'
run apply "$work/fast.json" --yes
expect "a node gets the host that has what its hints ask for" 0 "'fast' is up"
check "that is beta" grep -qx "I am f-001 at ${address[beta]}" "$work/nodes/f-001/motd"
run destroy fast --yes
expect "and gives it back" 0

# --- hosts change while they are in use

stop gamma
moved=$((port + 2))
start gamma gamma.key "$moved"
park "$moved" nvme
run apply "$work/spread.json" --yes
expect "a new port and label in the file count from the next apply on" 0 "'spread' is up" \
  "node 's-002' is reached from now on as the hosts file says: root@${address[gamma]}, port $moved"
check "the node has the new label" test "$(labels_of s-002)" = "disk=nvme,topology.kubernetes.io/zone=b"
check "the claim has moved" test -e "$work/claims/${address[gamma]}:$moved.json" -a \
  ! -e "$work/claims/${address[gamma]}:$port.json"
run apply "$work/spread.json" --yes --json
expect "that is done once" 0 '"outcome":"unchanged"'
check "nothing changes any more" silent_about '"outcome":"(changed|failed)"|from now on'
stop gamma
start gamma other.key "$moved"
run apply "$work/spread.json" --yes
expect "a host that was reinstalled is refused" 1 "the host key of" "changed: expected"
park "$moved" nvme "$(print_of other.key)"
run apply "$work/spread.json" --yes
expect "until its new fingerprint is in the file" 0
park "$moved" nvme
run apply "$work/spread.json" --yes
expect "then the key is on record" 0
# shellcheck disable=SC2016
run ssh spread s-002 -- 'echo "here: $SSH_CONNECTION"'
expect "for muster ssh as well" 0 "${address[gamma]} $moved"

# --- a claim that is damaged

echo '{' > "$work/claims/${address[beta]}:$port.json"
run apply "$work/spread.json" --yes
expect "a damaged claim of another host stops nothing" 0
choose fast fast '{"prefix": "f", "roles": ["site"], "hosts": ["beta"]}'
run apply "$work/fast.json" --yes
expect "its host cannot be had" 1 "the claim '$work/claims/${address[beta]}:$port.json' is damaged"
run hosts "$work/park"
expect "and muster hosts warns of it" 0 "warning: the claim '$work/claims/${address[beta]}:$port.json' is damaged" alpha
rm "$work/claims/${address[beta]}:$port.json"
echo '{' > "$work/claims/${address[alpha]}:$port.json"
run apply "$work/spread.json" --yes
expect "of a node on record it stops nothing: the state knows whose the host is" 0 "2 unchanged"
run destroy spread --yes
expect "destroy" 0 "'spread' is gone"
check "all hosts are free" test "$(claims)" = '*.json'
check "and clean" test -z "$(ls -A "$work/nodes")"

# --- behind a bastion

address[gate]=$net.4
ssh-keygen -q -t ed25519 -N "" -f "$work/gate.key"
start gate
stop gamma
start gamma
cat > "$work/hosts.yaml" <<YAML
hosts:
  - {name: gamma, address: ${address[gamma]}, port: $port, key: id, bastion: "root@${address[gate]}:$port"}
YAML
define behind behind '{"prefix": "b", "roles": ["site"], "hosts": ["gamma"]}'
run apply "$work/behind.json" --yes
expect "apply passes a bastion" 0 "'behind' is up"
# shellcheck disable=SC2016
run ssh behind -- 'echo "from: $SSH_CONNECTION"'
expect "muster ssh passes it too" 0 "${address[gamma]} $port"
check "it knows the bastion by the key that apply saw" \
  grep -qxF "[${address[gate]}]:$port $(cut -d' ' -f1,2 "$work/gate.key.pub")" "$MUSTER_STATE/ssh/behind.known_hosts"
stop gate
start gate other.key
run apply "$work/behind.json" --yes
expect "a bastion with another key is refused" 1 \
  "the host key of the bastion '${address[gate]}:$port' changed: expected"
run ssh behind -- true
expect "by muster ssh as well" 255 "Host key verification failed"
echo "[${address[gate]}]:$port $(cut -d' ' -f1,2 "$work/other.key.pub")" > "$HOME/.ssh/known_hosts"
run apply "$work/behind.json" --yes
expect "until the user's known_hosts have that one" 0
rm "$HOME/.ssh/known_hosts"
run ssh behind -- true
expect "then it is on record" 0
run destroy behind --yes
expect "destroy passes the bastion" 0 "'behind' is gone"

# --- settings that change while a node leaves

mkdir -p "$work/mine/roles/tool"
cat > "$work/mine/roles/tool/role.yaml" <<YAML
role: tool
description: leaves by what its settings said when it came
tasks:
  - name: what takes it away
    directory: {path: "$work/nodes/{{node.name}}{{cluster.bin_dir}}"}
  - name: it is executable
    file: {path: "$work/nodes/{{node.name}}{{cluster.bin_dir}}/leave", content: "echo left with {{cluster.bin_dir}}\n"}
undo:
  - name: it takes itself away
    command: {run: "sh $work/nodes/{{node.name}}{{cluster.bin_dir}}/leave >> $work/left"}
YAML
tools() {  # BIN_DIR HOST...: the definition
  local dir=$1 hosts
  shift
  hosts=$(printf ', "%s"' "$@")
  printf '{"name": "tools", "provider": {"name": "inventory", "hints": {"file": "%s"}}, "attribs": {"k8s-bin_dir": "%s"},
    "nodes": [{"roles": ["tool"], "hosts": [%s]}]}\n' "$work/hosts.yaml" "$dir" "${hosts#, }" > "$work/tools.json"
}
cat > "$work/hosts.yaml" <<YAML
hosts:
  - {name: alpha, address: ${address[alpha]}, port: $port, key: id}
  - {name: gamma, address: ${address[gamma]}, port: $port, key: id}
YAML
tools /first alpha gamma
run apply "$work/tools.json" --yes
expect "a role that its settings take part in" 0 "'tools' is up"
tools /second alpha
stop gamma
run apply "$work/tools.json" --yes
expect "the settings change while a node leaves that is off" 1
start gamma
run apply "$work/tools.json" --yes
expect "it leaves" 0 "'tools' is up"
check "by the settings that made it, though others are on record" grep -qx "left with /first" "$work/left"
tools /third alpha
stop alpha
run apply "$work/tools.json" --yes
expect "settings that never came to a node" 1
start alpha
run destroy tools --yes
expect "are not those that it leaves by" 0 "'tools' is gone"
check "nor when all goes" test "$(tail -n 1 "$work/left")" = "left with /second"

run list
check "nothing is on record" silent_about 'site|second|named|spread|fast|behind|tools'

exit $((failures > 0))
