#!/bin/bash
# One master and two workers, for real: apply, use, apply again, destroy.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

name=quickstart
definition=$root/examples/quickstart.json

need "apply makes the cluster" "$muster" apply "$definition" --yes
need "kubeconfig has what kubectl needs" use_cluster $name

all_ready() {  # COUNT
  [ "$(kubectl get nodes --no-headers | awk '$2 == "Ready"' | wc -l)" = "$1" ]
}
check "all three nodes are Ready" until_true 60 all_ready 3
masters_tainted() {
  kubectl get nodes -l node-role.kubernetes.io/control-plane -o jsonpath='{.items[*].spec.taints[*].key}' |
    grep -q node-role.kubernetes.io/control-plane
}
check "the master is labelled and tainted" masters_tainted

# --- a second apply changes nothing -------------------------------------------------------------

main_pids() {
  local node
  for node in $(nodes_of $name); do
    "$muster" ssh $name "$node" -- \
      systemctl show -p Id,MainPID containerd etcd kube-apiserver kube-controller-manager \
      kube-scheduler kubelet kube-proxy muster-api-balancer </dev/null | grep -v '^$'
  done
}
main_pids > "$work/pids.before"
check "the processes to compare are there" test "$(grep -c '^MainPID=[1-9]' "$work/pids.before")" -ge 16
"$muster" apply "$definition" --yes --json > "$work/again.json" 2> "$work/again.err"
check "a second apply succeeds" test $? = 0
check "a second apply checks every task" grep -q '"type":"task_finished"' "$work/again.json"
nothing_changed() { ! grep -E '"outcome":"(changed|failed|skipped|timed_out)"' "$work/again.json"; }
check "a second apply finds every task unchanged" nothing_changed
main_pids > "$work/pids.after"
check "a second apply restarts no service" diff "$work/pids.before" "$work/pids.after"
check "the plan is empty then" "$muster" plan "$definition" --detailed-exitcode

# --- drift is seen, and mended, and nothing else -------------------------------------------------

refresh() { "$muster" plan "$definition" --refresh --detailed-exitcode > "$work/refresh" 2>&1; }
no_drift() { refresh && grep -q '^no drift' "$work/refresh"; }
check "there is no drift" no_drift
"$muster" ssh $name qs-worker-001 -- \
  'rm /etc/kubernetes/balancer.cfg; echo >> /etc/kubernetes/kubelet.yaml; systemctl stop kube-proxy' </dev/null
refresh
check "drift is a change" test $? = 2
found=$(awk '$1 == "qs-worker-001" { print $2 }' "$work/refresh" | sort | xargs)
check "a lost file, a changed file and a stopped unit are each seen" \
  test "$found" = "api-balancer kube-node kube-node-ready kube-node-ready"
check "and nothing on the other nodes" test "$(grep -c '^qs-' "$work/refresh")" = 4
"$muster" apply "$definition" --yes --json 2>/dev/null | grep '"task_finished"' |
  grep -o '"node":"[^"]*".*"role":"[^"]*","task":"[^"]*","outcome":"changed"' > "$work/mended"
mended() { cat "$work/mended"; ! grep -v qs-worker-001 "$work/mended" && [ "$(wc -l < "$work/mended")" -ge 3 ]; }
check "apply mends them there and nowhere else" mended
check "there is no drift then" no_drift

# --- what docs/security.md says of the CIS Benchmark ----------------------------------------------

# Prints who else may read or owns what Kubernetes runs from on NODE, and how many files there are.
# shellcheck disable=SC2016  # the node expands it
open_files() {
  "$muster" ssh $name "$1" -- 'cd /etc && set -- systemd/system/kube*.service systemd/system/containerd.service \
      kubernetes/*.conf kubernetes/*.yaml kubernetes/kubelet.env cni/net.d/10-muster-bridge.conflist \
      kubernetes/ssl/*.key $(ls systemd/system/etcd.service 2> /dev/null)
    find "$@" -type f \( -perm /077 -o ! -user root \)
    find kubernetes/ssl -type f \( -perm /022 -o ! -user root \)
    echo "files $#"' < /dev/null
}
root_alone() {  # NODE LEAST
  local found
  found=$(open_files "$1") && echo "$found" && [ "$(wc -l <<< "$found")" = 1 ] && [ "${found#files }" -ge "$2" ]
}
check "on the master, what Kubernetes runs from is root's alone" root_alone qs-control-001 20
check "on a worker as well" root_alone qs-worker-001 8
listens() {  # NODE PORT...: to others than itself, at these ports and no others
  local node=$1
  shift
  "$muster" ssh $name "$node" -- 'ss -Hltn' < /dev/null | awk '{print $4}' | grep -vE '^(127\.|\[::1\])' |
    sed 's/.*://' | sort -un | diff - <(printf '%s\n' "$@" | sort -n)
}
check "the master is open at these ports only" listens qs-control-001 22 2379 2380 6443 10250
check "a worker at these" listens qs-worker-001 22 10250
asks() {  # URL CODE: without credentials
  [ "$(curl -sk -o /dev/null -w '%{http_code}' "$1")" = "$2" ]
}
api=https://$(address_of $name qs-control-001):6443
check "without credentials one may ask whether the API is ready" asks "$api/readyz" 200
check "and nothing else" asks "$api/api" 401
check "a kubelet answers nobody without credentials" asks "https://$(address_of $name qs-worker-001):10250/pods" 401
kubectl -n default create secret generic rests --from-literal=word=plainly-readable > /dev/null
at_rest() {
  "$muster" ssh $name qs-control-001 -- 'set -a; ETCDCTL_CACERT=/etc/etcd/ca.crt ETCDCTL_CERT=/etc/etcd/member.crt \
    ETCDCTL_KEY=/etc/etcd/member.key; etcdctl get /registry/secrets/default/rests' < /dev/null |
    grep -aq '^k8s:enc:secretbox'
}
check "a Secret is encrypted at rest" at_rest

# --- the cluster works --------------------------------------------------------------------------

check "the busybox image is on every node" import_busybox $name
kubectl apply -f - > "$work/web.log" 2>&1 <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      topologySpreadConstraints:
      - maxSkew: 2  # against the master, which has none: no node gets more than two
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {matchLabels: {app: web}}
      containers:
      - name: web
        image: docker.io/library/busybox:1.35
        imagePullPolicy: Never
        command: ["/bin/sh", "-c", "mkdir /www; hostname > /www/index.html; echo serving; exec httpd -f -p 8080 -h /www"]
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
YAML
need "four pods become available" kubectl rollout status deployment/web --timeout=120s
pods_per_node=$(kubectl get pods -l app=web -o jsonpath='{range .items[*]}{.spec.nodeName}{"\n"}{end}' | sort | uniq -c | awk '{print $1}' | xargs)
check "they run on both workers" test "$pods_per_node" = "2 2"
pod_on() {  # NODE
  kubectl get pods -l app=web --field-selector "spec.nodeName=$1" -o jsonpath='{.items[0].metadata.name}'
}
first=$(pod_on qs-worker-001)
second=$(pod_on qs-worker-002)
ip_of() { kubectl get pod "$1" -o jsonpath='{.status.podIP}'; }
# busybox 1.35's own "wget -T" crashes.
fetch() { kubectl exec "$1" -- timeout 3 wget -q -O - "$2"; }  # POD URL
reaches() { [ "$(fetch "$1" "http://$(ip_of "$2"):8080/")" = "$2" ]; }
check "a pod reaches a pod on the other node" until_true 120 reaches "$first" "$second"
service_ip=$(kubectl get service web -o jsonpath='{.spec.clusterIP}')
check "the Service answers by address" until_true 120 fetch "$first" "http://$service_ip/"
check "the Service answers by DNS name, from either node" \
  until_true 120 fetch "$first" http://web.default.svc.cluster.local/
check "the Service answers by its short name" until_true 120 fetch "$second" http://web/
balanced() {
  for _ in $(seq 40); do fetch "$first" "http://$service_ip/"; done | sort -u | wc -l
}
check "the Service is balanced over all four pods" test "$(balanced)" = 4
check "kubectl logs works" test "$(kubectl logs "$first")" = serving
check "kubectl exec works" test "$(kubectl exec "$second" -- hostname)" = "$second"
for node in $(nodes_of $name); do
  check "the NodePort answers from this machine on $node" \
    until_true 120 curl -sf --max-time 3 "http://$(address_of $name "$node"):30080/"
done

# --- and is closed where it should be ------------------------------------------------------------

master=$(address_of $name qs-control-001)
worker=$(address_of $name qs-worker-001)
code() { curl -sk -o /dev/null -w '%{http_code}' --max-time 5 "$@"; }
check "the API refuses anonymous requests" test "$(code "https://$master:6443/api")" = 401
check "the kubelet refuses anonymous requests" test "$(code "https://$worker:10250/pods")" = 401
check "there is no read-only kubelet port" test "$(code "http://$worker:10255/pods")" = 000
check "etcd refuses clients without a certificate" test "$(code "https://$master:2379/health")" = 000
kubectl create secret generic hidden --from-literal=word=muster-plain-text >/dev/null 2>&1
stored() {
  "$muster" ssh $name qs-control-001 -- etcdctl --cacert /etc/etcd/ca.crt \
    --cert /etc/etcd/member.crt --key /etc/etcd/member.key \
    get /registry/secrets/default/hidden --print-value-only </dev/null
}
encrypted() { stored | grep -aq k8s:enc:secretbox && ! stored | grep -aq muster-plain-text; }
check "secrets are encrypted at rest" encrypted
check "the audit log is written" "$muster" ssh $name qs-control-001 -- test -s /var/log/kubernetes/audit.log
kubelet_may_not() {
  "$muster" ssh $name qs-worker-001 -- /usr/local/bin/kubectl \
    --kubeconfig /etc/kubernetes/kubelet.conf get secret hidden </dev/null 2>&1 | grep Forbidden
}
check "a kubelet may not read a secret that no pod of its node uses" kubelet_may_not

# --- what the tool says of it --------------------------------------------------------------------

check "list names the deployment" bash -c "'$muster' list | grep -q '^quickstart .*applied'"
check "status names each node" bash -c "'$muster' status quickstart | grep -q 'qs-worker-002 .*ready'"
check "ssh runs a command on a node" \
  test "$("$muster" ssh $name qs-worker-002 -- hostname </dev/null)" = qs-worker-002
check "logs tell of the last run" bash -c "'$muster' logs quickstart qs-worker-001 | grep -q kube-node"
no_secret_in_events() {
  ! grep -aE 'PRIVATE KEY|muster-plain-text' "$work/again.json" "$work/again.err" <("$muster" logs $name --json)
}
check "no private key is in events or logs" no_secret_in_events

# --- gone -----------------------------------------------------------------------------------------

check "destroy removes it" "$muster" destroy $name --yes
check "nothing is left" nothing_left
check "destroying twice is fine" "$muster" destroy $name --yes
check "apply --destroy on nothing is fine" "$muster" apply "$definition" --destroy --yes
