#!/bin/sh
# The part of smoke_test.sh that asks every API server by itself: each has certificates, flags and a way
# to pods of its own.
# shellcheck disable=SC2154  # m_namespace, m_scratch

# Prints ADDRESS:PORT of each that serves, in words.
api_servers() {
  m_port=$(kubectl get endpointslices --namespace default -l kubernetes.io/service-name=kubernetes \
    -o 'jsonpath={.items[0].ports[0].port}') || return
  for m_address in $(kubectl get endpointslices --namespace default -l kubernetes.io/service-name=kubernetes \
    -o 'jsonpath={range .items[*].endpoints[*]}{.addresses[0]}{" "}{end}'); do
    case $m_address in *:*) m_address="[$m_address]" ;; esac
    printf '%s\n' "$m_address:$m_port"
  done
}

# with_each CHECK: runs it with the address of each API server, until it fails.
with_each() {
  m_servers=$(api_servers)
  [ -n "$m_servers" ] || {
    why "the API servers are not on record as endpoints of the Service 'kubernetes'"
    return 1
  }
  for m_server in $m_servers; do "$1" "$m_server" || return; done
}

# SPDY is answered with 101 as well: kubectl itself says which protocol both have agreed on.
websocket() { within 20 with_each exec_is_websocket; }
exec_is_websocket() {
  m_got=$(
    export KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true
    run kubectl --server="https://$1" -v=4 exec web-0 -- hostname 2>&1
  )
  printf '%s\n' "$m_got" | grep -i '^[$] \|subprotocol\|fallback\|error' | cut -c1-400
  m_fallback=$(printf '%s\n' "$m_got" |
    sed -n '/RemoteCommand fallback/{s/.*RemoteCommand fallback[^ ]* *//; s/\\//g; p;}')
  if [ -n "$m_fallback" ]; then
    why "kubectl went back to SPDY at the API server $1: $m_fallback"
    return 1
  fi
  printf '%s\n' "$m_got" | grep -iq 'subprotocol.*channel[.]k8s[.]io' && return
  why "kubectl exec did not go over WebSocket at the API server $1: $(printf '%s\n' "$m_got" | tail -n 1)"
  return 1
}

# Those on three nodes do: the way is the node's.
from_api() { within 20 with_each pods_are_reached_from; }
pods_are_reached_from() {
  for m_pod in $(pod_names | head -n 3); do
    m_got=$(run kubectl --server="https://$1" get --raw "/api/v1/namespaces/$m_namespace/pods/$m_pod:8080/proxy/" 2>&1)
    printf '%s\n' "$m_got"
    [ "${m_got##*"
"}" = "$m_pod" ] && continue
    why "no way from the API server $1 to pod $m_pod: ${m_got##*"
"}"
    return 1
  done
}

# --- an aggregated API

api_group() { printf '%s.test' "$1"; }
api_service() { printf 'v1.%s' "$(api_group "$1")"; }

# haproxy, which nodes have for their way to the API servers, serves an API that tells who asks, and
# which takes calls of API servers only: by the certificate and the names that they publish for that.
aggregated() { # NOW NODE CA CERTIFICATE-AND-KEY
  m_group=$(api_group "$m_namespace")
  m_haproxy=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v haproxy) ||
    skipped "there is no haproxy on $2 to serve it"
  "$m_haproxy" -v | grep -q 'version \(2[.][2-9]\|2[.][1-9][0-9]\|[3-9][.]\)' ||
    skipped "haproxy on $2 is older than 2.2: $("$m_haproxy" -v | head -n 1)"
  m_folder=$(mktemp -d) || return
  # shellcheck disable=SC2317  # the trap of m_case calls it
  at_end() {
    kubectl delete apiservice "$(api_service "$m_namespace")" --ignore-not-found >/dev/null 2>&1
    [ -z "$m_served" ] || kill "$m_served" 2>/dev/null
    rm -rf "$m_folder"
  }
  printf '%s\n' "$3" >"$m_folder/ca.crt"
  (umask 077 && printf '%s\n' "$4" >"$m_folder/server.pem")
  api_is_served "$2" && api_is_registered "$1" && within 60 api_is_available &&
    within 30 with_each caller_is_told
}

published() { kubectl get configmap extension-apiserver-authentication --namespace kube-system -o "jsonpath={.data.$1}"; }

api_is_served() { # NODE
  m_address=$(kubectl get node "$1" -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}' | cut -d' ' -f1)
  published requestheader-client-ca-file >"$m_folder/callers.crt"
  published requestheader-allowed-names | tr -d '[]" ' | tr ',' '\n' | grep . >"$m_folder/callers"
  [ -s "$m_folder/callers.crt" ] || {
    why "the API servers do not publish whom aggregated APIs are to believe (ConfigMap kube-system/extension-apiserver-authentication)"
    return 1
  }
  printf '%s' '{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"'"$m_group/v1"'","resources":[{"name":"callers","singularName":"caller","namespaced":false,"kind":"Caller","verbs":["get"]}]}' >"$m_folder/resources.json"
  printf '%s' '{"kind":"Caller","apiVersion":"'"$m_group/v1"'","metadata":{"name":"me"},"user":"%[req.hdr(x-remote-user),json(utf8s)]"}' >"$m_folder/caller.json"
  # Ports of others are none of ours: another one is tried.
  for m_try in 1 2 3 4 5; do
    m_port=$((20000 + ($$ * 7 + m_try * 1301) % 10000))
    proxy_configuration >"$m_folder/haproxy.cfg"
    timeout $((170 * m_longer)) "$m_haproxy" -db -f "$m_folder/haproxy.cfg" >"$m_folder/log" 2>&1 &
    m_served=$!
    sleep 1
    kill -0 "$m_served" 2>/dev/null && return
  done
  cat "$m_folder/log"
  why "haproxy on $1 does not serve: $(tail -n 1 "$m_folder/log")"
  return 1
}

proxy_configuration() {
  case $m_address in *:*) m_bind="[$m_address]" ;; *) m_bind=$m_address ;; esac
  cat <<CFG
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend api
  bind $m_bind:$m_port ssl crt $m_folder/server.pem ca-file $m_folder/callers.crt verify required
CFG
  [ ! -s "$m_folder/callers" ] || printf '  http-request deny deny_status 403 unless { ssl_c_s_dn(CN) -f %s }\n' "$m_folder/callers"
  cat <<CFG
  http-request return status 200 content-type application/json file $m_folder/resources.json if { path /apis/$m_group/v1 }
  http-request return status 200 content-type application/json lf-file $m_folder/caller.json if { path /apis/$m_group/v1/callers/me }
  http-request return status 404
CFG
}

api_is_registered() { # NOW
  case $m_address in *:*) m_type=IPv6 ;; *) m_type=IPv4 ;; esac
  run kubectl apply -f - <<YAML || return
apiVersion: v1
kind: Service
metadata: {name: aggregated}
spec:
  ports: [{name: https, port: 443, protocol: TCP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: aggregated, labels: {kubernetes.io/service-name: aggregated}}
addressType: $m_type
endpoints: [{addresses: ["$m_address"], conditions: {ready: true}}]
ports: [{name: https, port: $m_port, protocol: TCP}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: $(api_service "$m_namespace"), labels: {muster-test: "$1"}}
spec:
  group: $m_group
  version: v1
  groupPriorityMinimum: 100
  versionPriority: 10
  service: {namespace: $m_namespace, name: aggregated, port: 443}
  caBundle: $(base64 <"$m_folder/ca.crt" | tr -d '\n')
YAML
}

api_is_available() {
  kill -0 "$m_served" 2>/dev/null || {
    cat "$m_folder/log"
    why "haproxy has ended: $(tail -n 1 "$m_folder/log")"
    return 1
  }
  m_got=$(run kubectl get apiservice "$(api_service "$m_namespace")" \
    -o 'jsonpath={range .status.conditions[?(@.type=="Available")]}{.status} {.reason}: {.message}{end}')
  printf '%s\n' "$m_got"
  m_got=${m_got##*"
"}
  case $m_got in True\ *) return ;; esac
  why "an API server does not reach the aggregated API: ${m_got#* }"
  return 1
}

caller_is_told() {
  m_who=$(kubectl --server="https://$1" auth whoami -o 'jsonpath={.status.userInfo.username}') || return
  m_got=$(run kubectl --server="https://$1" get --raw "/apis/$m_group/v1/callers/me" 2>&1)
  printf '%s\n' "$m_got"
  case $m_got in *'"user":"'"$m_who"'"'*) return ;; esac
  why "the API server $1 does not pass calls of '$m_who' on to the aggregated API: ${m_got##*"
"}"
  return 1
}
