#!/bin/sh
# Written by muster. Nodes that muster made part of this cluster, that the definition no longer has,
# and that have been silent for 15 seconds (kubelets speak every second): those that live take
# themselves out.
#   former-nodes.sh any       true when there are some
#   former-nodes.sh remove    takes them out of the cluster
set -eu

cluster={{cluster.name}}
wanted=" {{#nodes}}{{name}} {{/nodes}}"
api() { {{cluster.bin_dir}}/kubectl --kubeconfig={{cluster.config_dir}}/admin.conf "$@"; }

find_former() {
  former=
  list=$(api get nodes -o 'jsonpath={range .items[*]}{.metadata.name} {.metadata.annotations.muster/cluster} {.status.conditions[?(@.type=="Ready")].lastHeartbeatTime}{"\n"}{end}')
  while read -r name of heard; do
    [ "$of" = "$cluster" ] || continue
    case $wanted in
      *" $name "*) continue ;;
    esac
    [ $(($(date +%s) - $(date -u -d "$heard" +%s))) -lt 15 ] || former="$former $name"
  done <<LIST
$list
LIST
}

find_former
case $1 in
  any) [ -n "$former" ] ;;
  remove)
    for name in $former; do
      api delete node "$name" --ignore-not-found
    done
    ;;
esac
