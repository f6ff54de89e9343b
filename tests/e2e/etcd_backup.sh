#!/bin/bash
# What etcd has is saved, changed and brought back, also when muster is killed in the middle; and when two
# of three members are lost, the third makes a cluster again that the others join: one that was made anew,
# and one that comes back with the data of before.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

cat > "$work/e.json" <<JSON
{
  "name": "saved",
  "provider": { "name": "local" },
  "nodes": [ { "prefix": "e", "roles": ["etcd", "k8s-master", "k8s-worker"], "count": 3 } ]
}
JSON
file=$work/saved.db
apply() { "$muster" apply "$work/e.json" --yes; }
on() {  # NODE COMMAND
  "$muster" ssh saved "$1" -- "$2" </dev/null
}
refused() {  # CODE TEXT COMMAND...: it ends with that code and says that
  local wanted=$1 text=$2 said code=0
  shift 2
  said=$("$@" 2>&1 </dev/null) || code=$?
  echo "$said"
  [ "$code" = "$wanted" ] && grep -qF -- "$text" <<< "$said"
}
healthy() {  # COUNT
  local said
  said=$("$muster" etcd status saved 2>&1)
  echo "$said"
  [ "$(grep -c ' healthy ' <<< "$said")" = "$1" ] && [ "$(grep -c ' yes ' <<< "$said")" = 1 ]
}
all_ready() { [ "$(kubectl get nodes --no-headers --request-timeout=5s | awk '$2 == "Ready"' | wc -l)" = 3 ]; }
word() { [ "$(kubectl get configmap "$1" -o jsonpath='{.data.word}' --request-timeout=5s)" = "$2" ]; }
secret() { [ "$(kubectl get secret hidden -o jsonpath='{.data.word}' --request-timeout=5s | base64 -d)" = one ]; }
start_pod() {  # NAME NODE
  kubectl apply -f - --request-timeout=10s <<YAML
apiVersion: v1
kind: Pod
metadata: { name: $1, labels: { app: $1 } }
spec:
  nodeName: $2
  terminationGracePeriodSeconds: 0
  containers:
  - name: web
    image: docker.io/library/busybox:1.35
    imagePullPolicy: IfNotPresent
    command: [sh, -c, "mkdir /www; echo I am $1 > /www/index.html; exec httpd -f -p 8080 -h /www"]
YAML
}
answers() {  # POD NODE
  local address
  address=$(kubectl get pod "$1" -o jsonpath='{.status.podIP}' --request-timeout=5s)
  [ -n "$address" ] && on "$2" "curl -s -m 3 http://$address:8080/" | grep -qx "I am $1"
}

need "apply makes three masters" apply
need "kubeconfig has what kubectl needs" use_cluster saved
check "nodes have the image of the test's pods" import_busybox saved
kubectl create configmap kept --from-literal=word=one > /dev/null
kubectl create secret generic hidden --from-literal=word=one > /dev/null
check "a pod is made" until_true 60 start_pod old e-002
check "it answers" until_true 60 answers old e-001
check "etcd status shows three healthy members" until_true 30 healthy 3
"$muster" etcd status saved -o json > "$work/status.json"
check "also as JSON" jq -e '[.members[] | select(.healthy and .revision > 0 and .id > 0)] | length == 3' "$work/status.json"

# --- backup, and what is no backup

need "a backup is saved" "$muster" etcd backup saved --to "$file"
check "only its owner can read it" test "$(stat -c %a%a "$file" "$file.json" | tr -d '\n')" = 600600600600
check "it is whole" "$muster" etcd verify "$file"
check "nothing of it stays on a node" on e-001 '! ls -d /var/lib/muster-etcd.*'
check "nor beside it" test ! -e "$file.part"
cp "$file" "$work/bad.db" && cp "$file.json" "$work/bad.db.json"
other=$([ "$(dd if="$file" bs=1 skip=9000 count=1 2>/dev/null | tr -d '\0')" = x ] && echo y || echo x)
printf %s "$other" | dd of="$work/bad.db" bs=1 seek=9000 conv=notrunc 2>/dev/null
head -c 30000 "$file" > "$work/cut.db"
check "a damaged one is refused" refused 2 'is damaged' "$muster" etcd verify "$work/bad.db"
check "also by restore" refused 2 'is damaged' "$muster" etcd restore saved --from "$work/bad.db" --yes
check "also when it was cut" refused 2 'was cut' "$muster" etcd restore saved --from "$work/cut.db" --yes
check "what is none is refused" refused 2 'is not an etcd snapshot' \
  "$muster" etcd restore saved --from "$work/e.json" --yes
cp "$file" "$work/other.db" && sed 's/"saved"/"other"/' "$file.json" > "$work/other.db.json"
check "another deployment's is refused" refused 2 "it is a snapshot of 'other'" \
  "$muster" etcd restore saved --from "$work/other.db" --yes
check "no such deployment" refused 2 "there is no deployment 'saves'" "$muster" etcd backup saves
check "without a terminal it takes --yes" refused 2 'say --yes' "$muster" etcd restore saved --from "$file"
check "recover is refused while there is a quorum" refused 2 '3 of 3 etcd members are healthy' \
  "$muster" recover saved --yes

# --- changes, a restore that is killed, and one that is not

kubectl create configmap new --from-literal=word=two > /dev/null
kubectl delete configmap kept > /dev/null
kubectl delete secret hidden > /dev/null
check "a pod is made that the backup does not have" start_pod new e-003
check "it answers too" until_true 60 answers new e-001

kill_restore() {  # WHAT: as soon as one node has done that
  local pid code=0
  : > "$work/killed"
  "$muster" etcd restore saved --from "$file" --yes > "$work/killed" 2>&1 &
  pid=$!
  until_true 60 grep -q "e-00.  $1  *changed" "$work/killed" || code=1
  kill -9 "$pid"
  wait "$pid" 2>/dev/null
  [ $? = 137 ] || code=1  # else it had come to its end
  return $code
}
check "a restore is killed while it stops etcd" kill_restore 'stop etcd'
check "another one is killed while it puts the data in place" kill_restore 'put data in place'
status_of_killed() { "$muster" etcd status saved > "$work/said" 2>&1; grep -q 'did not come to its end' "$work/said"; }
check "etcd status says so" status_of_killed
check "it can be run again" "$muster" etcd restore saved --from "$file" --yes
check "three members are healthy" until_true 30 healthy 3
check "the old data of each member is kept" on e-003 'ls -d /var/lib/etcd/before-restore-*/member/snap/db'
# shellcheck disable=SC2016  # for the node's shell
check "nothing else of it stays" on e-003 '[ "$(cd /var/lib/etcd && ls -d [!b]*)" = member ]'
check "what was deleted is back" word kept one
check "Secrets too" secret
check "what was made later is gone" absent configmap new
check "all nodes are Ready" until_true 90 all_ready
check "the old pod still answers" until_true 30 answers old e-001
pod_gone() { absent pod new && ! on e-003 "ctr -n k8s.io tasks ls -q | xargs -rn1 -I{} ctr -n k8s.io containers info {} | grep -q 'I am new'"; }
check "the pod of later is gone from its node" until_true 90 pod_gone
check "a new pod starts" until_true 60 start_pod after e-003
check "and answers" until_true 60 answers after e-001
check "the plan is empty" "$muster" plan "$work/e.json" --detailed-exitcode
restores() { [ "$("$muster" logs saved --all | grep -c 'etcd restore saved')" = 3 ]; }
check "the runs are on record" restores

# --- one of three machines is gone for good, and one is away

kubectl create configmap last --from-literal=word=three > /dev/null
handle=$("$muster" status saved -o json | sed -n '/"name": "e-002"/,/}/s/.*"handle": "\([^"]*\)".*/\1/p')
check "a master is lost" lose "$handle"
check "another one is switched off" "$muster" power saved e-003 off
check "no member is healthy" until_true 30 refused 1 'no leader' "$muster" etcd status saved
check "there is nothing to save from" refused 1 'is healthy' "$muster" etcd backup saved --to "$work/none.db"
check "a restore names who does not answer" refused 1 "'e-003' does not answer" \
  "$muster" etcd restore saved --from "$file" --yes
check "recover makes a cluster of what is left" "$muster" recover saved --yes
check "the API answers, with what was written last" until_true 30 word last three
check "one member is healthy" healthy 1
check "a healthy one is left alone" refused 2 '1 of 3 etcd members is healthy' "$muster" recover saved --yes
check "recover takes a backup too" "$muster" recover saved --from "$file" --force --yes
check "the API answers, with what the backup has" until_true 30 word kept one
check "and with nothing else" absent configmap last
check "apply makes the lost one anew, and the other one joins with its old data put aside" apply
check "which is still there" on e-003 'ls -d /var/lib/etcd/before-restore-*/member/snap/db'
check "three members are healthy again" until_true 60 healthy 3
check "what was known is known still" word kept one
check "Secrets too, still" secret
check "all nodes are Ready again" until_true 120 all_ready
check "the plan is empty then" "$muster" plan "$work/e.json" --detailed-exitcode
check "destroy removes it" "$muster" destroy saved --yes
rm -rf "$MUSTER_LOCAL_DIR/nodes/$handle"
check "nothing is left" nothing_left
