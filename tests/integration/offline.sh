#!/bin/bash
# The quickstart's cluster from a bundle, on a machine whose every way out is shut: network, /sys and /run
# of its own, a cache and a state that are empty. What tries to get out is counted, and dropped.
# Runs beside others.
# Needs Kubernetes.
set -u

if [ -z "${OFFLINE_BUNDLE:-}" ]; then
  here=$(cd "$(dirname "$0")/../.." && pwd)
  muster=${MUSTER:-$here/build/release/muster}
  folder=$(mktemp -d "${TMPDIR:-/tmp}/muster-offline.XXXXXX")
  export OFFLINE_BUNDLE=$folder/bundle.tar.zst
  # Here, for a cache that is not warm is filled from the network.
  if ! said=$(MUSTER_STATE=$folder/state "$muster" bundle create "$here/examples/quickstart.json" \
    --out "$OFFLINE_BUNDLE" 2>&1); then
    rm -rf "$folder"
    echo "FAIL a bundle is made of the quickstart's definition: $said"
    exit 1
  fi
  echo "ok a bundle is made of the quickstart's definition"
  exec unshare --net --mount "$0" "$@"
fi

# --- In namespaces of its own, which end with it.

mount -t tmpfs -o mode=755 none /run
mkdir -p /run/netns /run/sshd /run/cgroup
# A /sys that shows this network, with the cgroups of the other.
mount --rbind /sys/fs/cgroup /run/cgroup
umount --recursive --lazy /sys
mount -t sysfs none /sys
mount --rbind /run/cgroup /sys/fs/cgroup
umount --recursive --lazy /run/cgroup
ip link set lo up
# A way out, so that whoever looks for one finds it, and is counted.
ip link add outside type veth peer name beyond
echo 1 > /proc/sys/net/ipv6/conf/outside/disable_ipv6
ip address add 198.51.100.2/24 dev outside
ip link set beyond up
ip link set outside up
ip route add default via 198.51.100.1
nft -f - <<'NFT'
table inet watch {
  counter this_machine {}
  counter nodes {}
  set asked { type ipv4_addr . inet_service; size 1000; flags dynamic; }
  chain output {
    type filter hook output priority -10
    oifname "outside" meta l4proto { tcp, udp } update @asked { ip daddr . th dport }
    oifname "outside" counter name this_machine drop
    # Who has no name server asks this machine.
    oifname "lo" meta l4proto { tcp, udp } th dport 53 counter name this_machine drop
  }
  chain forward {
    type filter hook forward priority -10
    oifname "outside" meta l4proto { tcp, udp } update @asked { ip daddr . th dport }
    oifname "outside" counter name nodes drop
  }
}
NFT
# What belongs to no network has no name server: cluster DNS would ask it.
: > /run/resolv.conf
mount --bind /run/resolv.conf /etc/resolv.conf
tried() { nft list counter inet watch "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }

# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"
mv "$OFFLINE_BUNDLE" "$work/bundle.tar.zst"
rm -rf "$(dirname "$OFFLINE_BUNDLE")"
bundle=$work/bundle.tar.zst
export MUSTER_CACHE=$work/cache
name=quickstart
definition=$root/examples/quickstart.json

# --- nothing can be reached, and whoever tries is counted

no_mirror() { ! curl -sS --max-time 3 http://deb.debian.org/debian/dists/bookworm/Release; }
no_address() { ! curl -sS --max-time 3 http://151.101.2.132/; }
check "no Debian mirror can be reached by name" no_mirror
by_name=$(tried this_machine)
check "the question for its name was counted" test "$by_name" -gt 0
check "none can be reached by address" no_address
check "and that was counted" test "$(tried this_machine)" -gt "$by_name"
nft reset counters table inet watch > /dev/null

# --- a damaged bundle changes nothing

size=$(stat -c %s "$bundle")
flip() {  # FILE OFFSET: one bit of the byte there
  local old
  old=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf '%b' "\\0$(printf %o $((old ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
refused() {
  ! "$muster" apply --bundle "$bundle" "$definition" --yes > "$work/refused" 2>&1 &&
    grep "is damaged at 'images/node-.*\.tar'" "$work/refused"
}
flip "$bundle" $((size - 1000000))
check "one flipped byte: apply refuses the bundle, and names the file" refused
flip "$bundle" $((size - 1000000))
no_deployment() { [ -z "$("$muster" list)" ]; }
check "and nothing was made" no_deployment
check "once it is as it was, the bundle is whole" "$muster" bundle verify "$bundle"

# --- the cluster

rm -rf "$MUSTER_CACHE"
need "apply makes the cluster from the bundle" \
  "$muster" apply --bundle "$bundle" "$definition" --yes
need "kubeconfig has what kubectl needs" use_cluster $name
all_ready() {
  kubectl wait --for=condition=Ready nodes --all --timeout=180s && [ "$(kubectl get nodes -o name | wc -l)" = 3 ]
}
check "all three nodes are Ready" all_ready
dns_ready() { kubectl -n kube-system wait --for=condition=Available deployment/coredns --timeout=180s; }
check "cluster DNS runs, from the bundle's image" dns_ready
check "nothing is left to do" "$muster" plan "$definition" --detailed-exitcode
check "muster test passes, with the bundle's image" "$muster" test $name
nobody() { [ "$(tried "$1")" = 0 ] || { nft list table inet watch; false; }; }
check "nothing on this machine has tried to get out" nobody this_machine
check "nor did a node" nobody nodes
check "destroy removes it" "$muster" destroy $name --yes
check "nothing is left" nothing_left
no_link_left() { [ "$(find /sys/class/net -type l | wc -l)" = 3 ] || { ip -o link; false; }; }
check "no network is left" no_link_left
