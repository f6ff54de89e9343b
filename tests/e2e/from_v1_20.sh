#!/bin/bash
# Clusters that a muster of before made with Kubernetes v1.20 go to the release of today in place, one with one master
# and one with three: pods keep their names and addresses, and what was in etcd is there. One is only destroyed.
# MUSTER_BEFORE names that muster: a build of the last revision that installs v1.20 (tests/README.md). Its Kubernetes
# must be in this machine's cache, or it builds it.
# Only in ./test --all: it takes a binary that this tree does not make, and is skipped without it.
if [ ! -x "${MUSTER_BEFORE:-}" ]; then
  echo "skip from_v1_20: MUSTER_BEFORE names no muster that makes clusters of v1.20"
  exit 0
fi
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

read -r size free <<< "$(df --output=size,avail "$MUSTER_LOCAL_DIR" | tail -n 1)"
if [ $((free * 100)) -lt $((size * 15)) ]; then
  echo "skip from_v1_20: the disk of $MUSTER_LOCAL_DIR is less than 15 % free: kubelets of that muster evict pods"
  exit 0
fi

before=$(realpath "$MUSTER_BEFORE")
name=jump
definition=$work/jump.json
define() {  # MASTERS WORKERS
  cat > "$definition" << JSON
{
  "name": "$name",
  "provider": {"name": "local"},
  "attribs": {"k8s-version": "v1.20.2"},
  "nodes": [
    {"prefix": "j-master", "roles": ["etcd", "k8s-master", "k8s-addons"], "count": $1},
    {"prefix": "j-worker", "roles": ["k8s-worker"], "count": $2}
  ]
}
JSON
}
apply() { "$1" apply "$definition" --yes "${@:2}" > "$work/out" 2>&1 || { tail -n 30 "$work/out"; false; }; }
# shellcheck disable=SC2120  # check passes more
jump_on() { apply "$muster" --set "attribs.k8s-version=$newest" "$@"; }
unchanged() { jump_on && grep -qE "^$name: [0-9]+ unchanged in" "$work/out"; }
says() {  # WORDS COMMAND...
  local said
  said=$("${@:2}" 2>&1) || { echo "$said"; return 1; }
  echo "$said"
  grep -qF -- "$1" <<< "$said"
}
refused() {  # WORDS COMMAND...: it says these
  local said
  said=$("${@:2}" 2>&1) && { echo "it was not refused"; return 1; }
  echo "$said"
  grep -qF -- "$1" <<< "$said"
}
of_release() {  # NODES RELEASE: all Ready
  local said
  said=$(kubectl get nodes --no-headers | awk '{ print $2, $5 }' | sort | uniq -c | xargs)
  echo "$said"
  [ "$said" = "$1 Ready $2" ]
}
old_kubectl() { "$("$before" artifacts path kubectl)" --cache-dir="$work/kube-before" "$@"; }
export KUBECACHEDIR=$work/kube  # which APIs there are, as kubectl remembers it

objects() { old_kubectl apply -f - << 'YAML'; }
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
      - name: web
        image: docker.io/library/busybox:1.35
        imagePullPolicy: Never
        command: [sh, -c, "mkdir /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www"]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kept}
data: {word: "of before"}
---
apiVersion: v1
kind: Secret
metadata: {name: kept}
stringData: {word: "hidden"}
---
apiVersion: networking.k8s.io/v1beta1
kind: Ingress
metadata: {name: kept}
spec: {rules: [{host: kept.test, http: {paths: [{path: /, backend: {serviceName: web, servicePort: 80}}]}}]}
---
apiVersion: batch/v1beta1
kind: CronJob
metadata: {name: kept}
spec: {schedule: "0 0 1 1 *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}}}
YAML
pods() { kubectl get pods -l app=web -o jsonpath='{range .items[*]}{.metadata.uid} {.metadata.name} {.status.podIP} {.status.phase}{"\n"}{end}' | sort; }
same_pods() { local now; now=$(pods); echo "$now"; [ "$now" = "$pods_before" ]; }
restarted_once() {
  local counts
  counts=$(kubectl get pods -l app=web -o jsonpath='{range .items[*]}{.spec.nodeName} {.status.containerStatuses[0].restartCount}{"\n"}{end}')
  echo "$counts"
  [ "$(awk '{ print $2 }' <<< "$counts" | xargs)" = "1 1 1 1" ]
}
service_answers() {  # of every node, by its address
  local node ip
  ip=$(kubectl get service web -o jsonpath='{.spec.clusterIP}')
  for node in $(nodes_of $name); do
    "$muster" ssh $name "$node" -- curl -fsS --max-time 5 "http://$ip/" || { echo "from $node"; return 1; }
  done
}
kept() {
  [ "$(kubectl get configmap kept -o jsonpath='{.data.word}')" = "of before" ] &&
    [ "$(kubectl get secret kept -o jsonpath='{.data.word}' | base64 -d)" = hidden ] &&
    [ "$(kubectl get ingress kept -o jsonpath='{.spec.rules[0].http.paths[0].backend.service.name}')" = web ] &&
    [ "$(kubectl get cronjob kept -o jsonpath='{.spec.schedule}')" = "0 0 1 1 *" ]
}
labels() {  # the masters have the label of today, and not the one of before
  local masters former
  masters=$(kubectl get nodes -l node-role.kubernetes.io/control-plane -o name | wc -l)
  former=$(kubectl get nodes -l node-role.kubernetes.io/master -o name | wc -l)
  echo "$masters of today, $former of before"
  [ "$masters $former" = "$1 0" ]
}
members_agree() {  # COUNT: of etcd, all of today
  "$muster" etcd status $name > "$work/out" 2>&1
  cat "$work/out"
  [ "$(grep -c '3\.6\.' "$work/out")" = "$1" ]
}

jump() {  # MASTERS WORKERS
  local nodes=$(($1 + $2)) of="$1 + $2 nodes"
  define "$1" "$2"
  need "$of: a muster of before makes a cluster of v1.20.2" apply "$before"
  use_cluster $name
  check "$of: busybox is on every node" import_busybox $name
  need "$of: it has objects" objects
  need "$of: its pods run" old_kubectl rollout status deployment/web --timeout=120s
  pods_before=$(pods)
  check "$of: status shows it" says "Kubernetes v1.20.2, out of support since 2022-02" "$muster" status $name
  check "$of: its etcd can be backed up" "$muster" etcd backup $name --to "$work/before-$1.db"
  check "$of: an atomic apply is refused: there is no way back" \
    refused "Kubernetes v1.20.2 is out of support since 2022-02-28" jump_on --atomic
  check "$of: an apply takes it to today's release" jump_on
  use_cluster $name
  rm -rf "$KUBECACHEDIR"  # as docs/releases.md says
  check "$of: all nodes are Ready with it" until_true 120 of_release $nodes "$newest"
  check "$of: the pods are the same" until_true 60 same_pods
  check "$of: each container was restarted once" until_true 120 restarted_once
  check "$of: their Service answers on every node" until_true 60 service_answers
  check "$of: what was in etcd is there" kept
  check "$of: masters are labeled as today" labels "$1"
  check "$of: every member of etcd is today's" until_true 60 members_agree "$1"
  check "$of: a second apply finds every task unchanged" unchanged
  check "$of: muster test passes" "$muster" test $name
  check "$of: a rollback to v1.20 is refused" \
    refused "Kubernetes v1.20.2 is out of support since 2022-02-28" "$muster" rollback $name --to 1 --yes
  check "$of: destroy removes it" "$muster" destroy $name --yes
  check "$of: nothing is left" nothing_left
  rm -rf "$MUSTER_STATE" "$KUBECACHEDIR"  # the muster of before does not read a state of today's
}

newest=$("$muster" version | sed -n 's/^Kubernetes \(v[0-9.]*\);.*/\1/p')
jump 1 2
jump 3 1

define 1 1
need "a muster of before makes one more" apply "$before"
check "status shows it" says "Kubernetes v1.20.2, out of support since 2022-02" "$muster" status $name
check "no new one is made" refused "Kubernetes v1.20.2 is out of support since 2022-02-28" \
  "$muster" apply "$definition" --name-suffix new --yes
check "today's muster destroys it" "$muster" destroy $name --yes
check "nothing is left of it" nothing_left
