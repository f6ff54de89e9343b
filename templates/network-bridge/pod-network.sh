#!/bin/sh
# Written by muster. Routes to the pods of the other nodes, and masquerading of what leaves the
# pod network. Every route has protocol 77 and every rule is in one chain, so "down" takes exactly
# these away.
set -eu

down() {
  ip route flush proto 77
  iptables -w -t nat -D POSTROUTING -j MUSTER-PODS 2>/dev/null || true
  iptables -w -t nat -F MUSTER-PODS 2>/dev/null || true
  iptables -w -t nat -X MUSTER-PODS 2>/dev/null || true
}

up() {
  down
{{#nodes}}{{#other}}
  ip route replace {{pod_cidr}} via {{address}} proto 77
{{/other}}{{/nodes}}
  iptables -w -t nat -N MUSTER-PODS
  iptables -w -t nat -A MUSTER-PODS -s {{node.pod_cidr}} ! -d {{cluster.pod_cidr}} -j MASQUERADE
  iptables -w -t nat -A POSTROUTING -j MUSTER-PODS
}

"$1"
