#!/bin/bash
# Two machines, and an inventory of Kubespray's that names them: what is imported of it is applied as it
# is and makes a cluster, Ansible reaches its nodes by what is exported, and destroy takes all away.
# Needs Kubernetes.
# Only in ./test --all: kubespray.sh imports, onprem.sh has the machines.
# shellcheck disable=SC2317  # what check calls is reached
# shellcheck source=tests/support/machines.sh
. "$(dirname "$0")/../support/machines.sh"

muster=${MUSTER:-$root/build/release/muster}
suite=kubespray
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"
# shellcheck source=tests/support/until.sh
. "$root/tests/support/until.sh"
cd "$work" || exit 1

run() {
  "$muster" "$@" > "$work/out" 2>&1 </dev/null
  code=$?
}
same() { [ "$1" = "$2" ] || { echo "'$1', not '$2'"; return 1; }; }
kubectl() { "$("$muster" artifacts path kubectl)" --kubeconfig "$work/config" "$@" </dev/null; }

machines m1 m2
mkdir -p inventory/group_vars/all inventory/group_vars/k8s_cluster
cat > inventory/inventory.ini <<INI
[kube_control_plane]
control ansible_host=10.77.0.11 ip=10.77.0.11 etcd_member_name=etcd1

[etcd:children]
kube_control_plane

[kube_node]
work[1:1] ansible_host=10.77.0.12 ip=10.77.0.12 node_labels='{"example.com/disk": "ssd"}'

[k8s_cluster:children]
kube_control_plane
kube_node

[all:vars]
ansible_user=ops
ansible_ssh_private_key_file=$work/key
ansible_become=true
INI
echo 'kube_apiserver_port: 6444' > inventory/group_vars/all/all.yml
printf '%s\n' 'kube_network_plugin: calico' 'kube_service_addresses: 10.88.0.0/18' \
  'kube_pods_subnet: 10.89.0.0/18' 'dns_domain: site.example' \
  > inventory/group_vars/k8s_cluster/k8s-cluster.yml

run import kubespray inventory --name site
expect "the inventory is imported" 0 "mapped" "kube_pods_subnet" "site/cluster.json"
run apply site/cluster.json --yes
expect "what was imported is applied" 0 "'site' is up"
"$muster" kubeconfig site > config
ready() {
  [ "$(kubectl get nodes --no-headers | awk '{ print $1, $2 }')" = "$(printf '%s Ready\n' control work1)" ]
}
check "both nodes are Ready" until_true 120 ready
check "the node has its label" same "$(kubectl get nodes -l example.com/disk=ssd -o name)" node/work1
check "the API has the port of the inventory" grep -q 'server: .*:6444"$' config
check "Services are where the inventory wants them" \
  same "$(kubectl get service kubernetes -o 'jsonpath={.spec.clusterIP}')" 10.88.0.1
pod_in_range() { kubectl -n kube-system get pods -l k8s-app=kube-dns -o 'jsonpath={.items[0].status.podIP}' | grep -q '^10\.89\.'; }
check "pods too" until_true 60 pod_in_range
run plan site/cluster.json --detailed-exitcode
expect "the plan is empty then" 0

if command -v ansible > /dev/null; then
  printf '#!/bin/sh\nexec "%s" export ansible site "$@"\n' "$muster" > site.sh
  chmod 755 site.sh
  ansible -i site.sh k8s_worker -m raw -a 'systemctl is-active kubelet' > out 2>&1 </dev/null
  code=$?
  expect "Ansible reaches the nodes of a role" 0 "work1 | CHANGED" "active"
else
  echo "skip kubespray: Ansible reaches the nodes of a role: ansible is not installed"
fi

run destroy site --yes
expect "destroy" 0 "'site' is gone"
check "nothing of Kubernetes is left on the machines" \
  on m1 '! command -v kubelet && ! test -e /etc/kubernetes && ! test -e /var/lib/etcd'
exit $((failures > 0))
