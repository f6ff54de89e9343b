#!/bin/bash
# The provider `local` inside of a Debian 12 machine with a kernel of its own, cgroup v2 and systemd
# (support/vms.sh), where each node has a subtree of cgroups that systemd delegates. All comes from a bundle;
# the machine reboots, and an apply brings its cluster back.
# Only in ./test --all: without KVM it takes long.
# Deadline: 4h
# shellcheck disable=SC2016,SC2317,SC2154  # the machine expands it; check calls it; of vms.sh

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=$(realpath "${MUSTER:-${1:-$here/build/debug}/muster}")

# The machine has no way out, so it gets all that `local` needs as a bundle, made where there is a network.
outside() {  # FOLDER
  cat > "$1/inner.json" << 'JSON'
{"name": "inner", "attribs": {"patience": 5},
 "provider": {"name": "local", "hints": {"memory_mb": 2048, "cpus": 2}},
 "nodes": [{"prefix": "inner", "roles": ["etcd", "k8s-master", "k8s-worker", "k8s-addons"]}]}
JSON
  MUSTER_STATE=$1/state "$muster" bundle create "$1/inner.json" --out "$1/inner.tar.zst" > "$1/said" 2>&1 < /dev/null
}
# shellcheck source=tests/support/vms.sh
. "$here/tests/support/vms.sh"
suite=vm_local
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"
cd "$work" || exit 1
[ -e "$MACHINES_FOLDER/outside/inner.tar.zst" ] || {
  fail "a bundle is made for the machine" "$(tail -n 5 "$MACHINES_FOLDER/outside/said")"
  exit 1
}

# --- the machine, and a disk with muster and the bundle

mkdir -p tools/lib
cp "$muster" tools/muster
ldd "$muster" | awk '$2 == "=>" { print $3 }' | xargs cp -t tools/lib
cp "$root/tests/support/leftovers.sh" "$MACHINES_FOLDER/outside/inner.json" tools
mv "$MACHINES_FOLDER/outside/inner.tar.zst" tools
make_disk "$MACHINES_FOLDER/tools.disk" 2G tools
rm tools/inner.tar.zst
vm_disk[host]=$MACHINES_FOLDER/tools.disk vm_memory[host]=4096
machines host
on host '
  set -e
  mkdir /tools && mount -o ro /dev/vdb /tools
  { apt-get -q update && apt-get -qy install systemd-container; } > /dev/null 2>&1
  for library in /tools/lib/*; do
    ldconfig -p | grep -qw "$(basename "$library")" || cp "$library" /usr/local/lib
  done
  ldconfig
'
inside() {  # ARGUMENT...: leaves $code and what muster said in $work/out
  local start=$SECONDS
  on host "MUSTER_STATE=/root/state /tools/muster $*" > out 2>&1
  code=$?
  echo "muster $1 inside: $((SECONDS - start)) s"
}

# --- a cluster inside

inside apply --bundle /tools/inner.tar.zst /tools/inner.json --yes
expect "an apply makes a cluster inside of the machine" 0 "'inner' is up"
inside test inner
expect "muster test passes there" 0
limits_inside() {
  on host 'cd /sys/fs/cgroup/muster.slice/muster-mun*.scope && cat memory.max cpu.max cgroup.subtree_control'
}
held_inside() {
  limits_inside > limits
  cat limits
  [ "$(head -n 2 limits)" = $'2147483648\n200000 100000' ] && tail -n 1 limits | grep -w cpu | grep -w memory | grep -qw pids
}
check "the node is held to its limits and may hand them on" held_inside
inside apply --bundle /tools/inner.tar.zst /tools/inner.json --yes
expect "a second apply finds all unchanged" 0 "unchanged in"

# --- the machine reboots

check "the machine reboots" reboot_machine host
on host 'mount -o ro /dev/vdb /tools'
inside apply --bundle /tools/inner.tar.zst /tools/inner.json --yes
expect "an apply brings its cluster back" 0 "'inner' is up"
inside test inner
expect "muster test passes again" 0
inside destroy inner --yes
expect "destroy" 0 "'inner' is gone"
check "nothing is left on the machine" on host /tools/leftovers.sh
exit $((failures > 0))
