#!/bin/bash
# Nodes come and go: one master becomes three and one again, and a node that was taken away behind
# muster's back, or switched off, comes back. What Kubernetes knows stays throughout.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

definition() {  # CONTROL-BLOCKS...
  local IFS=,
  local blocks="$*"
  cat > "$work/r.json" <<JSON
{
  "name": "replace",
  "provider": { "name": "local" },
  "nodes": [ $blocks, { "prefix": "r-worker", "roles": ["k8s-worker"], "count": 1 } ]
}
JSON
}
masters() { echo "{ \"prefix\": \"$1\", \"roles\": [\"etcd\", \"k8s-master\"], \"count\": $2 }"; }
apply() { "$muster" apply "$work/r.json" --yes; }
ready() {  # COUNT
  local nodes
  nodes=$(kubectl get nodes --no-headers --request-timeout=5s)
  echo "$nodes"
  [ "$(awk '$2 == "Ready"' <<< "$nodes" | wc -l)" = "$1" ] && [ "$(wc -l <<< "$nodes")" = "$1" ]
}
members() {  # MASTER COUNT: the healthy members of etcd, as this master sees them
  local said
  said=$("$muster" ssh replace "$1" -- etcdctl --cacert /etc/etcd/ca.crt \
    --cert /etc/etcd/member.crt --key /etc/etcd/member.key endpoint health --cluster </dev/null 2>&1)
  echo "$said"
  [ "$(grep -c 'is healthy' <<< "$said")" = "$2" ] && ! grep -q unhealthy <<< "$said"
}
joined() {  # MASTER: it joined a cluster that was there
  "$muster" ssh replace "$1" -- grep -qx ETCD_INITIAL_CLUSTER_STATE=existing /etc/etcd/cluster.env </dev/null
}
says() { cat "$work/said"; grep -q "$1" "$work/said"; }
kept() { [ "$(kubectl get configmap kept -o jsonpath='{.data.word}')" = "$1" ]; }

definition "$(masters r-control 1)"
need "apply makes one master and a worker" apply
need "kubeconfig has what kubectl needs" use_cluster replace
kubectl create configmap kept --from-literal=word=one >/dev/null

# With three members the first one gets other settings, and restarts: it answers nobody while the
# others ask for a place in its cluster. They must not begin another.
slow=/etc/systemd/system/etcd.service.d/slow.conf
slow_restart() {
  "$muster" ssh replace r-control-001 -- "mkdir -p ${slow%/*} &&
    printf '[Service]\nExecStartPre=/bin/sleep 5\n' > $slow && systemctl daemon-reload" </dev/null
}
check "the first member takes its time to restart" slow_restart
definition "$(masters r-control 3)"
check "apply grows it to three masters" apply
check "the second has joined its cluster" joined r-control-002
check "the third has joined its cluster" joined r-control-003
check "all four nodes are Ready" until_true 120 ready 4
check "etcd has three members" until_true 120 members r-control-001 3
check "what was known before is known still" kept one
check "the plan is empty then" "$muster" plan "$work/r.json" --detailed-exitcode

definition "$(masters r-control 1 | sed 's/r-control/r-late/')" "$(masters r-control 1)"
"$muster" plan "$work/r.json" > "$work/said" 2>&1
check "an even number of members is refused" says 'an even number'
definition "$(masters r-other 3)"
"$muster" apply "$work/r.json" --yes > "$work/said" 2>&1
check "replacing all members at once is refused" says 'none of the etcd members'

# The worker's disk and all, gone; a master switched off, as after a reboot of this machine.
definition "$(masters r-control 3)"
handle=$("$muster" status replace -o json | sed -n '/"name": "r-worker-001"/,/}/s/.*"handle": "\([^"]*\)".*/\1/p')
check "the worker is taken away" lose "$handle"
check "a master is switched off" "$muster" power replace r-control-003 off
check "apply brings both back" apply
check "all four nodes are Ready again" until_true 120 ready 4
check "etcd has three members again" until_true 120 members r-control-001 3
check "what was known before is known still, again" kept one

definition "$(masters r-control 1)"
check "apply shrinks it to one master" apply
check "two nodes are left, and Kubernetes knows no other" until_true 120 ready 2
check "etcd has one member" until_true 120 members r-control-001 1
check "what was known before is known to the end" kept one
check "destroy removes it" "$muster" destroy replace --yes
rm -rf "$MUSTER_LOCAL_DIR/nodes/$handle"
check "nothing is left" nothing_left
