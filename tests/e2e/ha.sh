#!/bin/bash
# Three masters with etcd: any one of them may stop and come back, and the cluster goes on.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

cat > "$work/ha.json" <<'JSON'
{
  "name": "ha",
  "provider": { "name": "local" },
  "nodes": [
    { "prefix": "ha-control", "roles": ["etcd", "k8s-master", "k8s-addons"], "count": 3 },
    { "prefix": "ha-worker", "roles": ["k8s-worker"], "count": 1 }
  ]
}
JSON
need "apply makes three masters and a worker" "$muster" apply "$work/ha.json" --yes

ready() {  # COUNT
  local nodes
  nodes=$(kubectl get nodes -o wide --no-headers --request-timeout=5s)
  echo "$nodes"
  [ "$(awk '$2 ~ /^Ready/' <<< "$nodes" | wc -l)" = "$1" ]
}
# kubectl through one master, whichever that is.
through() {
  "$muster" kubeconfig ha | sed "s|server: .*|server: https://$(address_of ha "$1"):6443|" > "$KUBECONFIG"
}
healthy_members() {  # MASTER: how many etcd members answer, as it sees them
  "$muster" ssh ha "$1" -- etcdctl --cacert /etc/etcd/ca.crt --cert /etc/etcd/member.crt \
    --key /etc/etcd/member.key --dial-timeout=2s endpoint health --cluster </dev/null 2>&1 |
    grep -c 'is healthy'
}
heartbeats() { kubectl get leases -n kube-node-lease "$@" --no-headers -o custom-columns=:metadata.name,:spec.renewTime; }
all_beat_again() {  # BEFORE NODE...
  local now
  now=$(heartbeats "${@:2}") || return 1
  echo "$now"
  ! grep -qxF "$1" <<< "$now"
}

through ha-control-001
check "all four nodes are Ready" until_true 120 ready 4
masters="ha-control-001 ha-control-002 ha-control-003"
for stopped in $masters; do
  others=$(echo $masters | tr ' ' '\n' | grep -v $stopped)
  other=$(echo "$others" | head -n 1)
  check "$stopped is switched off" "$muster" power ha $stopped off
  through "$other"
  check "without $stopped, kubectl goes on through $other" until_true 120 kubectl get nodes --request-timeout=5s
  two_left() { [ "$(healthy_members "$other")" = 2 ]; }
  check "without $stopped, etcd keeps its quorum" until_true 60 two_left
  # shellcheck disable=SC2086
  {
    before=$(heartbeats $others ha-worker-001)
    check "without $stopped, the API tells of all kubelets" test "$(wc -l <<< "$before")" = 3
    check "without $stopped, they go on" until_true 120 all_beat_again "$before" $others ha-worker-001
  }
  check "without $stopped, the API takes writes" kubectl create namespace "without-$stopped"
  check "$stopped is switched on" "$muster" power ha $stopped on
  whole() { [ "$(healthy_members "$other")" = 3 ]; }
  check "$stopped rejoins etcd" until_true 120 whole
  # Until then its Node can still be called Ready from before.
  check "the kubelet of $stopped is back" until_true 120 all_beat_again "$(heartbeats "$stopped")" "$stopped"
  check "all four nodes are Ready again after $stopped" until_true 120 ready 4
done
rejoined() { [ "$(healthy_members ha-control-001)" = 3 ]; }
check "etcd is whole at the end" until_true 120 rejoined
check "apply then finds everything as it should be" "$muster" apply "$work/ha.json" --yes
check "destroy removes it" "$muster" destroy ha --yes
check "nothing is left" nothing_left
