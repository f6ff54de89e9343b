#!/bin/sh
# Written by muster. Takes away what pods were made of: containers, network namespaces, mounts, rules of
# packet filters, cgroups. All of it has names that only Kubernetes gives; nothing else is touched.
set -u

containers() {
  command -v ctr >/dev/null 2>&1 && [ -S /run/containerd/containerd.sock ] || return 0
  for id in $(timeout 20 ctr -n k8s.io tasks ls -q); do
    # One may end with the other of its pod: whether any runs on is seen below.
    timeout 20 ctr -n k8s.io tasks rm -f "$id" >/dev/null || :
  done
  for id in $(timeout 20 ctr -n k8s.io containers ls -q); do
    timeout 20 ctr -n k8s.io containers rm "$id" || echo "container $id stays"
  done
}

network_namespaces() {
  for file in /run/netns/cni-*; do
    [ ! -e "$file" ] || ip netns delete "${file##*/}"
  done
}

mounts() {
  last_first=
  while read -r _ place _; do
    case $place in
      /var/lib/kubelet/pods/* | /var/lib/kubelet/plugins/*) last_first="$place $last_first" ;;
    esac
  done </proc/self/mounts
  for place in $last_first; do
    umount "$(printf '%b' "$place")" || umount -l "$(printf '%b' "$place")"
  done
}

# Of what is saved, a transaction that empties the chains of kube-proxy, kubelet and CNI, deletes the
# rules that lead there, and then the chains.
farewell() {
  awk '
    /^\*/ { table = $0; empty = ""; gone = ""; cut = "" }
    /^:(KUBE|CNI)-/ {
      name = substr($1, 2)
      empty = empty ":" name " - [0:0]\n"
      gone = gone "-X " name "\n"
    }
    /^-A / && $2 !~ /^(KUBE|CNI)-/ && / -[jg] (KUBE|CNI)-/ { sub(/^-A/, "-D"); cut = cut $0 "\n" }
    /^COMMIT/ { if (gone != "") printf "%s\n%s%s%sCOMMIT\n", table, empty, cut, gone }
  '
}

rules() {
  for family in ip ip6; do
    for kind in nft legacy; do
      tables=${family}tables-$kind
      command -v "$tables-save" >/dev/null 2>&1 || continue
      # Asking would make the old kind's tables.
      [ "$kind" = nft ] || [ -s "/proc/net/${family}_tables_names" ] || continue
      rest=$("$tables-save" 2>/dev/null | farewell)
      [ -z "$rest" ] || printf '%s\n' "$rest" | "$tables-restore" --noflush || failed=1
    done
  done
}

proxy_tables() {
  command -v nft >/dev/null 2>&1 || return 0
  for family in ip ip6; do
    ! nft list table "$family" kube-proxy >/dev/null 2>&1 || nft delete table "$family" kube-proxy || failed=1
  done
}

# Where containerd could not end them, somebody has to.
processes() {
  for try in 1 2 3 4 5; do
    running=$(find /sys/fs/cgroup \( -path '*/kubepods/*' -o -path '*/kubepods.slice/*' \) -name cgroup.procs \
      -exec cat {} + 2>/dev/null | sort -nu | tr '\n' ' ')
    [ -n "$running" ] || return 0
    sleep 1
  done
  echo "processes of pods still run: $running"
  failed=1
}

cgroups() {
  find /sys/fs/cgroup -depth -type d \( -path '*/kubepods/*' -o -path '*/kubepods.slice/*' \
    -o -name kubepods -o -name kubepods.slice \) -exec rmdir {} + 2>/dev/null
}

failed=
containers
processes
network_namespaces
mounts
rules
proxy_tables
cgroups
[ -z "$failed" ]
