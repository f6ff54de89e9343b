#!/bin/bash
# A cluster of three masters and three workers in its daily life: flags, labels and taints change under
# load, a node is drained, one dies, the first master is replaced, one reboots.
# Only in ./test --all: onprem.sh changes, drains and restarts machines in use; this one has more of it.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

roles='["etcd", "k8s-master"]' level=2 first=t-control workers=3
extra=', "labels": { "example.com/tier": "web" }'  # of the workers
definition() {
  cat > "$work/two.json" <<JSON
{
  "name": "two",
  "provider": { "name": "local" },
  "attribs": { "k8s-log_level": $level },
  "nodes": [
    { "prefix": "$first", "roles": $roles },
    { "prefix": "t-more", "roles": $roles, "count": 2 },
    { "prefix": "t-worker", "roles": ["k8s-worker"], "count": $workers$extra }
  ]
}
JSON
}
apply() {  # OPTION...: leaves what it said and its exit code
  definition
  "$muster" apply "$work/two.json" --yes "$@" > "$work/said" 2>&1
  code=$?
  cat "$work/said"
  return $code
}
fails() { ! apply "$@"; }
says() { cat "$work/said"; grep -q "$1" "$work/said"; }
on() { "$muster" ssh two "$1" -- "${@:2}" </dev/null; }  # NODE COMMAND...
through() {  # NODE: kubectl through this master
  "$muster" kubeconfig two | sed "s|server: .*|server: https://$(address_of two "$1"):6443|" > "$KUBECONFIG"
}
ready() {  # COUNT: that many nodes, all Ready
  local nodes
  nodes=$(kubectl get nodes --no-headers --request-timeout=5s)
  echo "$nodes"
  [ "$(awk '$2 ~ /^Ready/' <<< "$nodes" | wc -l)" = "$1" ] && [ "$(wc -l <<< "$nodes")" = "$1" ]
}
members() {  # MASTER COUNT: the members of etcd, all of them healthy
  local said
  said=$(on "$1" etcdctl --cacert /etc/etcd/ca.crt --cert /etc/etcd/member.crt \
    --key /etc/etcd/member.key --dial-timeout=2s endpoint health --cluster 2>&1)
  echo "$said"
  [ "$(grep -c 'is healthy' <<< "$said")" = "$2" ] && ! grep -q unhealthy <<< "$said"
}
label() { kubectl get node "$1" -o "jsonpath={.metadata.labels.$2}"; }
taints() { kubectl get node "$1" -o 'jsonpath={range .spec.taints[*]}{.key}={.value}:{.effect} {end}'; }
is() { local is_said; is_said=$("${@:2}"); echo "got '$is_said'"; [ "$is_said" = "$1" ]; }  # WANTED COMMAND...

# Probes run on a node, five times a second, until they are stopped.
probe() {  # NAME NODE COMMAND
  on "$2" "systemd-run -q --unit=probe-$1 sh -c 'while sleep 0.2; do { $3; } >/run/said.$1 2>&1 || { date +%T; cat /run/said.$1; } >>/run/failed.$1; echo >>/run/probed.$1; done'"
}
never_failed() {  # NAME NODE: since it began
  on "$2" "systemctl stop probe-$1; cat /run/failed.$1 2>/dev/null; wc -l < /run/probed.$1
    [ ! -e /run/failed.$1 ] && [ \$(wc -l < /run/probed.$1) -gt 20 ]; code=\$?; rm -f /run/*ed.$1; exit \$code"
}
# As every node reaches it: through the balancer of a worker, which masters leave and join again.
# A request that is under way to the one that stops or starts just then may fail: clients try again.
api='curl -sSf -m 8 --retry 3 --retry-delay 1 --retry-all-errors --cacert /etc/kubernetes/ssl/ca.crt --cert /var/lib/kubelet/pki/kubelet-client-current.pem https://127.0.0.1:7443/version'
started() {  # UNIT NODE...: when, in microseconds, one a line
  local node
  for node in "${@:2}"; do
    on "$node" systemctl show -p ActiveEnterTimestampMonotonic --value "$1"
  done
}
in_turn() {  # UNIT NODE...: they started in this order, a second apart or more
  started "$@" | tee "$work/started"
  awk 'NR > 1 && $1 < last + 1000000 { bad = 1 } { last = $1 } END { exit bad || NR != '$(($# - 1))' }' "$work/started"
}
has_level() {  # UNIT LEVEL NODE...
  local node
  for node in "${@:3}"; do
    on "$node" "tr '\\0' ' ' < /proc/\$(systemctl show -p MainPID --value $1)/cmdline | grep -e '--v=$2 '" || return 1
  done
}

need "apply makes three masters and three workers" apply
through t-more-001
need "all six nodes are Ready" until_true 60 ready 6
check "busybox is on the nodes" import_busybox two
cat > "$work/web.yaml" <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      topologySpreadConstraints:
        - { topologyKey: kubernetes.io/hostname, maxSkew: 1, whenUnsatisfiable: DoNotSchedule, labelSelector: { matchLabels: { app: web } } }
      tolerations: [{ operator: Exists }]
      nodeSelector: { example.com/tier: web }
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: docker.io/library/busybox:1.35
          imagePullPolicy: Never
          command: [sh, -c, "mkdir /www && echo fine > /www/index.html && exec httpd -f -p 8080 -h /www"]
          readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1, timeoutSeconds: 10 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 8080 }] }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web-stays }
spec: { maxUnavailable: 0, selector: { matchLabels: { app: web } } }
YAML
pods_apart() { kubectl get pods -l app=web -o 'jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}' | sort -u | wc -l; }
check "a workload is made" kubectl apply -f "$work/web.yaml"
check "and is available" kubectl rollout status deployment/web --timeout=150s
check "on every worker" is 3 pods_apart
web="curl -sSf -m 5 http://$(kubectl get service web -o jsonpath='{.spec.clusterIP}'):8080/"
three=(t-control-001 t-more-001 t-more-002)
nodes=("${three[@]}" t-worker-001 t-worker-002 t-worker-003)

check "and answers where it is asked" until_true 60 on t-more-001 "$web"

# --- a flag of all components, under load -------------------------------------------------------
probe api t-worker-001 "$api"
probe web t-more-001 "$web"
level=3
check "a flag of all components is changed" apply
check "API servers have it" has_level kube-apiserver.service 3 "${three[@]}"
check "kubelets have it" has_level kubelet.service 3 "${nodes[@]}"
check "masters took turns" in_turn kube-apiserver.service "${three[@]}"
check "so did all nodes" in_turn kubelet.service "${nodes[@]}"
check "the API answered all the while to those who try again" never_failed api t-worker-001
check "so did the workload" never_failed web t-more-001

# --- a flag that a component dies of ------------------------------------------------------------
mkdir -p "$work/bad/roles" "$work/bad/templates/kube-control-plane"
sed 's/--leader-elect=true/--leader-elect=true --no-such-flag/' \
  "$root/templates/kube-control-plane/kube-scheduler.service" \
  > "$work/bad/templates/kube-control-plane/kube-scheduler.service"
probe api t-worker-001 "$api"
check "a flag that the scheduler does not know fails" fails --roles "$work/bad"
check "at the first master" says '^two/t-control-001  kube-control-plane failed'
check "and the others are left alone" says 'skipped.*t-more-001'
untouched() { ! on "$1" grep -q no-such-flag /etc/systemd/system/kube-scheduler.service; }
check "the second master has none of it" untouched t-more-001
check "apply without it mends the first" apply
check "its scheduler is as before" untouched t-control-001
check "the API answered through all that to those who try again" never_failed api t-worker-001

# --- labels and taints --------------------------------------------------------------------------
before=$(started kubelet.service t-worker-001 t-worker-002)
kubectl label node t-worker-001 example.com/mine=kept >/dev/null
kubectl taint node t-worker-001 example.com/mine=kept:PreferNoSchedule >/dev/null
extra=', "labels": { "example.com/tier": "web", "example.com/disk": "ssd" }, "taints": ["example.com/for=web:NoSchedule"]'
check "workers get a label and a taint" apply
check "the label is there" is ssd label t-worker-002 'example\.com/disk'
check "the taint is there" is 'example.com/for=web:NoSchedule ' taints t-worker-002
extra=', "labels": { "example.com/tier": "web" }, "taints": ["example.com/for=all:NoSchedule"]'
check "the label goes and the taint changes" apply
check "the label is gone" is '' label t-worker-001 'example\.com/disk'
check "another label stays" is web label t-worker-001 'example\.com/tier'
check "the taint has changed" is 'example.com/for=all:NoSchedule ' taints t-worker-002
check "a label that muster did not give stays" is kept label t-worker-001 'example\.com/mine'
mine() { taints t-worker-001 | grep 'example.com/mine=kept:PreferNoSchedule'; }
check "so does a taint" mine
check "no kubelet was restarted for it" is "$before" started kubelet.service t-worker-001 t-worker-002
check "nobody keeps the right to change nodes" on t-worker-001 '! ls /run/muster-*.conf'

# --- a budget, and a node that is dead ----------------------------------------------------------
check "the third worker dies" "$muster" power two t-worker-003 off
workers=1
silent() {
  local beat
  beat=$(kubectl get node t-worker-003 -o 'jsonpath={.status.conditions[?(@.type=="Ready")].lastHeartbeatTime}')
  [ -n "$beat" ] && [ $(($(date +%s) - $(date -d "$beat" +%s))) -gt 16 ]
}
check "its kubelet is silent" until_true 60 silent
check "a budget keeps a worker" fails --drain-timeout 20s
check "which is said" says 'default/web-stays'
check "with what to do" says 'drain-timeout'
schedulable() { kubectl get node t-worker-002 --no-headers | grep -w Ready | grep -v SchedulingDisabled; }
check "the worker is in service as before" schedulable
check "its machine is there" on t-worker-002 true
check "the dead worker is gone from Kubernetes" ready 5
kubectl delete poddisruptionbudget web-stays >/dev/null
check "without the budget it goes" apply
check "four nodes are left" until_true 20 ready 4
# Pods of a node that is gone stay in the API for up to 80 s.
moved() { [ "$(pods_apart)" = 1 ] && kubectl rollout status deployment/web --timeout=1s; }
check "the workload has moved" until_true 150 moved

# --- the first master, replaced -----------------------------------------------------------------
probe api t-worker-001 "$api"
first=t-new
check "the first master is replaced in one edit" apply
check "four nodes are Ready" until_true 60 ready 4
check "the old one is none of them" absent node t-control-001
check "etcd has three members" until_true 30 members t-more-001 3
check "the API answered all the while to those who try again, again" never_failed api t-worker-001
check "the plan is empty then" "$muster" plan "$work/two.json" --detailed-exitcode

# --- a reboot -----------------------------------------------------------------------------------
reboot() { "$muster" power two "$1" off && "$muster" power two "$1" on; }
beats() { kubectl get lease -n kube-node-lease "$1" -o jsonpath='{.spec.renewTime}'; }
beats_again() { local now; now=$(beats "$1") && [ -n "$now" ] && [ "$now" != "$2" ]; }  # NODE BEFORE
check "a worker reboots" reboot t-worker-001
worker_beat=$(beats t-worker-001)
check "and a master" reboot t-more-002
master_beat=$(beats t-more-002)
# Until then a Node can still be called Ready from before.
check "the worker's kubelet is back" until_true 120 beats_again t-worker-001 "$worker_beat"
check "so is the master's" until_true 120 beats_again t-more-002 "$master_beat"
check "all nodes are Ready" until_true 60 ready 4
check "etcd is whole" until_true 60 members t-more-001 3
# The pods have new addresses. Who tells of them is chosen anew when it was on the master that lost its power:
# when the lease of 15 seconds has ended.
check "the workload is back" until_true 150 on t-more-001 "$web"
# shellcheck disable=SC2016
network() { on "$1" 'ip route show proto 77 | grep via && iptables -t nat -S MUSTER-PODS && [ "$(sysctl -n net.ipv4.ip_forward)" = 1 ]'; }
check "routes, rules and settings are back" network t-worker-001
check "apply finds nothing to change" apply
check "and changed nothing" says '^two: [0-9]* unchanged in '
check "destroy removes it" "$muster" destroy two --yes
check "nothing is left" nothing_left
