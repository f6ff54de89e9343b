#!/bin/bash
# Certificates are renewed and CAs rotated under a cluster in use: a workload is asked all the time and
# always answers. With MASTERS=3 so does the API, as a node sees it; that takes some minutes.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

masters=$(seq -f c-control-%03g "${MASTERS:-1}")
cat > "$work/c.json" <<JSON
{
  "name": "certs",
  "provider": { "name": "local" },
  "nodes": [
    { "prefix": "c-control", "roles": ["etcd", "k8s-master", "k8s-addons"], "count": ${MASTERS:-1} },
    { "prefix": "c-worker", "roles": ["k8s-worker"], "count": 1 }
  ]
}
JSON
worker=c-worker-001
on() { local node=$1; shift; "$muster" ssh certs "$node" -- "$*" </dev/null; }
ready() {
  local nodes
  nodes=$(kubectl get nodes --no-headers --request-timeout=5s)
  echo "$nodes"
  [ "$(awk '$2 ~ /^Ready/' <<< "$nodes" | wc -l)" = $((${MASTERS:-1} + 1)) ]
}
says() { cat "$work/said"; grep -q -- "$1" "$work/said"; }
empty_plan() { "$muster" plan "$work/c.json" --detailed-exitcode; }

need "apply makes the masters and a worker" "$muster" apply "$work/c.json" --yes
need "kubeconfig has what kubectl needs" use_cluster certs
cp "$KUBECONFIG" "$work/before"
need "a test image is there" import_busybox certs
kubectl apply -f - > /dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 0
  nodeName: $worker
  containers:
  - name: web
    image: docker.io/library/busybox:1.35
    imagePullPolicy: Never
    command: [sh, -c, "mkdir /w && echo fine > /w/index.html && exec httpd -f -p 80 -h /w"]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
YAML
check "the workload runs" until_true 60 kubectl wait --for=condition=Ready pod/web --timeout=1s
service=$(kubectl get service web -o jsonpath='{.spec.clusterIP}')
check "its Service answers" until_true 30 on $worker "curl -sf --max-time 2 http://$service/"

# On the worker, until its file is gone: the Service by kube-proxy, the API by the node's balancer as
# its kubelet reaches it. A line for each failure. Of the API one is an error that comes again at once:
# when etcd's leader restarts, what is being asked just then ends with "leader changed".
cat > "$work/probe.sh" <<SH
n=0 again=0
ask() {
  said=\$(/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/kubelet.conf get node $worker -o name --request-timeout=20s 2>&1)
}
while [ -e /run/probe ]; do
  curl -sf --max-time 20 http://$service/ | grep -q fine || echo "workload: \$(date +%T)"
  if ! ask; then
    first=\$said again=\$((again + 1))
    ask || echo "API: \$(date +%T) \$first; \$said"
  fi
  n=\$((n + 1))
  sleep 0.2
done
echo "asked \$n, the API \$again times once more"
SH
kubectl_there=/usr/local/bin/kubectl
probe() {
  on $worker 'touch /run/probe' || return 1
  "$muster" ssh certs $worker -- sh -s < "$work/probe.sh" > "$work/probed" 2>&1 &
}
probed() {  # what failed since probe: nothing
  on $worker 'rm -f /run/probe'
  until_true 60 grep -q '^asked' "$work/probed"
  # A master alone is away while it restarts.
  [ "${MASTERS:-1}" -gt 1 ] || sed -i '/^API:/d' "$work/probed"
  cat "$work/probed"
  [ "$(sed -n 's/^asked \([0-9]*\),.*/\1/p' "$work/probed")" -gt 5 ] && [ "$(wc -l < "$work/probed")" = 1 ]
}

serials() { "$muster" certs list certs -o json | grep -E '"(node|name|serial)"' | paste - - - | grep -v ' CA"'; }
serial() {  # NODE NAME
  serials | sed -n "s/.*\"$1\".*\"name\": \"$2\".*\"serial\": \"\([^\"]*\)\".*/\1/p"
}
served() {  # NODE PORT: the serial of what answers there
  openssl s_client -connect "$(address_of certs "$1"):$2" </dev/null 2>/dev/null |
    openssl x509 -noout -serial | sed 's/serial=//'
}
serves() { [ "$(served "$1" "$2")" = "$(serial "$1" "$3")" ]; }  # NODE PORT NAME
trusted_now() { sed -n 's/.*certificate-authority-data: "\(.*\)"/\1/p' "$1" | base64 -d; }
serves_by() {  # NODE PORT CA-FILE
  openssl s_client -connect "$(address_of certs "$1"):$2" -CAfile "$3" -verify_return_error </dev/null 2>&1 |
    grep -q 'Verify return code: 0'
}

"$muster" status certs > "$work/said"
check "status says what ends first, and when" says 'certificates: .*the soonest to end is .* in 36[45] days'
"$muster" certs list certs > "$work/said"
check "the list says who renews the kubelet's own" says 'kubelet-client .* the kubelet'
"$muster" certs list certs --refresh > "$work/said"
check "the nodes' own files can be listed" says "$worker .*/kubelet-client-current.pem *cluster .*CN=system:node:$worker"
serials > "$work/serials"
on c-control-001 'cat /etc/kubernetes/ssl/service-account.pub' > "$work/sa.pub"
token=$(kubectl create token default --duration=24h)
with_token() {  # as an old pod: its token, its CA
  on $worker "$kubectl_there --kubeconfig=/dev/null --server=https://127.0.0.1:7443 --token='$token'" \
    "--certificate-authority=/etc/kubernetes/ssl/ca.crt auth can-i create selfsubjectaccessreviews.authorization.k8s.io" | grep -q yes
}
check "a token works before" with_token

# --- renew, killed in the middle, and interrupted --------------------------------------------------

renew_until() {  # EVENT SIGNAL: which it gets when that has happened; leaves its exit code
  : > "$work/events"
  "$muster" certs renew certs --yes --json > "$work/events" 2>"$work/said" &
  local pid=$!
  until grep -q "$1" "$work/events" || ! kill -0 $pid 2>/dev/null; do
    sleep 0.05
  done
  kill "-$2" $pid
  wait $pid 2>/dev/null
  code=$?
}
probe
renew_until '"step":"kube-control-plane on c-control-001".*"outcome"' KILL
check "renew is killed in the middle" test $code = 137
"$muster" status certs > "$work/said"
check "status then says that it is not done" says 'renewal of the certificates is not done; go on: muster certs renew certs'
half=$(serial c-control-001 apiserver)
renew_until '"step_started".*"step":"kube-node on ' INT
check "a Ctrl-C ends it when what is in flight has ended" test $code = 130
check "which is said" says 'finishing what is in flight'
check "renew goes on" "$muster" certs renew certs --yes
check "what had new certificates keeps them" test "$half" = "$(serial c-control-001 apiserver)"
check "the workload answered all the while, and the API of several masters" probed
serials > "$work/serials.new"
changed() {  # every serial number differs from the one before
  [ "$(wc -l < "$work/serials")" = "$(wc -l < "$work/serials.new")" ] &&
    ! grep -Fxf "$work/serials" "$work/serials.new" | grep -v "administrator's kubeconfig"
}
check "every certificate is a new one" changed
for master in $masters; do
  check "$master serves the API with it" serves "$master" 6443 apiserver
  check "$master serves etcd with it" serves "$master" 2379 etcd
done
check "the worker's kubelet serves with it" serves $worker 10250 kubelet
same_key() { on c-control-001 'cat /etc/kubernetes/ssl/service-account.pub' | cmp - "$work/sa.pub"; }
check "the service accounts' key is the same" same_key
check "an old token works" with_token
check "the kubeconfig from before works" kubectl --kubeconfig="$work/before" get nodes
check "all nodes are Ready" until_true 60 ready
check "the plan is empty" empty_plan
"$muster" status certs > "$work/said"
not_said() { ! says "$1"; }
check "status has nothing to go on with" not_said 'go on'

# --- rotate ------------------------------------------------------------------------------------------

trusted_now "$work/before" > "$work/old-ca"
"$muster" certs rotate-ca certs > "$work/said" 2>&1 < /dev/null
check "a rotation is asked for" says 'say --yes'
probe
check "rotate-ca stops when the first phase is done" "$muster" certs rotate-ca certs --phase 1 --yes
"$muster" status certs > "$work/said"
check "status tells the phase" says 'CA rotation: phase 1 of 3, done; go on: muster certs rotate-ca certs'
check "then the plan is empty" empty_plan
check "both CAs are trusted" test "$(on $worker 'grep -c BEGIN /etc/kubernetes/ssl/ca.crt')" = 2
check "the kubeconfig from before works in the middle" kubectl --kubeconfig="$work/before" get nodes
"$muster" certs renew certs --yes > "$work/said" 2>&1
check "renew is refused meanwhile" says 'muster certs rotate-ca'
check "rotate-ca goes on to the end" "$muster" certs rotate-ca certs --yes
check "the workload answered all the while, and the API of several masters, again" probed
use_cluster certs
trusted_now "$KUBECONFIG" > "$work/new-ca"
check "one CA is trusted, another one" test "$(grep -c BEGIN "$work/new-ca") $(cmp -s "$work/old-ca" "$work/new-ca"; echo $?)" = "1 1"
for master in $masters; do check "$master serves the API by the new CA" serves_by "$master" 6443 "$work/new-ca"; done
for node in $masters $worker; do check "the kubelet of $node serves by the new CA" serves_by "$node" 10250 "$work/new-ca"; done
refused() { ! kubectl --kubeconfig="$work/before" --request-timeout=5s get nodes; }
check "the kubeconfig from before no longer works" refused
unauthorized() {
  sed 's/certificate-authority-data: .*/insecure-skip-tls-verify: true/' "$work/before" > "$work/insecure"
  kubectl --kubeconfig="$work/insecure" --request-timeout=5s get nodes 2>&1 | grep -qi 'unauthorized\|must be logged in'
}
check "nor does the API take its certificate" unauthorized
check "a new one works, and all nodes are Ready" until_true 60 ready
check "an old token works still" with_token
own_certificate() {  # NODE: the kubelet's own, by the new CA
  on "$1" 'cat /var/lib/kubelet/pki/kubelet-client-current.pem' | sed -n '/BEGIN CERT/,/END CERT/p' > "$work/own"
  openssl verify -CAfile "$work/new-ca" "$work/own"
}
for node in $masters $worker; do check "the kubelet of $node shows itself by the new CA" own_certificate "$node"; done
check "logs, which the API asks kubelets for, can be read" kubectl logs web
check "the plan is empty at the end" empty_plan
check "apply then finds everything as it should be" "$muster" apply "$work/c.json" --yes
check "destroy removes it" "$muster" destroy certs --yes
check "nothing is left" nothing_left
