#!/bin/bash
# An etcd cluster of three of which one member alone has begun: it waits for a quorum and answers no
# client. The other two find out that they are of its founders, and begin the same cluster.
# Only in ./test --all: replace.sh has members that join.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

mkdir -p "$work/roles/plain"
cat > "$work/roles/plain/role.yaml" <<'YAML'
role: plain
description: nothing but a folder
tasks:
  - name: folder
    directory: {path: /srv/plain}
YAML

definition() {  # MORE-ROLES
  cat > "$work/f.json" <<JSON
{
  "name": "founders",
  "provider": { "name": "local" },
  "nodes": [ { "prefix": "f", "roles": ["plain"$1], "count": 3 } ]
}
JSON
}
apply() { "$muster" apply "$work/f.json" --roles "$work" --yes; }
on() {  # NODE COMMAND
  "$muster" ssh founders "$1" -- "$2" </dev/null
}
obstruct() { on f-002 'mkdir -p /etc/etcd/ca.crt/x' && on f-003 'mkdir -p /etc/etcd/ca.crt/x'; }
clear_way() { on f-002 'rm -r /etc/etcd/ca.crt' && on f-003 'rm -r /etc/etcd/ca.crt'; }
one_waits() {
  [ "$(grep -c ' etcd  *failed' "$work/said")" = 2 ] &&
    on f-001 'test -e /etc/etcd/cluster.env' &&
    on f-001 'systemctl show -p ActiveState etcd' | grep -qx ActiveState=activating
}
healthy() {  # COUNT
  [ "$(on f-001 'etcdctl --cacert /etc/etcd/ca.crt --cert /etc/etcd/member.crt \
    --key /etc/etcd/member.key endpoint health --cluster' 2>&1 | grep -c 'is healthy')" = "$1" ]
}

definition ''
need "apply makes three nodes" apply
check "two of them cannot have etcd" obstruct
definition ', "etcd", "k8s-master"'
"$muster" apply "$work/f.json" --roles "$work" --yes > "$work/said" 2>&1 &
apply_pid=$!
check "they fail, and the one waits for them" until_true 180 one_waits
# Its API server is waited for in vain.
kill -INT "$apply_pid"
check "it can be stopped" until_true 60 grep -q 'once more to stop now' "$work/said"
kill -INT "$apply_pid"
wait "$apply_pid"
check "it is stopped now" [ $? = 130 ]
check "they can have it now" clear_way
# An API server that has waited for etcd for too long makes this apply fail, and the next succeed.
apply > "$work/said" 2>&1
check "all three are members of one cluster" until_true 60 healthy 3
check "apply does the rest" apply
check "destroy removes it" "$muster" destroy founders --roles "$work" --yes
check "nothing is left" nothing_left
