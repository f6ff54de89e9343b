#!/bin/bash
# Changes that fail and changes that are taken back: apply --atomic, history, rollback. Pods that ran
# before run on throughout.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

# A role of the test's own, which fails where the test wants it to.
roles=$work/roles-of-test
mkdir -p "$roles/roles/last" "$roles/templates"
last_role() {  # COMMAND: what the role's only task runs
  cat > "$roles/roles/last/role.yaml" <<YAML
role: last
description: the last step of a node
needs: [k8s-worker]
tasks:
  - name: mark
    file: {path: /etc/last, content: "as planned\n"}
  - name: the last word
    command: {run: "$1", unless: test -e /etc/last-word}
undo:
  - name: mark is gone
    file: {path: /etc/last, state: absent}
YAML
}
definition() {  # WORKERS ROLES
  cat > "$work/a.json" <<JSON
{
  "name": "atomic",
  "provider": { "name": "local" },
  "nodes": [
    { "prefix": "a-control", "roles": ["etcd", "k8s-master"], "count": 1 },
    { "prefix": "a-worker", "roles": [$2], "count": $1, "labels": { "workers": "w$1" } }
  ]
}
JSON
}
apply() { "$muster" --roles "$roles" apply "$work/a.json" --yes "$@"; }
says() { cat "$work/said"; grep -q -- "$1" "$work/said"; }
nodes_are() {  # NAME...: and no others, all Ready
  local nodes
  nodes=$(kubectl get nodes --no-headers --request-timeout=5s)
  echo "$nodes"
  [ "$(awk '$2 == "Ready" { print $1 }' <<< "$nodes" | sort | xargs)" = "$*" ] &&
    [ "$(wc -l <<< "$nodes")" = $# ]
}
labeled() { kubectl get nodes -l "workers=$1" -o name | xargs; }
restarts() { kubectl get pods -l app=web -o jsonpath='{range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}{"\n"}{end}' | sort; }

# --- a new deployment that fails: nothing stays ----------------------------------------------------

last_role "exit 3"
definition 1 '"k8s-worker", "last"'
apply --atomic > "$work/said" 2>&1
code=$?
check "an atomic apply that fails says so with its exit code" test $code = 1
check "it says that all was undone" says "all of it was undone: there is no 'atomic'"
check "nothing is left of a new deployment" nothing_left
"$muster" logs atomic --all > "$work/said" 2>&1
check "what failed can still be read" says "task:    the last word"
gone() { ! "$muster" status atomic; }
check "no record is left of it" gone

# --- a cluster of 3 that is to become 5, and cannot ------------------------------------------------

last_role "exit 0"
definition 2 '"k8s-worker"'
need "apply makes a master and two workers" apply --atomic
need "kubeconfig has what kubectl needs" use_cluster atomic
import_busybox atomic >/dev/null
kubectl apply -f - <<'YAML' >/dev/null
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "docker.io/library/busybox:1.35", imagePullPolicy: Never, command: [sleep, "100000"]}
YAML
need "pods run" kubectl rollout status deployment/web --timeout=120s
before=$(restarts)

last_role "test {{node.name}} != a-worker-004"
definition 4 '"k8s-worker", "last"'
apply --atomic > "$work/said" 2>&1
check "growing to five fails at the last step of one node" says "last failed"
check "it says where it went back to" says "'atomic' is back at revision"
check "the cluster has its three nodes" until_true 60 nodes_are a-control-001 a-worker-001 a-worker-002
check "their labels are as before" test "$(labeled w2)" = "node/a-worker-001 node/a-worker-002"
check "the pods ran on throughout" test "$(restarts)" = "$before"
kept_nodes() { [ "$(nodes_of atomic | sort | xargs)" = "a-control-001 a-worker-001 a-worker-002" ]; }
check "muster knows its three nodes" kept_nodes
clean() { ! "$muster" ssh atomic a-worker-001 -- test -e /etc/last; }
check "the new role was undone on the nodes that stay" clean
definition 2 '"k8s-worker"'
check "the plan of the old definition is empty" \
  "$muster" --roles "$roles" plan "$work/a.json" --detailed-exitcode

# --- an undo that is cut goes on -------------------------------------------------------------------

definition 4 '"k8s-worker", "last"'
"$muster" --roles "$roles" apply "$work/a.json" --yes --atomic --json > "$work/events" 2>/dev/null &
pid=$!
check "muster goes back" until_true 300 grep -q '"message":"undoing' "$work/events"
check "it undoes" until_true 60 grep -q '"verb":"undo"' "$work/events"
kill -9 $pid
wait $pid 2>/dev/null
check "it is killed while it does" test $? = 137
"$muster" status atomic > "$work/said" 2>&1
check "status says where it was going" says "revision"
revision=$("$muster" status atomic -o json | sed -n 's/.*"undo_to": \([0-9]*\).*/\1/p')
check "rollback goes on with the undoing" \
  "$muster" --roles "$roles" rollback atomic --to "$revision" --yes
check "the cluster has its three nodes again" until_true 60 nodes_are a-control-001 a-worker-001 a-worker-002
check "the pods ran on throughout, again" test "$(restarts)" = "$before"

# --- rollback of a change that worked --------------------------------------------------------------

last_role "exit 0"
definition 1 '"k8s-worker", "last"'
check "a change is applied: a worker less, a role more" apply
check "two nodes are left" until_true 60 nodes_are a-control-001 a-worker-001
"$muster" --roles "$roles" plan atomic --to "$revision" > "$work/said" 2>&1
check "plan says what a rollback would do" says "a-worker-002"
check "rollback" "$muster" --roles "$roles" rollback atomic --yes
check "the nodes are back" until_true 60 nodes_are a-control-001 a-worker-001 a-worker-002
check "their labels are back" test "$(labeled w2)" = "node/a-worker-001 node/a-worker-002"
check "the role was undone where the node stayed" clean
definition 2 '"k8s-worker"'
check "the plan of the old definition is empty again" \
  "$muster" --roles "$roles" plan "$work/a.json" --detailed-exitcode
check "destroy removes it" "$muster" destroy atomic --yes
check "nothing is left" nothing_left
