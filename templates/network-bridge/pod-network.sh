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

# Changes nothing for what is under way. A route to a node that is no longer of the cluster stays
# until the next boot: its pods may still be moving.
up() {
{{#nodes}}{{#other}}
  ip route replace {{pod_cidr}} via {{address}} proto 77
{{/other}}{{/nodes}}
  iptables-restore -w --noflush <<RULES
*nat
:MUSTER-PODS - [0:0]
-A MUSTER-PODS -s {{node.pod_cidr}} ! -d {{cluster.pod_cidr}} -j MASQUERADE
COMMIT
RULES
  iptables -w -t nat -C POSTROUTING -j MUSTER-PODS 2>/dev/null ||
    iptables -w -t nat -A POSTROUTING -j MUSTER-PODS
}

"$1"
