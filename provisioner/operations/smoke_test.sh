#!/bin/sh
# What `muster test` runs on a control-plane node: this file and the smoke_test_*.sh beside it, then
# "m_case NAME ARGUMENT...". Before it stand m_kubectl, m_kubeconfig and m_namespace, and m_longer where all
# waits have a factor. What a case runs and what comes of it is its output; a line "=> ..." says why it
# failed, or with the exit code 77 why it cannot be tried. Each wait has an end.
# shellcheck disable=SC2154  # m_kubectl, m_kubeconfig, m_namespace

m_longer=${m_longer:-1}

kubectl() {
  timeout $((30 * m_longer)) "$m_kubectl" --kubeconfig="$m_kubeconfig" --request-timeout=$((20 * m_longer))s \
    -n "$m_namespace" "$@"
}

# run COMMAND...: shows it above what it says.
run() {
  printf '$ %s\n' "$*"
  "$@"
}

why() { printf '=> %s\n' "$*"; }

# skipped REASON: the case cannot mean anything on this cluster.
skipped() {
  why "$*"
  exit 77
}

# What watches the API server (DNS, proxies, controllers) asks it again up to a minute after it was away.
m_watchers=90

# within SECONDS CHECK...: until it succeeds; prints what the last try printed.
within() {
  m_end=$(($(date +%s) + $1 * m_longer)) m_good=
  shift
  until m_said=$("$@" 2>&1) && m_good=1; do
    [ "$(date +%s)" -lt "$m_end" ] || break
    sleep 1
  done
  printf '%s\n' "$m_said"
  [ -n "$m_good" ]
}

# --- the cases

# Prints a line for each node: NAME|READY|UNSCHEDULABLE|TAINTS|REASON
nodes() { # NAME...: those that muster made
  within 20 nodes_are_ready "$@"
}
nodes_are_ready() {
  m_nodes=$(run kubectl get nodes -o 'jsonpath={range .items[*]}{.metadata.name}{"|"}{.status.conditions[?(@.type=="Ready")].status}{"|"}{.spec.unschedulable}{"|"}{range .spec.taints[*]}{.key}={.effect},{end}{"|"}{.status.conditions[?(@.type=="Ready")].reason}: {.status.conditions[?(@.type=="Ready")].message}{"\n"}{end}')
  m_code=$?
  printf '%s\n' "$m_nodes"
  [ "$m_code" = 0 ] || return 1
  for m_node in "$@"; do
    case "
$m_nodes" in
      *"
$m_node|"*) ;;
      *)
        why "node '$m_node' is not in the cluster"
        m_code=1
        ;;
    esac
  done
  # A node that has just become Ready keeps its taint for a moment.
  m_bad=$(printf '%s\n' "$m_nodes" | sed -n '/^[$]/d; /^[^|]*|True|[^|]*|[^|]*node[.]kubernetes[.]io.\(not-ready\|unreachable\)=/p; /^[^|]*|True|/d; /|/p')
  [ -n "$m_bad" ] || return "$m_code"
  why "not Ready: $(printf '%s\n' "$m_bad" | sed 's/|[^|]*|[^|]*|[^|]*|/ (/; s/$/)/' | tr '\n' ' ')"
  return 1
}

# Ours of more than an hour ago are those of a test that was killed.
namespace() { # NOW
  kubectl get namespaces -l muster-test -o 'jsonpath={range .items[*]}{.metadata.name} {.metadata.labels.muster-test}{"\n"}{end}' |
    while read -r m_name m_since; do
      [ "$((m_since + 3600))" -lt "$1" ] || continue
      kubectl delete apiservice "$(api_service "$m_name")" --ignore-not-found
      kubectl delete namespace "$m_name" --wait=false
    done
  within 20 namespace_is_there "$1"
}
namespace_is_there() {
  run kubectl get namespace "$m_namespace" -o name --ignore-not-found | grep '^namespace/' && return
  run kubectl create -f - <<YAML
{"apiVersion": "v1", "kind": "Namespace",
 "metadata": {"name": "$m_namespace", "labels": {"muster-test": "$1"}}}
YAML
}

pods() { # IMAGE NODE...: a pod for each, which serves its name
  m_image=$1
  shift
  # Both waits fit into what a case may take.
  within 75 pods_are_made "$@" || return
  within 90 pods_are_ready
}
pods_are_made() {
  m_count=0
  {
    cat <<YAML
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
YAML
    for m_node in "$@"; do
      cat <<YAML
---
apiVersion: v1
kind: Pod
metadata: {name: web-$m_count, labels: {app: web, pod: web-$m_count}}
spec:
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
        - matchFields: [{key: metadata.name, operator: In, values: ["$m_node"]}]
  terminationGracePeriodSeconds: 1
  automountServiceAccountToken: false
  containers:
  - name: web
    image: $m_image
    imagePullPolicy: IfNotPresent
    command: [/bin/sh, -c, "mkdir /www; hostname > /www/index.html; echo serving; exec httpd -f -p 8080 -h /www"]
    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
YAML
      m_count=$((m_count + 1))
    done
  } | run kubectl apply -f -
}
pods_are_ready() {
  run kubectl wait --for=condition=Ready pod -l app=web --timeout=10s && return
  run kubectl get pods -o wide
  run kubectl get events --sort-by=.metadata.creationTimestamp | tail -n 20
  why "pods are not Ready: $(kubectl get pods -o 'jsonpath={range .items[*]}{.metadata.name} on {.spec.nodeName} {.status.phase} {.status.containerStatuses[*].state.waiting.reason};{end}' | tr ';' '\n' | grep -v ' Running $' | tr '\n' ';')"
  return 1
}

pod_names() { kubectl get pods -l app=web -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}'; }

logs() { within 20 logs_are_there; }
logs_are_there() {
  for m_pod in $(pod_names); do
    run kubectl logs "$m_pod" | grep -x serving && continue
    run kubectl logs "$m_pod"
    why "no line 'serving' in the log of $m_pod"
    return 1
  done
}

exec_works() { within 20 pods_say_their_names; }
pods_say_their_names() {
  for m_pod in $(pod_names); do
    m_got=$(run kubectl exec "$m_pod" -- hostname 2>&1)
    printf '%s\n' "$m_got"
    [ "${m_got##*"
"}" = "$m_pod" ] && continue
    why "'hostname' in $m_pod did not say '$m_pod'"
    return 1
  done
}

across() { within 30 pods_are_reached; }
pods_are_reached() {
  m_first=$(kubectl get pod web-0 -o 'jsonpath={.spec.nodeName}')
  m_others=$(kubectl get pods -l app=web -o 'jsonpath={range .items[*]}{.spec.nodeName}={.metadata.name}={.status.podIP}{"\n"}{end}' |
    grep -v "^$m_first=") || {
    why "no pods on other nodes"
    return 1
  }
  echo '$ kubectl exec web-0 -- sh'
  # Within the pod, all at once. Its own -T crashes busybox 1.35's wget.
  # shellcheck disable=SC2016,SC2086
  kubectl exec web-0 -- sh -c '
    from=$1
    shift
    for pod in "$@"; do
      (
        node=${pod%%=*} address=${pod##*=} name=${pod#*=}
        name=${name%=*}
        case $address in *:*) address="[$address]" ;; esac
        got=$(timeout 5 wget -q -O - "http://$address:8080/" 2>&1)
        printf "$ wget -q -O - http://$address:8080/\n%s\n" "$got"
        [ "$got" = "$name" ] || echo "=> no way from $from to pod $name ($address) on $node"
      ) 2>/dev/null &
    done
    wait' sh "$m_first" $m_others >"$m_scratch" 2>&1 || {
    cat "$m_scratch"
    return 1
  }
  cat "$m_scratch"
  ! grep -q '^=> ' "$m_scratch"
}

service() { # COUNT: how many pods must answer it
  within $m_watchers service_answers "$1"
}
service_answers() {
  m_address=$(kubectl get service web -o 'jsonpath={.spec.clusterIP}')
  case $m_address in *:*) m_address="[$m_address]" ;; esac
  echo '$ kubectl exec web-0 -- sh'
  # shellcheck disable=SC2016
  kubectl exec web-0 -- sh -c '
    seen=" " count=0 asked=0
    echo "\$ wget -q -O - http://$1/"
    while [ "$count" -lt "$2" ]; do
      [ "$asked" -lt 100 ] || { echo "=> only$seen answered in $asked requests to $1"; exit 1; }
      asked=$((asked + 1))
      name=$(timeout 5 wget -q -O - "http://$1/" 2>&1) || { echo "$name"; echo "=> the Service at $1 does not answer"; exit 1; }
      case $seen in *" $name "*) ;; *) seen="$seen$name " count=$((count + 1)) ;; esac
    done
    echo "$asked requests were answered by$seen"' sh "$m_address" "$1" 2>&1 || return 1
  # Every node has a proxy of its own.
  for m_pod in $(pod_names); do
    run kubectl exec "$m_pod" -- timeout 5 wget -q -O - "http://$m_address/" && continue
    why "the Service at $m_address does not answer on $m_pod's node"
    return 1
  done
}

dns() { # DOMAIN
  within 20 dns_answers "$1"
}
dns_answers() {
  m_wanted=$(kubectl get service kubernetes --namespace default -o 'jsonpath={.spec.clusterIP}')
  m_got=$(run kubectl exec web-0 -- timeout 5 nslookup "kubernetes.default.svc.$1" 2>&1)
  printf '%s\n' "$m_got"
  printf '%s\n' "$m_got" | sed -n 's/^Address[^:]*:[[:space:]]*\([^[:space:]]*\).*/\1/p' |
    grep -Fxq "$m_wanted" && return
  why "kubernetes.default.svc.$1 does not resolve to $m_wanted"
  return 1
}

service_name() { # DOMAIN
  within $m_watchers service_answers_by_name "$1"
}
service_answers_by_name() {
  for m_name in web "web.$m_namespace.svc.$1"; do
    run kubectl exec web-0 -- timeout 5 wget -q -O - "http://$m_name/" && continue
    why "http://$m_name/ does not answer"
    return 1
  done
}

# Without a namespace there is nothing to remove.
gone() {
  # Namespaces do not go while an API is on the list that nobody serves.
  run kubectl delete apiservice "$(api_service "$m_namespace")" --ignore-not-found
  # Its pods first and at once: kubelets take 10 seconds and more to say that a pod is gone, and the
  # namespace would look for them after longer and longer waits.
  run kubectl delete pods --all --force --grace-period=0 --timeout=$((25 * m_longer))s
  printf '$ kubectl delete namespace %s\n' "$m_namespace"
  timeout $((100 * m_longer)) "$m_kubectl" --kubeconfig="$m_kubeconfig" delete namespace "$m_namespace" \
    --ignore-not-found --timeout=$((90 * m_longer))s && return
  why "the namespace $m_namespace is still there; remove it: kubectl delete namespace $m_namespace"
  return 1
}

# --- how a case is run

# What a case does at its end, however that comes: those that have something to do say what.
at_end() { :; }

# Nobody waits for a case whose muster has gone: then the beats, which it does not show, have no reader.
m_case() {
  (
    trap '' PIPE
    while sleep 1 >/dev/null && printf '\006'; do :; done
    kill -TERM $$
  ) 2>/dev/null &
  m_beat=$!
  m_scratch=$(mktemp) || exit 1
  trap 'kill $m_beat 2>/dev/null; rm -f "$m_scratch"; at_end' EXIT
  trap 'exit 143' TERM HUP INT
  "$@"
}
