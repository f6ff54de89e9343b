#!/bin/sh
# Written by muster. Labels and taints of this node as the definition has them; what others gave the
# node stays. What muster gave it is noted in annotations, so that it can be taken away again.
#   node-labels.sh right                 true when all is as it should be
#   node-labels.sh set < KUBECONFIG      makes it so
set -eu

name={{node.name}}
cluster={{cluster.name}}
labels="{{node.labels}}"
{{#node.is_master}}
labels="$labels${labels:+,}node-role.kubernetes.io/control-plane="
{{/node.is_master}}
{{#node.is_worker}}
labels="$labels${labels:+,}node-role.kubernetes.io/worker="
{{/node.is_worker}}
taints="{{node.taints}}"
kubectl={{cluster.bin_dir}}/kubectl

# Sets what the node has now, and what muster gave it.
look() { # KUBECONFIG
  seen=$("$kubectl" --kubeconfig="$1" get node "$name" -o 'jsonpath={.metadata.annotations.muster/cluster}{"\n"}{.metadata.annotations.muster/labels}{"\n"}{.metadata.annotations.muster/taints}{"\n"}{.metadata.labels}{"\n"}{range .spec.taints[*]}{.key}={.value}:{.effect} {end}') ||
    return 1
  {
    read -r of
    read -r given_labels
    read -r given_taints
    read -r has_labels
    read -r has_taints
  } <<SEEN
$seen

SEEN
  has_taints=" $has_taints "
}

words() { echo "$1" | tr ',' ' '; }

right() {
  [ "$of" = "$cluster" ] && [ "$given_labels" = "$labels" ] && [ "$given_taints" = "$taints" ] || return 1
  for label in $(words "$labels"); do
    case $has_labels in
      *"\"${label%%=*}\":\"${label#*=}\""*) ;;
      *) return 1 ;;
    esac
  done
  for taint in $(words "$taints"); do
    case $has_taints in
      *" $taint "*) ;;
      *) return 1 ;;
    esac
  done
}

# What was given and is not wanted any more is null, which takes it away.
patch() {
  json=
  for label in $(words "$given_labels"); do
    case ",$labels" in
      *",${label%%=*}="*) ;;
      *) json="$json,\"${label%%=*}\":null" ;;
    esac
  done
  for label in $(words "$labels"); do
    json="$json,\"${label%%=*}\":\"${label#*=}\""
  done
  printf '{"metadata":{"labels":{%s},"annotations":{"muster/cluster":"%s","muster/labels":"%s","muster/taints":"%s"}}}' \
    "${json#,}" "$cluster" "$labels" "$taints"
}

# A taint without a value may be written "key:Effect".
taint_key() { # TAINT: "key:Effect"
  key=${1%:*}
  echo "${key%%=*}:${1##*:}"
}

# The changes of taints, in words of "kubectl taint".
taint_words() {
  wanted=" $(for taint in $(words "$taints"); do taint_key "$taint"; done | tr '\n' ' ')"
  for taint in $(words "$given_taints"); do
    key=$(taint_key "$taint")
    case $wanted in
      *" $key "*) continue ;;
    esac
    case $has_taints in
      *" ${key%:*}="*":${key##*:} "*) echo "$key-" ;;
    esac
  done
  for taint in $(words "$taints"); do
    case $has_taints in
      *" $taint "*) ;;
      *) echo "$taint" ;;
    esac
  done
}

set_all() {
  # Changed pods may tolerate what is new: taints come last.
  "$kubectl" --kubeconfig="$1" patch node "$name" --type=merge -p "$(patch)"
  changes=$(taint_words)
  # shellcheck disable=SC2086
  [ -z "$changes" ] || "$kubectl" --kubeconfig="$1" taint node "$name" --overwrite $changes
}

case $1 in
  right)
    look {{cluster.config_dir}}/kubelet.conf && right
    ;;
  set)
    umask 077
    conf=/run/muster-labels.conf
    trap 'rm -f "$conf"' EXIT
    cat >"$conf"
    # Where nobody waited for the node to be Ready, it may have yet to join.
    end=$(($(date +%s) + 60))
    until look "$conf"; do
      [ "$(date +%s)" -lt "$end" ] || exit 1
      sleep 1
    done
    set_all "$conf"
    ;;
esac
