#!/usr/bin/env bash
# Kubespray's inventories imported by the real binary, and held against what the real ansible-inventory
# reads in them; then machines that only the imported hosts file knows how to reach, and the real
# Ansible on them by an exported inventory: port, user, key, sudo, bastion, host keys.
# Usage: MUSTER=build/debug/muster kubespray.sh [BUILD_DIR]. Needs root for the machines; half a minute.
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2317  # what check and trap call is reached
set -u
suite=kubespray

run() {  # ARGUMENT...: leaves $code, and what muster said: both streams in $work/out
  "$muster" "$@" >"$work/out" 2>&1 </dev/null
  code=$?
}
silent_about() { ! grep -E -- "$1" "$work/out"; }

if [ "${1:-}" != --inside ]; then
  # --- inventories

  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
  work=$(mktemp -d "${TMPDIR:-/tmp}/muster-kubespray.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  export MUSTER_STATE=$work/state MUSTER_CACHE=$work/cache MUSTER_INVENTORY_DIR=$work/claims
  export ANSIBLE_HOME=$work/ansible ANSIBLE_LOCAL_TEMP=$work/ansible/tmp
  . "$root/tests/support/cases.sh"

  # What Ansible knows of the hosts of Kubespray's groups, beside what muster does.
  cat >"$work/compare.py" <<'PYTHON'
import json, re, sys

theirs, definition, ours = (json.load(open(name)) for name in sys.argv[1:4])
names = {"k8s-master": ["kube_control_plane", "kube-master"], "k8s-worker": ["kube_node", "kube-node"],
         "etcd": ["etcd"]}


def label(name):
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


def members(group, seen=()):
    found = theirs.get(group, {})
    hosts = set(found.get("hosts", []))
    for child in found.get("children", []):
        hosts |= members(child, seen + (group,)) if child not in seen else set()
    return hosts


wrong = []
cluster = set()
for role, groups in names.items():
    wanted = set().union(*(members(group) for group in groups))
    cluster |= wanted
    got = {host for block in definition["nodes"] if role in block["roles"] for host in block["hosts"]}
    if got != {label(host) for host in wanted}:
        wrong.append(f"{role}: {sorted(got)}, and Ansible has {sorted(wanted)}")
hosts = {host["name"]: host for host in ours["hosts"]}
if set(hosts) != {label(host) for host in cluster}:
    wrong.append(f"hosts: {sorted(hosts)}, and Ansible has {sorted(cluster)}")
for name in sorted(cluster):
    vars = theirs["_meta"]["hostvars"].get(name, {})
    host = hosts.get(label(name), {})
    wanted = {"address": vars.get("ansible_ssh_host", vars.get("ansible_host", name)),
              "port": int(vars.get("ansible_port", 22)),
              "user": vars.get("ansible_ssh_user", vars.get("ansible_user", "root"))}
    got = {key: host.get(key) for key in wanted}
    if got != wanted:
        wrong.append(f"{name}: {got}, and Ansible has {wanted}")
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
PYTHON
  as_ansible_has_it() {  # NAME
    local source
    # Of a folder, Ansible reads no *.ini.
    source=$(find "$root/tests/import/inventories/$1" -maxdepth 1 -type f)
    ansible-inventory -i "$source" --list >"$work/theirs" 2>"$work/talk" ||
      { cat "$work/talk"; return 1; }
    "$muster" hosts "$work/$1/hosts.yaml" -o json >"$work/ours" 2>/dev/null &&
      python3 "$work/compare.py" "$work/theirs" "$work/$1/cluster.json" "$work/ours"
  }

  for name in today flat old builder; do
    run import kubespray "$root/tests/import/inventories/$name" -o "$work/$name"
    expect "the inventory '$name' is imported" 0 "mapped" "cannot be had" \
      "wrote $work/$name/cluster.json and $work/$name/hosts.yaml"
    run plan "$work/$name/cluster.json" --skip-check
    expect "the imported '$name' plans" 0 "k8s-master" "k8s-worker"
    if command -v ansible-inventory >/dev/null; then
      check "the hosts and roles of '$name' are those that Ansible reads" as_ansible_has_it "$name"
    else
      echo "skip kubespray: the hosts of '$name': needs ansible-core"
    fi
  done

  run import kubespray "$root/tests/import/inventories/old" -o "$work/old"
  expect "an import does not write over another one" 2 "is there already" "--force"
  run import kubespray "$root/tests/import/inventories/old" -o "$work/old" --force --name elder
  expect "unless it is told to" 0
  check "a name can be given" grep -q '"name": "elder"' "$work/old/cluster.json"
  mkdir "$work/typo"
  printf '%s\n' '[kube_control_plane]' a '[etcd]' a '[kube_nodes]' b >"$work/typo/hosts.ini"
  run import kubespray "$work/typo" -o "$work/none"
  expect "a group that Kubespray does not know is refused" 2 \
    "the group 'kube_nodes' (1 host) means nothing to Kubespray: did you mean 'kube_node'?" \
    "--allow-group kube_nodes" "nothing was written"
  check "nothing is written then" test ! -e "$work/none"
  run import kubespray "$work/typo" -o "$work/none" --allow-group kube_nodes
  expect "unless it is allowed" 0 "hosts in no group"
  run import kubespray "$work/typo" -o "$work/typo" --allow-group kube_nodes
  expect "an inventory's own folder is left alone" 2 "is the inventory's own folder"
  printf '%s\n' '[kube_control_plane]' 'a ansible_ssh_private_key_file=/nowhere/id' '[etcd]' a \
    >"$work/typo/hosts.ini"
  run import kubespray "$work/typo" -o "$work/nokey"
  expect "a key that is not here is told, with the place to correct it" 2 \
    "$work/nokey/hosts.yaml:3:" "the private key '/nowhere/id' is no file that can be read"

  # --- machines

  missing=
  for program in ansible ansible-inventory sudo python3 ip; do
    command -v "$program" >/dev/null || missing="$missing $program"
  done
  [ "$(id -u)" = 0 ] || missing="$missing root"
  [ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
  if [ -n "$missing" ]; then
    echo "skip kubespray: the export: needs$missing"
  else
    # Files that may lie in a folder that is covered there.
    exec 7<"${BASH_SOURCE[0]}" 8<"$muster" 9<"$root/tests/support/cases.sh"
    "$root/tests/support/own-world.sh" /bin/bash /dev/fd/7 --inside || failures=$((failures + 1))
  fi
  exit $((failures > 0))
fi

work=/mnt/work
muster=/mnt/muster
cp /dev/fd/8 $muster
chmod 0755 $muster
# shellcheck source=tests/support/cases.sh
. /dev/fd/9
exec 7<&- 8<&- 9<&-
export MUSTER_STATE="$work/the state" MUSTER_CACHE=$work/cache MUSTER_INVENTORY_DIR=$work/claims
unset XDG_STATE_HOME ANSIBLE_HOME ANSIBLE_LOCAL_TEMP

# "near" is on this machine; "far" has an address that only the bastion can reach.
ip netns add beyond
ip link set node1 netns beyond
ip addr add 10.99.0.1/24 dev node0
ip -n beyond addr add 10.99.0.2/24 dev node1
ip -n beyond link set node1 up
ip -n beyond link set lo up
mkdir -p "$work/nodes" "$work/my keys"
chmod 0755 /mnt "$work"
ssh-keygen -q -t ed25519 -N "" -f "$work/my keys/id"
cp "$work/my keys/id.pub" /mnt/authorized
for key in near far bastion other; do ssh-keygen -q -t ed25519 -N "" -f "$work/$key.key"; done
useradd -m -s /bin/bash -p '*' ops
useradd -m -s /bin/bash -p '*' hop
echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops
chmod 0440 /etc/sudoers.d/ops

declare -A pids=()
start() {  # NAME ADDRESS PORT KEY [COMMAND...]: what sshd is started by
  printf '%s\n' "ListenAddress $2" "Port $3" "HostKey $work/$4.key" \
    "AuthorizedKeysFile /mnt/authorized" "UsePAM no" "StrictModes no" "PidFile none" \
    "PasswordAuthentication no" "KbdInteractiveAuthentication no" "PermitRootLogin yes" \
    "Subsystem sftp internal-sftp" >"$work/$1.config"
  "${@:5}" /usr/sbin/sshd -D -e -f "$work/$1.config" 2>>"$work/$1.log" &
  pids[$1]=$!
  local end=$((SECONDS + 10))
  until grep -q "Server listening" "$work/$1.log"; do
    [ $SECONDS -lt $end ] || { fail "sshd of $1 starts" "$(cat "$work/$1.log")"; exit 1; }
    sleep 0.05
  done
}
stop() {
  kill "${pids[$1]}"
  wait "${pids[$1]}" 2>/dev/null
  : >"$work/$1.log"
}
beyond=(ip netns exec beyond)
start near 127.7.0.1 22 near
start far 127.7.0.9 2200 far "${beyond[@]}"
start bastion 10.99.0.2 2022 bastion "${beyond[@]}"

mkdir "$work/inventory"
cat >"$work/inventory/hosts.ini" <<INI
[all:vars]
ansible_ssh_private_key_file="$work/my keys/id"

[kube_control_plane]
near ansible_host=127.7.0.1

[etcd:children]
kube_control_plane

[kube_node]
far ansible_host=127.7.0.9 ansible_port=2200 ansible_user=ops ansible_ssh_common_args='-o ProxyCommand="ssh -W %h:%p -p 2022 -q hop@10.99.0.2" -o StrictHostKeyChecking=no'
INI
mkdir -p "$work/mine/roles/few"
cat >"$work/mine/roles/few/role.yaml" <<YAML
role: few
description: a file
tasks:
  - {name: a file, file: {path: "$work/nodes/{{node.name}}", content: "here\n"}}
undo:
  - {name: gone, file: {path: "$work/nodes/{{node.name}}", state: absent}}
YAML

run import kubespray "$work/inventory" -o "$work/site"
expect "an inventory of machines is imported" 0 "bastion of the host"
run plan "$work/site/cluster.json" --skip-check
expect "it plans" 0 "near" "far"
cat >"$work/site.json" <<JSON
{"name": "site", "provider": {"name": "inventory", "hints": {"file": "$work/site/hosts.yaml"}},
 "nodes": [{"roles": ["few"], "hosts": ["near", "far"]}]}
JSON
run --roles "$work/mine" apply "$work/site.json" --yes
expect "muster reaches the machines by the imported hosts file" 0 "'site' is up"
check "it was on both" test -e "$work/nodes/near" -a -e "$work/nodes/far"

# --- Ansible on them

printf '#!/bin/sh\nexec "%s" export ansible site "$@"\n' "$muster" >"$work/site.sh"
chmod 0755 "$work/site.sh"
asks() {  # PROGRAM ARGUMENT...: leaves $code and what it said
  "$1" -i "$work/site.sh" "${@:2}" >"$work/out" 2>&1 </dev/null
  code=$?
}
run export ansible site
expect "the deployment is exported" 0 '"muster_site"' '"ansible_host": "127.7.0.9"'
run export ansible site --host far
expect "one node is exported" 0 '"ansible_user": "ops"' '"ansible_become": true'
run export ansible site --host nobody
expect "a node that there is not is an error" 2 "'site' has no node 'nobody'" "near, far"
run export ansible site --list --host far
expect "--list and --host exclude each other" 2 "'--list' and '--host' do not go together"
run export ansible elsewhere
expect "a deployment that there is not is an error" 2 "there is no deployment 'elsewhere'"

asks ansible-inventory --list
expect "ansible-inventory takes it" 0 '"ansible_port": 2200' '"muster_site"'
check "without a warning" silent_about 'WARN|ERROR'
asks ansible-inventory --graph
expect "ansible-inventory sees the groups" 0 "@muster_site" "@few" "--near" "--far"
asks ansible-inventory --host far
expect "ansible-inventory sees a host" 0 '"ansible_user": "ops"'
before=$(grep -c "Accepted publickey for hop" "$work/bastion.log")
asks ansible all -m ping
expect "ansible -m ping" 0 'near | SUCCESS' 'far | SUCCESS' '"ping": "pong"'
through() { [ "$(grep -c "Accepted publickey for hop" "$work/bastion.log")" -gt "$before" ]; }
check "it went through the bastion" through
check "it logged in as the user of the host" grep -q "Accepted publickey for ops" "$work/far.log"
asks ansible few -m command -a "id -un"
expect "Ansible is root on both" 0
check "by sudo where it has to be" test "$(grep -cx root "$work/out")" = 2
asks ansible far -m copy -a "content=text dest=$work/nodes/copied"
expect "Ansible can send files" 0
check "the file is there" grep -qx text "$work/nodes/copied"

# What keeps connections open would hide another key.
export ANSIBLE_SSH_ARGS="-o ControlPath=none"
stop near
start near 127.7.0.1 22 other
asks ansible near -m ping
expect "a host with another key is refused" 4 "UNREACHABLE" "Host key verification failed"
stop near
start near 127.7.0.1 22 near
asks ansible near -m ping
expect "with its own key it is pinged again" 0 'near | SUCCESS'
stop bastion
start bastion 10.99.0.2 2022 other "${beyond[@]}"
asks ansible far -m ping
expect "a bastion with another key is refused" 4 "UNREACHABLE"
stop bastion
start bastion 10.99.0.2 2022 bastion "${beyond[@]}"

check "keys and known hosts are for their owner only" \
  test "$(find "$MUSTER_STATE/ssh" -name '[!b]*' -type f -perm /077 | wc -l)" = 0
run --roles "$work/mine" destroy site --yes
expect "destroy" 0
exit $((failures > 0))
