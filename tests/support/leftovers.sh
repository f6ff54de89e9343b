#!/usr/bin/env bash
# Prints everything of the provider `local` that is on this machine: one line each, the same
# lines as long as the same nodes exist, and nothing when it is clean. Exits 1 when there is
# anything. Needs root.
# Usage: leftovers.sh              of all folders of nodes (files: of MUSTER_LOCAL_DIR's)
#        leftovers.sh --only DIR   of the nodes in this folder, as MUSTER_LOCAL_DIR names it
# The empty lock file /run/muster-local.lock is no leftover: removing a lock is a race.
set -u

root=${MUSTER_LOCAL_DIR:-/var/lib/muster/local}
digits='[0-9a-f]\{3\}'
only=
case "${1:-}" in
  "") ;;
  --only) only=1 root=${2:?--only takes the folder} ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
root=${root%/}

# The 3 hex digits that names of this folder's nodes and networks begin with (names.cc).
digits_of() {
  local LC_ALL=C hash=$((0xcbf29ce484222325)) i byte
  for ((i = 0; i < ${#1}; i++)); do
    printf -v byte %d "'${1:i:1}"
    hash=$(((hash ^ (byte & 255)) * 0x100000001b3))
  done
  printf -v hash %016x "$hash"
  echo "${hash:0:3}"
}
[ -z "$only" ] || digits=$(digits_of "$root")
node="mun${digits}[0-9a-f]\{8\}"
bridge="mub${digits}[0-9a-f]\{8\}"

links() { ls /sys/class/net; }

# One line for a node, not for a process: those of a living node come and go.
processes() {
  local file process state
  {
    grep -l "/muster-$node" /proc/[0-9]*/cgroup
    grep -lz -e "--machine=$node" -e "/nodes/$node/keep-node.sh" /proc/[0-9]*/cmdline
  } 2>/dev/null | sort -u | while read -r file; do
    process=${file%/*}
    state=$(sed -n 's/^State:.\(.\).*/\1/p' "$process/status" 2>/dev/null)
    # A zombie holds nothing but its number, and only init can take that back.
    case $state in "" | Z) continue ;; esac
    tr '\0' '\n' 2>/dev/null < "$file" | grep -o "$node" | sed 's/^/processes of /' | head -n 1
  done | sort -u
}

# The host's settings belong to all folders, so they are in the way only when no network is left.
# The last network's end and theirs are two instants: wait for the other muster that is between.
settings() {
  local end=$((SECONDS + 3)) files
  while :; do
    files=$(find /run -maxdepth 1 -name 'muster-local*' ! -name muster-local.lock)
    [ -n "$files" ] || return
    if [ -n "$only" ] && links | grep -q '^mub'; then return; fi
    [ -n "$only" ] && [ $SECONDS -lt $end ] || break
    sleep 0.1
  done
  echo "$files" | sed 's/^/file /'
}

found() {
  links | sed -n "s/^\($bridge\|${node}h\)$/interface \1/p"
  find /run/netns -maxdepth 1 2>/dev/null | sed -n "s,.*/\($node\|$bridge\).*,network namespace \1,p"
  nft list ruleset 2>/dev/null | sed -n "s/^table inet \(muster_$bridge\) {$/nftables \1/p
    s/^.*ifname \"\($bridge\)\" counter .*$/nftables rule of \1 in another table/p"
  find /sys/fs/cgroup -maxdepth 3 -type d \( -name 'muster-mun*' -o -name 'muster.slice' \) -prune \
    2>/dev/null | sed -n "/muster-$node\|muster.slice/s/^/cgroup /p" | { [ -z "$only" ] && cat ||
    grep -v '/muster.slice$'; }
  cut -d' ' -f2 /proc/self/mounts | sed -n "\,^$root/\|nspawn.*$node,s/^/mount /p"
  processes
  [ -e "$root" ] && find "$root" -mindepth 2 -maxdepth 2 | sed 's/^/file /'
  settings
  find /run/systemd/nspawn/propagate /run/systemd/nspawn/locks /run/systemd/transient \
    -mindepth 1 -maxdepth 1 2>/dev/null | sed -n "/$node/s/^/file /p"
}

left=$(found)
[ -z "$left" ] && exit 0
echo "$left"
exit 1
