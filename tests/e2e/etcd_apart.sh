#!/bin/bash
# etcd on nodes of its own, five of them; a master apart from it; labels, taints and scaling.
# Only in ./test --all: cluster.sh and ha.sh, with etcd elsewhere.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

definition() {  # WORKERS
  cat > "$work/apart.json" <<JSON
{
  "name": "apart",
  "tenant": "lab",
  "provider": { "name": "local" },
  "nodes": [
    { "prefix": "apart-etcd", "roles": ["etcd"], "count": 5 },
    { "prefix": "apart-master", "roles": ["k8s-master", "k8s-addons"], "count": 1 },
    { "prefix": "apart-worker", "roles": ["k8s-worker"], "count": $1,
      "labels": { "disk": "ssd" }, "taints": ["dedicated=lab:NoSchedule"] }
  ]
}
JSON
}
ready() { [ "$(kubectl get nodes --no-headers | awk '$2 == "Ready"' | wc -l)" = "$1" ]; }

definition 1
need "apply makes five etcd nodes, a master and a worker" "$muster" apply "$work/apart.json" --yes
need "kubeconfig has what kubectl needs" use_cluster apart
check "the master and the worker are Ready; etcd nodes are no Kubernetes nodes" until_true 60 ready 2
labelled() { kubectl get nodes -l disk=ssd -o name | grep -x node/apart-worker-001; }
check "labels are on the node" labelled
check "taints are on the node" \
  test "$(kubectl get node apart-worker-001 -o jsonpath='{.spec.taints[?(@.key=="dedicated")].effect}')" = NoSchedule
definition 2
"$muster" plan "$work/apart.json" > "$work/plan"
touched() { grep -q 'apart-worker-002' "$work/plan" && ! grep -qE 'etcd .*(changed|new member)' "$work/plan"; }
check "growing plans the new node and leaves etcd alone" touched
check "apply grows the cluster" "$muster" apply "$work/apart.json" --yes
check "three nodes are Ready" until_true 60 ready 3
definition 1
check "apply shrinks the cluster" "$muster" apply "$work/apart.json" --yes
check "the node that left is no longer in the cluster" until_true 60 ready 2
check "its name is forgotten" absent node apart-worker-002
check "the plan is empty then" "$muster" plan "$work/apart.json" --detailed-exitcode
check "destroy removes it" "$muster" destroy apart --yes
check "nothing is left" nothing_left
