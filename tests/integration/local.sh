#!/bin/sh
# Makes real nodes with the provider `local` and checks that nothing of them stays.
# Usage: local.sh BUILD_DIR [options of the test program]. Needs root; about a minute.
set -eu

build=${1:?usage: local.sh BUILD_DIR}
shift
here=$(dirname "$0")
export MUSTER_LOCAL_DIR=${MUSTER_LOCAL_DIR:-/var/lib/muster/local-test}

[ "$(id -u)" = 0 ] || { echo "local.sh: needs root: it starts system containers" >&2; exit 2; }
"$here/../support/leftovers.sh" || { echo "local.sh: this was here before" >&2; exit 2; }

# What leftovers.sh does not know of: everything that could change, before and after.
snapshot() {
# shellcheck disable=SC2010  # names under /sys and /proc are plain
  ls /sys/class/net | grep ^mu || :
  cat /proc/sys/net/ipv4/ip_forward /proc/sys/fs/inotify/max_user_instances \
    /proc/sys/kernel/panic /proc/sys/vm/overcommit_memory /proc/sys/kernel/pid_max
  find "$MUSTER_LOCAL_DIR" 2>/dev/null || :
}

before=$(snapshot)
status=0
"$build/tests/integration_local" "$@" || status=1
"$here/../support/leftovers.sh" || { echo "local.sh: this is left" >&2; status=1; }
after=$(snapshot)
if [ "$before" != "$after" ]; then
  printf 'local.sh: the machine has changed; before:\n%s\nafter:\n%s\n' "$before" "$after" >&2
  status=1
fi
exit $status
