#!/bin/bash
# Six machines that somebody owns: reached by SSH as a user with sudo, two of them through a bastion
# only, one by its name, one by IPv6. Years in the life of a cluster on them, with a workload that is
# asked all the time; at the end they are as they were.
# shellcheck source=tests/support/machines.sh
. "$(dirname "$0")/../support/machines.sh"

muster=${MUSTER:-$root/build/release/muster}
suite=onprem
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"
# shellcheck source=tests/support/until.sh
. "$root/tests/support/until.sh"
export KUBECONFIG=$work/kubeconfig
cd "$work" || exit 1

kubectl() { "$("$muster" artifacts path kubectl)" --request-timeout=10s "$@" </dev/null; }
run() {
  echo "\$ muster $*" >> "$work/story"
  "$muster" "$@" > "$work/out" 2>&1 </dev/null
  code=$?
  cat "$work/out" >> "$work/story"
}
ready() {  # NODE...: these are all, and Ready
  local nodes
  nodes=$(kubectl get nodes --no-headers | awk '{ print $1, $2 }')
  echo "$nodes"
  [ "$nodes" = "$(printf '%s Ready\n' "$@")" ]
}
three_members() {  # of etcd, all of them healthy
  local said
  said=$("$muster" etcd status site 2>&1 </dev/null)
  echo "$said"
  [ "$(grep -c ' healthy ' <<< "$said")" = 3 ]
}
use() { "$muster" kubeconfig site > "$KUBECONFIG"; }

# --- The machines, and what their owner has on them ----------------------------------------------
all=(m1 m2 m3 m4 m5 m6)
machines "${all[@]}"
sed -i 's/^10.77.0.12 m2$/10.77.0.12 m2 two.site.example/' /etc/hosts
ssh-keyscan -t ed25519 10.77.0.9 > "$HOME/.ssh/known_hosts" 2>/dev/null
for name in "${all[@]}"; do
  on "$name" "
    printf 'net.core.somaxconn = 512\n' > /etc/sysctl.d/90-site.conf
    useradd -m ann
    mkdir -p /etc/containerd && printf '# ours\n' > /etc/containerd/config.toml && chmod 640 /etc/containerd/config.toml
    printf '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/site.service
    systemctl daemon-reload && systemctl -q enable --now site.service
    nft add table inet site
    nft 'add chain inet site input { type filter hook input priority 0; }'
    nft add rule inet site input tcp dport 25 drop
  "
done
for name in m5 m6; do on "$name" nft add rule inet site input ip saddr 10.77.0.1 tcp dport 22 drop; done
listings before "${all[@]}"

cat > hosts.yaml <<YAML
hosts:
  - {name: m1, address: 10.77.0.11, user: ops, key: key}
  - {name: m2, address: two.site.example, user: ops, key: key}
  - {name: m3, address: "fd77::13", cluster_address: 10.77.0.13, user: ops, key: key, zone: cellar, labels: {example.com/disk: ssd}}
  - {name: m4, address: 10.77.0.14, user: ops, key: key}
  - {name: m5, address: 10.77.0.15, user: ops, key: key, bastion: root@10.77.0.9}
  - {name: m6, address: 10.77.0.16, user: ops, key: key, bastion: root@10.77.0.9}
YAML
definition() {  # MASTERS WORKERS, each '"a", "b"'
  cat > site.json <<JSON
{
  "name": "site",
  "provider": {"name": "inventory", "hints": {"file": "hosts.yaml"}},
  "nodes": [
    {"roles": ["etcd", "k8s-master"], "hosts": [$1]},
    {"roles": ["k8s-worker", "k8s-addons"], "hosts": [$2]}
  ]
}
JSON
}

# --- The first cluster ----------------------------------------------------------------------------
definition '"m1", "m2", "m5"' '"m3"'
run check site.json
expect "a check finds nothing that hinders" 0 "0 errors"
run plan site.json
expect "a plan is shown" 0 "4 nodes to create"
run apply site.json --yes
expect "an apply makes a cluster of them" 0 "'site' is up"
use
check "all are Ready" until_true 120 ready m1 m2 m3 m5
run plan site.json --detailed-exitcode
expect "the plan is empty then" 0
labelled() {  # as its host is in hosts.yaml
  kubectl get nodes -l topology.kubernetes.io/zone=cellar,example.com/disk=ssd -o name | grep -x node/m3
}
check "m3 has the zone and the labels of its host" labelled

# --- A workload: two pods, a Service on every node's port 30080, asked all the time ----------------
import_image() {  # MACHINE
  cp "$("$muster" artifacts path busybox-image)" "$MACHINES_FOLDER/$1/root/busybox.tar"
  on "$1" 'ctr -n k8s.io images import /root/busybox.tar && rm /root/busybox.tar'
}
ask() {  # MACHINE
  curl -sS -m 5 "http://10.77.0.${machine_number[$1]}:30080/" 2>&1
}
answers_on() { [ "$(ask "$1")" = here ]; }
# Asks until the file "stop" is there; says when a machine gave no answer within 5 seconds, and why.
ask_always() {
  local name said
  while [ ! -e stop ]; do
    for name in m3 m2; do
      said=$(ask $name)
      [ "$said" = here ] && echo good || echo "bad $(date +%T) $name: $said"
    done >> answers
    sleep 0.3
  done
}
answered() {  # since the last time
  local said
  said=$(grep bad answers)
  [ "$(grep -c good answers)" -gt 0 ] || said="nothing was asked"
  : > answers
  echo "$said"
  [ -z "$said" ]
}
cat > web.yaml <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 30  # the controller that tells of its end may be chosen anew
      topologySpreadConstraints:
        - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}
      containers:
        - name: web
          image: docker.io/library/busybox:1.35
          command: [sh, -c, "mkdir /www; echo here > /www/index.html; exec httpd -f -p 8080 -h /www"]
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1, timeoutSeconds: 10}  # of a busy machine
          lifecycle: {preStop: {exec: {command: [sleep, "20"]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
YAML
for name in m1 m2 m3 m5; do check "the image of the workload is on $name" import_image "$name"; done
kubectl taint nodes m1 m2 m5 node-role.kubernetes.io/control-plane:NoSchedule- > /dev/null  # pods go anywhere
kubectl apply -f web.yaml > /dev/null
check "the workload runs" until_true 120 kubectl rollout status deployment/web --timeout=1s
# Each kube-proxy writes its rules when it comes to it.
for name in m3 m2; do check "and answers on $name" until_true 30 answers_on $name; done
: > answers
ask_always &

# --- It grows by one, which the workload does not notice -------------------------------------------
definition '"m1", "m2", "m5"' '"m3", "m4"'
run apply site.json --yes
expect "another worker joins" 0 "m4"
check "it is Ready with the others" until_true 120 ready m1 m2 m3 m4 m5
check "the image of the workload is on m4" import_image m4
check "the workload answered all the time" answered

# --- The first master goes, another machine takes its place: one edit -------------------------------
definition '"m6", "m2", "m5"' '"m3", "m4"'
run apply site.json --yes
expect "the first master is replaced" 0 "'site' is up"
use
check "m6 has the place of m1" until_true 120 ready m2 m3 m4 m5 m6
check "etcd has three members again" until_true 60 three_members
check "the workload answered all the time, again" answered
listings after m1
check "m1 is as it was before" diff before.m1 after.m1

# --- What must not be, is refused; nothing is changed ------------------------------------------------
definition '"m1"' '"m3", "m4"'
run apply site.json --yes
expect "all masters at once may not go" 2 "of the masters of"
definition '"m6", "m2", "m5"' '"m3", "m4"'

# --- The quorum is lost for good, and a backup brings the cluster back ------------------------------
kubectl create configmap kept --from-literal=word=one > /dev/null
run etcd backup site --to backup.db
expect "etcd is backed up" 0 "backup.db"
run etcd verify backup.db
expect "and the backup is whole" 0
kubectl create configmap late --from-literal=word=two > /dev/null
for name in m5 m6; do on "$name" 'systemctl stop etcd; rm -rf /var/lib/etcd/member'; done
unanswered() { ! kubectl get configmap kept; }
check "without two of three nobody can be asked" unanswered
run recover site --from backup.db --yes
expect "recover makes a cluster of what is left" 0
use
run apply site.json --yes
expect "an apply makes it whole" 0 "'site' is up"
check "etcd has three members again" until_true 60 three_members
check "what was known at the backup is known" kubectl get configmap kept
unknown() { local found; found=$(kubectl get configmap "$1" --ignore-not-found -o name) && [ -z "$found" ]; }
check "what came later is not" unknown late
check "all are Ready again" until_true 120 ready m2 m3 m4 m5 m6
check "the workload answered all the time, without any control plane" answered

# --- New certificates ---------------------------------------------------------------------------------
serial() { echo | openssl s_client -connect 10.77.0.12:6443 2>/dev/null | openssl x509 -noout -serial; }
before=$(serial)
run certs renew site --yes
expect "certificates are renewed" 0
renewed() { local now; now=$(serial); [ -n "$before" ] && [ -n "$now" ] && [ "$now" != "$before" ]; }
check "the API shows a new one" until_true 30 renewed
check "all are Ready with them" until_true 120 ready m2 m3 m4 m5 m6
check "the workload answered all the time, while they changed" answered

# --- The end: the machines are their owner's again ---------------------------------------------------
touch stop
run destroy site --yes
expect "destroy undoes it all" 0 "'site' is gone"
listings after "${all[@]}"
for name in "${all[@]}"; do
  check "$name is as it was before" diff "before.$name" "after.$name"
done
exit $((failures > 0))
