#!/bin/sh
# The part of smoke_test.sh for what some clusters have and others not.
# shellcheck disable=SC2154  # m_namespace

# --- NetworkPolicies

# From web-0 to web-1, which first nobody may reach, and then who has a label.
policy() {
  m_address=$(kubectl get pod web-1 -o 'jsonpath={.status.podIP}')
  case $m_address in *:*) m_address="[$m_address]" ;; esac
  run kubectl apply -f - <<YAML || return
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-1}
spec:
  podSelector: {matchLabels: {pod: web-1}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {may-ask: web-1}}}]}]
YAML
  within $m_watchers policy_refuses || return
  run kubectl label pod web-0 may-ask=web-1 || return
  within 30 policy_lets_through || return # who refused hears of changes
  run kubectl delete networkpolicy web-1
}

# Prints what web-1 said to web-0, or "no answer"; fails when that cannot be told.
asked() {
  # shellcheck disable=SC2016
  run kubectl exec web-0 -- sh -c 'timeout 3 wget -q -O - "http://$1:8080/" 2>/dev/null || echo "no answer"' sh "$m_address" 2>&1
}
policy_refuses() {
  m_got=$(asked) || {
    printf '%s\n' "$m_got"
    why "kubectl exec failed"
    return 1
  }
  printf '%s\n' "$m_got"
  case $m_got in *'no answer') return ;; esac
  why "web-0 reached web-1 ($m_address) in spite of a NetworkPolicy that refuses it"
  return 1
}
policy_lets_through() {
  m_got=$(asked)
  printf '%s\n' "$m_got"
  case $m_got in *web-1) return ;; esac
  why "web-0 did not reach web-1 ($m_address), which a NetworkPolicy allows it"
  return 1
}

# --- volumes

default_storage_class() {
  kubectl get storageclasses -o 'jsonpath={range .items[*]}{.metadata.annotations.storageclass\.kubernetes\.io/is-default-class}={.metadata.name}{"\n"}{end}' |
    sed -n 's/^true=//p'
}

volume() { # IMAGE NODE...: a pod on one of them writes into it
  m_class=$(default_storage_class)
  [ -n "$m_class" ] || skipped "no storage class is the default"
  m_image=$1
  shift
  run kubectl apply -f - <<YAML || return
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: volume}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: Pod
metadata: {name: volume}
spec:
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
$(printf '        - matchFields: [{key: metadata.name, operator: In, values: ["%s"]}]\n' "$@")
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  automountServiceAccountToken: false
  containers:
  - name: volume
    image: $m_image
    imagePullPolicy: IfNotPresent
    command: [/bin/sh, -c, "echo kept > /volume/word && grep kept /volume/word"]
    volumeMounts: [{name: volume, mountPath: /volume}]
  volumes: [{name: volume, persistentVolumeClaim: {claimName: volume}}]
YAML
  within 120 volume_is_written
}
volume_is_written() {
  m_bound=$(kubectl get pvc volume -o 'jsonpath={.status.phase}')
  m_written=$(kubectl get pod volume -o 'jsonpath={.status.phase}')
  printf 'claim %s, pod %s\n' "$m_bound" "$m_written"
  [ "$m_bound/$m_written" = Bound/Succeeded ] && return
  run kubectl get events --sort-by=.metadata.creationTimestamp -o 'custom-columns=OBJECT:.involvedObject.kind,NAME:.involvedObject.name,REASON:.reason,MESSAGE:.message' |
    grep ' volume ' | tail -n 10
  if [ "$m_bound" != Bound ]; then
    why "the claim is $m_bound, of the storage class $(printf '%s' "$m_class" | tr '\n' ' '): $(last_word_on PersistentVolumeClaim)"
  else
    why "the pod that uses the volume is $m_written: $(last_word_on Pod)"
  fi
  return 1
}
last_word_on() { # KIND
  kubectl get events --sort-by=.metadata.creationTimestamp --field-selector "involvedObject.kind=$1,involvedObject.name=volume" \
    -o 'jsonpath={range .items[*]}{.message}{"\n"}{end}' | tail -n 1
}

# --- images

# Prints an image that a pod runs from there without a login, or nothing.
image_from() { # REGISTRY
  kubectl get pods -A -o 'jsonpath={range .items[*]}{.spec.imagePullSecrets[*].name}|{range .spec.containers[*]}{.image}|{end}{"\n"}{end}' |
    sed -n 's/^|//p' | tr '|' '\n' | grep "^$(printf '%s' "$1" | sed 's/[.]/[.]/g')/" | head -n 1 || true
}
