#!/bin/bash
# Debian 12 as it is on metal (support/vms.sh): machines with Debian's own kernel, cgroup v2 and AppArmor. A
# cluster of one by the provider `inventory` grows to two, both reboot; a third machine has cgroup v1, and only
# of that muster warns; afterwards they are as they were.
# Only in ./test --all: without KVM it takes long.
# Deadline: 4h
# shellcheck disable=SC2317,SC2154  # check calls it; of vms.sh

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=$(realpath "${MUSTER:-${1:-$here/build/debug}/muster}")

# shellcheck source=tests/support/vms.sh
. "$here/tests/support/vms.sh"
suite=vm
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"
# shellcheck source=tests/support/until.sh
. "$root/tests/support/until.sh"
export KUBECONFIG=$work/kubeconfig
cd "$work" || exit 1

patience=600  # seconds; nothing here takes half of it on a quiet machine
kubectl() { "$("$muster" artifacts path kubectl)" --request-timeout=60s "$@" < /dev/null; }
run() {  # ARGUMENT...: leaves $code and what muster said in $work/out
  local start=$SECONDS
  "$muster" "$@" > out 2>&1 < /dev/null
  code=$?
  echo "muster $1: $((SECONDS - start)) s"
}
use() { "$muster" kubeconfig site > "$KUBECONFIG"; }
ready() {  # NODE...: these are all, and Ready
  local nodes
  nodes=$(kubectl get nodes --no-headers | awk '{ print $1, $2 }')
  echo "$nodes"
  [ "$nodes" = "$(printf '%s Ready\n' "$@")" ]
}
unchanged() { run apply site.json --yes; cat out; [ "$code" = 0 ] && grep -qE '^site: [0-9]+ unchanged in' out; }
tested() { run test site; cat out; [ "$code" = 0 ]; }
said_nothing_of_cgroups() { ! grep 'cgroup v1' out; }
# But for the settings of modules, which stay until the next boot.
without_modules() { grep -vE '^setting net[.](bridge|netfilter|ipv4[.]vs)[.]' "$1"; }
same() {  # MACHINE
  [ "$(wc -l < "before.$1")" -gt 10000 ] && diff <(without_modules "before.$1") <(without_modules "after.$1")
}
definition() {  # WORKER...
  local workers=
  [ $# = 0 ] || workers=", {\"roles\": [\"k8s-worker\"], \"hosts\": [$(printf '"%s", ' "$@" | sed 's/, $//')]}"
  cat > site.json << JSON
{"name": "site", "provider": {"name": "inventory", "hints": {"file": "hosts.yaml"}}, "attribs": {"patience": 5},
 "nodes": [{"roles": ["etcd", "k8s-master", "k8s-worker", "k8s-addons"], "hosts": ["one"]}$workers]}
JSON
}
cat > hosts.yaml << 'YAML'
hosts:
  - {name: one, address: 10.77.0.11, user: ops, key: key}
  - {name: two, address: 10.77.0.12, user: ops, key: key}
  - {name: old, address: 10.77.0.13, user: ops, key: key}
YAML

# --- the machines

machines one two
on_its_own() {  # MACHINE
  on "$1" 'uname -v; stat -fc %T /sys/fs/cgroup; cat /sys/module/apparmor/parameters/enabled' > system
  cat system
  grep -q Debian system && grep -qx cgroup2fs system && grep -qx Y system
}
check "a machine has Debian's kernel, cgroup v2 and AppArmor" on_its_own one
listings before one two

# --- one machine

definition
run check site.json
expect "the check finds nothing that hinders" 0 "0 errors"
check "and says nothing of cgroups" said_nothing_of_cgroups
run apply site.json --yes
expect "an apply makes a cluster of one machine" 0 "'site' is up"
check "and says nothing of cgroups" said_nothing_of_cgroups
use
check "it is Ready" until_true $patience ready one
check "a second apply finds all unchanged" unchanged
check "muster test passes" tested

# What a pod is held to, by the kernel's own word.
kubectl run held --image=docker.io/library/busybox:1.35 --image-pull-policy=Never --restart=Never \
  --overrides='{"spec": {"containers": [{"name": "held", "image": "docker.io/library/busybox:1.35",
    "command": ["sleep", "100000"], "resources": {"limits": {"memory": "64Mi", "cpu": "200m"}}}]}}' > held.log 2>&1
check "a pod with limits runs" kubectl wait --for=condition=Ready pod/held --timeout=${patience}s
held() {
  on one 'pid=$(pgrep -xf "sleep 100000") && group=/sys/fs/cgroup$(cut -d: -f3 "/proc/$pid/cgroup") &&
    cat "$group/memory.max" "$group/cpu.max" "/proc/$pid/attr/current"' > limits
  cat limits
  [ "$(cat limits)" = $'67108864\n20000 100000\ncri-containerd.apparmor.d (enforce)' ]
}
check "the kernel holds it to them, and AppArmor to its profile" held
kubectl delete pod held --now > /dev/null

# Ready is what a kubelet of this boot said.
back() {  # MACHINE
  local said
  said=$(kubectl get node "$1" -o 'jsonpath={.status.nodeInfo.bootID} {.status.conditions[?(@.type=="Ready")].status}')
  echo "$said"
  [ "$said" = "$(boot_of "$1") True" ]
}
resolves() { kubectl -n kube-system rollout status deployment/coredns --timeout=5s; }
check "the machine reboots" reboot_machine one
check "the cluster is Ready again by itself" until_true $patience back one
check "so is cluster DNS" until_true $patience resolves
check "an apply then finds all unchanged" unchanged

# --- two machines

definition two
run apply site.json --yes
expect "an apply makes it a cluster of two" 0 "'site' is up"
check "and says nothing of cgroups" said_nothing_of_cgroups
check "both are Ready" until_true $patience ready one two
check "a second apply finds all unchanged" unchanged
check "muster test passes, from machine to machine" tested
check "the worker reboots" reboot_machine two
check "it is Ready again by itself" until_true $patience back two
check "muster test passes again" tested

# --- a machine with cgroup v1 beside them

of_old_alone() { grep 'cgroup v1' out | grep -w old && ! grep 'cgroup v1' out | grep -w -e one -e two; }
vm_arguments[old]=systemd.unified_cgroup_hierarchy=0
machines old
listings before old
definition two old
run check site.json
expect "the check warns of cgroup v1" 0 "0 errors" "it has cgroup v1, which kubelets since v1.35"
check "of that machine alone" of_old_alone
run apply site.json --yes
expect "an apply says that its kubelet is told to take it" 0 "'site' is up" "it has cgroup v1: its kubelet is told to take it"
check "of that machine alone" of_old_alone
check "all are Ready" until_true $patience ready old one two

# --- their owner's again

run destroy site --yes
expect "destroy undoes it all" 0 "'site' is gone"
listings after one two old
for name in one two old; do check "$name is as it was before" same "$name"; done
exit $((failures > 0))
