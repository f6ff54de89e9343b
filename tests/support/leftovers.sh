#!/bin/sh
# Prints everything of the provider `local` that is on this machine: one line each, nothing when
# it is clean. Exits 1 when there is anything. Needs root. MUSTER_LOCAL_DIR as for muster.
set -u

root=${MUSTER_LOCAL_DIR:-/var/lib/muster/local}

found() {
  ls -d /sys/class/net/* | sed -n 's,.*/\(mub[0-9a-f]\{8\}\|mu[0-9a-f]\{10\}h\)$,interface \1,p'
  ip netns list 2>/dev/null | sed -n 's/^\(mu[0-9a-f]\{10\}\).*/network namespace \1/p'
  nft list tables 2>/dev/null | sed -n 's/^table \(inet muster_.*\)/nftables \1/p'
  find /sys/fs/cgroup -type d \( -name 'muster-mu*' -o -name 'muster.slice' \) -prune \
    -exec echo cgroup {} \;
  awk -v root="$root/" 'index($2, root) == 1 || $2 ~ /nspawn.*mu[0-9a-f]/ {print "mount", $2}' \
    /proc/self/mounts
  for process in /proc/[0-9]*; do
    [ "$process" = "/proc/$$" ] && continue
    # A zombie holds nothing but its number, and only init can take that back.
    grep -q '^State:.Z' "$process/status" 2>/dev/null && continue
    if grep -q '/muster-mu' "$process/cgroup" 2>/dev/null ||
       tr '\0' ' ' 2>/dev/null < "$process/cmdline" |
         grep -q 'systemd-nspawn .*--machine=mu[0-9a-f]\{10\} '; then
      echo "process ${process#/proc/} $(tr '\0' ' ' 2>/dev/null < "$process/cmdline" | cut -c1-80)"
    fi
  done
  [ -e "$root" ] && find "$root" -mindepth 2 -maxdepth 2 | sed 's/^/file /'
  for file in /run/muster-local.settings /run/systemd/nspawn/propagate/mu* \
    /run/systemd/nspawn/locks/*mu*; do
    [ -e "$file" ] && echo "file $file"
  done
}

left=$(found)
[ -z "$left" ] && exit 0
echo "$left"
exit 1
