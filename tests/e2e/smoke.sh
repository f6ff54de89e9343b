#!/bin/bash
# `muster test` on a real cluster of two nodes: all good, two at once, each thing that it tries broken or
# missing, stopped.
# Runs beside other clusters: it waits, mostly.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

name=smoke
definition=$work/smoke.json
cat > "$definition" <<'JSON'
{
  "name": "smoke",
  "provider": {"name": "local"},
  "nodes": [
    {"prefix": "sm-both", "roles": ["etcd", "k8s-master", "k8s-worker", "k8s-addons"]},
    {"prefix": "sm-worker", "roles": ["k8s-worker"]}
  ]
}
JSON
need "apply makes the cluster" "$muster" apply "$definition" --yes
need "kubeconfig has what kubectl needs" use_cluster $name

# What the result file says of how many, and of one case by its name.
number() { xmllint --nonet --xpath "string(/testsuites/testsuite/@$1)" "$work/result.xml"; }
failed_cases() { xmllint --nonet --xpath '//testcase[failure]/@name' "$work/result.xml"; }
# Why one failed or was skipped.
reason() { xmllint --nonet --xpath "string(//testcase[@name='$1']/*/@message)" "$work/result.xml"; }
said() { reason "$1" | grep -F -- "$2"; }  # CASE PART-OF-REASON
no_namespace() {
  local left
  left=$(kubectl get namespaces -o name) || return 1
  if grep muster-test <<< "$left"; then return 1; fi
}
run_test() { "$muster" test $name "$@" > "$work/test.out" 2> "$work/test.err"; }
passes() { # EXIT-CODE: of the test that just ran
  [ "$1" = 0 ] && return
  grep -v '^ok ' "$work/test.out" "$work/test.err"
  return 1
}

# --- a cluster that works

run_test --junit "$work/result.xml"
check "muster test passes" passes $?
check "it tells of every case" test "$(grep -c '^\(ok\|skip\) ' "$work/test.out")" = 16
check "exec is over WebSocket" grep -q '^ok    kubectl exec goes over WebSocket' "$work/test.out"
check "an aggregated API is served" grep -q '^ok    an aggregated API answers' "$work/test.out"
policy="a NetworkPolicy refuses what it does not allow"
volume="a PersistentVolumeClaim is bound and written to"
mirror="nodes pull images from mirrors"
check "what the cluster has not is skipped" test "$(number skipped)" = 3
check "the pod network says that it enforces no policies" \
  grep -qx "skip  $policy: the pod network of the role 'network-bridge' does not enforce NetworkPolicies" "$work/test.out"
check "there is no storage class" grep -qx "skip  $volume: no storage class is the default" "$work/test.out"
check "there is no mirror" grep -qx "skip  $mirror: the definition has no registry with a mirror" "$work/test.out"
check "JUnit XML is well formed" xmllint --nonet --noout "$work/result.xml"
check "it counts all cases and no failure" test "$(number tests) $(number failures)" = "16 0"
check "each case has its time" \
  test "$(xmllint --nonet --xpath 'count(//testcase[@time > 0])' "$work/result.xml")" -ge 13
check "no namespace is left" no_namespace
check "and the deployment is as it was" "$muster" plan "$definition" --detailed-exitcode

# --- two at once, one of them as JSON

"$muster" test $name -o json > "$work/other.json" 2> "$work/other.err" &
other=$!
run_test
check "two at once: the one passes" passes $?
wait $other
check "two at once: the other passes" passes $?
check "JSON says so too" grep -q '"failed": 0' "$work/other.json"
json_skips() {
  python3 -c '
import json, sys
cases = {case["name"]: case for case in json.load(open(sys.argv[1]))["cases"]}
print(cases[sys.argv[2]]["result"], cases[sys.argv[2]]["message"])' "$work/other.json" "$volume" |
    grep -x 'skipped no storage class is the default'
}
check "JSON has the reasons of what was skipped" json_skips
check "two at once: no namespace is left" no_namespace

# --- without cluster DNS exactly that fails

kubectl -n kube-system scale deployment coredns --replicas=0 > /dev/null 2>&1
check "cluster DNS is broken" until_true 60 absent pods -n kube-system -l k8s-app=kube-dns
run_test --junit "$work/result.xml"
check "without DNS: the exit code says so" test $? = 1
check "without DNS: exactly that case fails" \
  test "$(failed_cases | xargs)" = "name=cluster DNS resolves kubernetes.default"
check "without DNS: what needs it is skipped, the rest passes" \
  test "$(number tests) $(number failures) $(number skipped)" = "16 1 4"
shown() { grep -q 'nslookup kubernetes.default' <<< "$1"; }
check "without DNS: it shows what was run" \
  shown "$(xmllint --nonet --xpath 'string(//failure)' "$work/result.xml")"
check "without DNS: on the terminal as well" shown "$(grep '^      | ' "$work/test.out")"
check "without DNS: no namespace is left" no_namespace
kubectl -n kube-system scale deployment coredns --replicas=2 > /dev/null 2>&1

# --- without the way to the other node's pods

on_both() { "$muster" ssh $name sm-both-001 -- "$@" < /dev/null; }
route=$(on_both ip route show | grep ' via .* proto 77')
check "a way to the other node's pods is cut" on_both ip route del "${route%% via*}"
run_test --junit "$work/result.xml"
check "without the way: the exit code says so" test $? = 1
# Cluster DNS has a pod on either node: its case may pass or fail.
across_failed() { failed_cases | grep -x ' *name="pods reach pods on other nodes"'; }
check "without the way: that case fails" across_failed
check "without the way: it says from where and to where" \
  grep -q 'no way from sm-both-001 to pod web-1 (.*) on sm-worker-001' "$work/result.xml"
check "without the way: Services are skipped" \
  grep -q '^skip  a Service answers on every node' "$work/test.out"
check "without the way: the API server has none either" \
  said "every API server reaches pods" "no way from the API server $(address_of $name sm-both-001):6443 to pod web-1"
check "without the way: no namespace is left" no_namespace
check "the way is there again" on_both ip route add "$route"

# --- a storage class that nobody provides for

on_both_sh() { on_both sh -ec "'$1'"; }
api_restarted() { on_both_sh "systemctl daemon-reload; systemctl restart kube-apiserver"; }
storage_class() {  # PROVISIONER
  kubectl delete storageclass smoke --ignore-not-found > /dev/null
  kubectl create -f - << YAML
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: smoke, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: $1
volumeBindingMode: WaitForFirstConsumer
YAML
}
check "a storage class is the default" until_true 60 storage_class nobody.example.com/none
run_test --junit "$work/result.xml"
check "without a provisioner: the exit code says so" test $? = 1
check "exactly that case fails" test "$(failed_cases | xargs)" = "name=$volume"
check "it says what the claim waits for" said "$volume" "the claim is Pending, of the storage class smoke: "
check "and who does not provide" said "$volume" "nobody.example.com/none"
check "no namespace is left" no_namespace

# --- an API server with a certificate for aggregated APIs that is of another authority

certs=/etc/kubernetes/ssl
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/other.key" -out "$work/other.crt" -days 2 \
  -subj /CN=front-proxy-client 2> /dev/null
put() { "$muster" ssh $name sm-both-001 -- sh -c "'cat > $2'" < "$1"; }
check "the right one is kept" on_both_sh "cp -p $certs/front-proxy-client.crt $certs/front-proxy-client.key /root/"
check "the wrong certificate is there" put "$work/other.crt" $certs/front-proxy-client.crt
check "and its key" put "$work/other.key" $certs/front-proxy-client.key
check "the API server is restarted" api_restarted
kubectl delete storageclass smoke > /dev/null
run_test --junit "$work/result.xml"
check "with a wrong front proxy: the exit code says so" test $? = 1
check "exactly that case fails" test "$(failed_cases | xargs)" = \
  "name=an aggregated API answers through every API server"
check "it says that the certificate is not believed" \
  said "an aggregated API answers through every API server" "remote error: tls: unknown certificate authority"
no_api_service() {
  local left
  left=$(kubectl get apiservices -l muster-test -o name) && [ -z "$left" ]
}
check "no aggregated API is left" no_api_service
check "no namespace is left" no_namespace
check "the right certificate is back" on_both_sh "mv /root/front-proxy-client.crt /root/front-proxy-client.key $certs/"
check "the API server is restarted" api_restarted

# --- what a cluster may have besides: a volume, a mirror, a pod network that says that it enforces policies

# shellcheck source=tests/support/packages.sh
. "$root/tests/support/packages.sh"
need "Debian's docker-registry can be had" unpack_packages docker-registry
address=$(address_of $name sm-both-001)
cat > "$work/registry.yml" << YAML
version: 0.1
storage: {filesystem: {rootdirectory: /root/registry}}
http: {addr: "$address:5000"}
YAML
check "a node has a registry" put "$work/packages/usr/bin/docker-registry" /root/docker-registry
check "and its configuration" put "$work/registry.yml" /root/registry.yml
check "it serves" on_both_sh "chmod 755 /root/docker-registry; systemd-run --unit smoke-registry /root/docker-registry serve /root/registry.yml"
push() {
  on_both_sh "ctr -n k8s.io images tag --force docker.io/library/busybox:1.35 $address:5000/library/busybox:1.35
    ctr -n k8s.io images push --local --plain-http $address:5000/library/busybox:1.35
    ctr -n k8s.io images rm $address:5000/library/busybox:1.35"
}
check "it has the image" until_true 30 push
with_mirrors() {  # URL...: applies the definition with these
  local list
  list=$(printf '"%s", ' "$@")
  sed "s|\"provider\":|\"registries\": {\"docker.io\": {\"mirrors\": [${list%, }]}}, &|" "$definition" > "$work/mirrored.json"
  "$muster" apply "$work/mirrored.json" --yes
}
check "it becomes a mirror" with_mirrors "http://$address:5000"
storage_class kubernetes.io/no-provisioner > /dev/null
kubectl create -f - > /dev/null << YAML
apiVersion: v1
kind: PersistentVolume
metadata: {name: smoke}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: smoke
  hostPath: {path: /var/lib/smoke-volume, type: DirectoryOrCreate}
YAML
run_test --junit "$work/result.xml"
check "with a volume and a mirror, muster test passes" passes $?
check "and only the pod network is skipped" test "$(number tests) $(number failures) $(number skipped)" = "16 0 1"

# The pod network of a definition whose role says that it enforces policies.
mkdir -p "$work/mine/roles/network-bridge" "$work/mine/templates"
sed 's/^enforces_network_policies: false/enforces_network_policies: true/' "$root/roles/network-bridge/role.yaml" \
  > "$work/mine/roles/network-bridge/role.yaml"
check "a mirror that does not answer comes first" with_mirrors "http://$address:5999" "http://$address:5000"
kubectl delete storageclass smoke > /dev/null
kubectl delete persistentvolume smoke --wait=false > /dev/null
"$muster" --roles "$work/mine" test $name --junit "$work/result.xml" > "$work/test.out" 2> "$work/test.err"
check "what says that it enforces policies and does not: the exit code says so" test $? = 1
check "exactly these cases fail" test "$(failed_cases | xargs)" = "name=$policy name=$mirror"
check "it says who reached whom" said "$policy" "in spite of a NetworkPolicy that refuses it"
check "it says that the first mirror was passed over" said "$mirror" "is pulled, but a mirror was passed over: failed to do request: Head"
check "and why" said "$mirror" "connection refused"
check "no namespace is left" no_namespace

check "the mirror is off" on_both systemctl stop smoke-registry
run_test --junit "$work/result.xml"
check "without the mirror: the exit code says so" test $? = 1
check "exactly that case fails" test "$(failed_cases | xargs)" = "name=$mirror"
check "it names the node and the image" said "$mirror" "sm-worker-001: docker.io/library/busybox:1.35 is not pulled: "
check "the definition is without mirrors again" "$muster" apply "$definition" --yes

# --- stopped in the middle

"$muster" test $name --junit "$work/result.xml" > "$work/test.out" 2> "$work/test.err" &
test=$!
namespace_there() { kubectl get namespaces -o name | grep muster-test; }
check "a test that runs has its namespace" until_true 60 namespace_there
kill -INT $test
wait $test
check "Ctrl-C: the exit code says so" test $? = 130
check "Ctrl-C: no namespace is left" no_namespace
check "Ctrl-C: the result file says what was not done" \
  grep -q 'message="the test was stopped"' "$work/result.xml"

# --- killed: nobody can clean up, but the next test does, an hour later

kubectl create namespace muster-test-old > /dev/null
kubectl label namespace muster-test-old muster-test=$(($(date +%s) - 3700)) > /dev/null
kubectl create namespace muster-test-new > /dev/null
kubectl label namespace muster-test-new muster-test="$(date +%s)" > /dev/null
run_test
check "it passes beside what others have left" passes $?
check "what is left of a killed test goes with a later one" until_true 60 absent namespace muster-test-old
check "what may be another's that runs stays" kubectl get namespace muster-test-new

# --- what cannot be tested

"$muster" test smok > "$work/test.out" 2> "$work/test.err"
check "a deployment that is none is wrong usage" test $? = 2
"$muster" power $name sm-both-001 off > /dev/null 2>&1
run_test
check "a control plane that does not answer is a failure" test $? = 1
check "and it says which node" grep -q "sm-both-001.* does not answer" "$work/test.err"

check "destroy removes it" "$muster" destroy $name --yes
check "nothing is left" nothing_left
