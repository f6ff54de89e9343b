#!/bin/bash
# `muster test` on a real cluster of two nodes: all good, two at once, without cluster DNS, stopped.
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
no_namespace() {
  local left
  left=$(kubectl get namespaces -o name) || return 1
  if grep muster-test <<< "$left"; then return 1; fi
}
run_test() { "$muster" test $name "$@" > "$work/test.out" 2> "$work/test.err"; }

# --- a cluster that works

run_test --junit "$work/result.xml"
check "muster test passes" test $? = 0
check "it tells of every case" test "$(grep -c '^ok ' "$work/test.out")" = 10
check "nothing was skipped" test "$(number skipped)" = 0
check "JUnit XML is well formed" xmllint --nonet --noout "$work/result.xml"
check "it counts ten cases and no failure" test "$(number tests) $(number failures)" = "10 0"
check "each case has its time" \
  test "$(xmllint --nonet --xpath 'count(//testcase[@time > 0])' "$work/result.xml")" = 10
check "no namespace is left" no_namespace
check "and the deployment is as it was" "$muster" plan "$definition" --detailed-exitcode

# --- two at once, one of them as JSON

"$muster" test $name -o json > "$work/other.json" 2> "$work/other.err" &
other=$!
run_test
check "two at once: the one passes" test $? = 0
wait $other
check "two at once: the other passes" test $? = 0
check "JSON says so too" grep -q '"failed": 0' "$work/other.json"
check "two at once: no namespace is left" no_namespace

# --- without cluster DNS exactly that fails

kubectl -n kube-system scale deployment coredns --replicas=0 > /dev/null 2>&1
check "cluster DNS is broken" until_true 60 absent pods -n kube-system -l k8s-app=kube-dns
run_test --junit "$work/result.xml"
check "without DNS: the exit code says so" test $? = 1
check "without DNS: exactly that case fails" \
  test "$(failed_cases | xargs)" = "name=cluster DNS resolves kubernetes.default"
check "without DNS: what needs it is skipped, the rest passes" \
  test "$(number tests) $(number failures) $(number skipped)" = "10 1 1"
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
check "without the way: no namespace is left" no_namespace
check "the way is there again" on_both ip route add "$route"

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
check "it passes beside what others have left" test $? = 0
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
