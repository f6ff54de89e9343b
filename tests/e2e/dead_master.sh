#!/bin/bash
# One of three masters is dead and cannot be brought back: a new worker comes up all the same, the
# run says who failed and why, and the master is back as soon as it can be.
# Only in ./test --all: ha.sh has a master that stops.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

definition() {  # WORKERS
  cat > "$work/dead.json" <<JSON
{
  "name": "dead",
  "provider": { "name": "local" },
  "nodes": [
    { "prefix": "d-control", "roles": ["etcd", "k8s-master", "k8s-addons"], "count": 3 },
    { "prefix": "d-worker", "roles": ["k8s-worker"], "count": $1 }
  ]
}
JSON
}
apply() {  # NAME OPTION...: leaves what it said and its exit code
  "$muster" apply "$work/$1.json" --yes "${@:2}" > "$work/said" 2>&1
  code=$?
}
says() { cat "$work/said"; grep -q "$1" "$work/said"; }
never_says() { cat "$work/said"; ! grep -q "$1" "$work/said"; }
ended_with() { cat "$work/said"; [ "$code" = "$1" ]; }
# kubectl through the first master.
through_first() {
  "$muster" kubeconfig dead |
    sed "s|server: .*|server: https://$(address_of dead d-control-001):6443|" > "$KUBECONFIG"
}
ready() {  # NODE...
  local nodes node
  nodes=$(kubectl get nodes --no-headers --request-timeout=5s)
  echo "$nodes"
  for node in "$@"; do
    [ "$(awk -v node="$node" '$1 == node { print $2 }' <<< "$nodes")" = Ready ] || return 1
  done
}
healthy_members() {  # DEPLOYMENT MASTER COUNT: of etcd, as this master sees them
  local said
  said=$("$muster" ssh "$1" "$2" -- etcdctl --cacert /etc/etcd/ca.crt \
    --cert /etc/etcd/member.crt --key /etc/etcd/member.key --dial-timeout=2s \
    endpoint health --cluster </dev/null 2>&1)
  echo "$said"
  [ "$(grep -c 'is healthy' <<< "$said")" = "$3" ]
}

definition 1
need "apply makes three masters and a worker" "$muster" apply "$work/dead.json" --yes

dead=d-control-003
handle=$("$muster" status dead -o json |
  sed -n "/\"name\": \"$dead\"/,/}/s/.*\"handle\": \"\([^\"]*\)\".*/\1/p")
disk=$MUSTER_LOCAL_DIR/nodes/$handle/upper
check "a master is switched off" "$muster" power dead $dead off
need "and loses its disk" mv "$disk" "$disk.lost"

definition 2
apply dead --max-failures 1
check "with one failure allowed, the run gives up at the dead master" says 'gave up after 1 failure;'
check "which is no interruption" ended_with 1

apply dead
check "without a limit it goes on, and is honest at the end" ended_with 1
check "its last lines say what failed where, and why" \
  says "^dead/$dead  create failed: cannot start the node: mounting the node's disk: "
check "and that is the only failure" says "^dead: .* 1 failed, "
check "nothing of the new worker was left out" never_says 'skipped.* d-worker-002'
check "nothing of the living masters was left out" never_says 'skipped.* d-control-00[12]'
through_first
check "the new worker is Ready, with the living masters" \
  until_true 60 ready d-control-001 d-control-002 d-worker-001 d-worker-002
check "etcd goes on with two members" until_true 60 healthy_members dead d-control-001 2

mv "$disk.lost" "$disk"
apply dead
check "when the master has its disk again, apply brings it back" ended_with 0
check "all five nodes are Ready" \
  until_true 60 ready d-control-001 d-control-002 $dead d-worker-001 d-worker-002
check "etcd has three members again" until_true 60 healthy_members dead d-control-001 3
check "the plan is empty then" "$muster" plan "$work/dead.json" --detailed-exitcode

# --- a new cluster, one of whose masters cannot be made -------------------------------------------

fresh() {  # HINTS: of the third master
  cat > "$work/fresh.json" <<JSON
{
  "name": "fresh",
  "provider": { "name": "local" },
  "nodes": [
    { "prefix": "f-control", "roles": ["etcd", "k8s-master"], "count": 2 },
    { "prefix": "f-late", "roles": ["etcd", "k8s-master"], "hints": $1 },
    { "prefix": "f-worker", "roles": ["k8s-worker"] }
  ]
}
JSON
}
# The tenant's network is another one: that of the cluster above.
fresh '{ "network": "192.168.231.0/24" }'
apply fresh
check "a master that cannot be made fails" ended_with 1
check "and says why" says "^fresh/f-late-001  create failed: tenant 'default' has the network "
check "nothing else failed" says "^fresh: .* 1 failed, "
use_cluster fresh
check "the others are a cluster" until_true 60 ready f-control-001 f-control-002 f-worker-001
check "its etcd has two members" until_true 60 healthy_members fresh f-control-001 2
fresh '{}'
apply fresh
check "when it can be made, it joins" ended_with 0
check "all four nodes are Ready" \
  until_true 60 ready f-control-001 f-control-002 f-late-001 f-worker-001
check "its etcd has three members" until_true 60 healthy_members fresh f-control-001 3

check "destroy removes the new cluster" "$muster" destroy fresh --yes
check "destroy removes the old one" "$muster" destroy dead --yes
check "nothing is left" nothing_left
