#!/usr/bin/env bash
# Makes real nodes with the provider `local` and checks that nothing of them stays.
# Usage: local.sh BUILD_DIR [options of the test program]. Needs root; about a minute.
# The nodes are in a folder of the test's own; others' nodes on this machine are left alone.
set -u

build=${1:?usage: local.sh BUILD_DIR}
shift
support=$(dirname "${BASH_SOURCE[0]}")/../support
leftovers=$support/leftovers.sh
# shellcheck source=tests/support/node-folder.sh
. "$support/node-folder.sh"
[ "$(id -u)" = 0 ] || { echo "local.sh: needs root: it starts system containers" >&2; exit 2; }

MUSTER_LOCAL_DIR=$(node_folder local-test) || { echo "FAIL local: the test has a folder of its own"; exit 1; }
export MUSTER_LOCAL_DIR

# What leftovers.sh does not look at: the kernel's settings, which nodes elsewhere change as well.
settings() {
  find /sys/class/net -name 'mub*' | grep -q . && return
  find /sys/fs/cgroup -maxdepth 3 -name 'muster-mun*' | grep -q . && return  # in networks of their own
  grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/fs/inotify/max_user_instances \
    /proc/sys/kernel/panic /proc/sys/vm/overcommit_memory /proc/sys/kernel/pid_max
}

before=$(settings)
status=0
"$build/tests/integration_local" "$@" || status=1

state=$(mktemp -d)
if table=$(MUSTER_STATE=$state "$build/muster" provider test local --nodes 6 2>&1); then
  echo "ok local: it passes the conformance suite"
else
  echo "FAIL local: it passes the conformance suite: $(tr '\n' ';' <<< "$table")"
  status=1
fi
rm -r "$state"

left=$("$leftovers" --only "$MUSTER_LOCAL_DIR")
if [ -z "$left" ] && [ ! -e "$MUSTER_LOCAL_DIR" ]; then
  echo "ok local: nothing is left behind"
else
  echo "FAIL local: nothing is left behind: $(tr '\n' ';' <<< "$left") in $MUSTER_LOCAL_DIR"
  status=1
fi
after=$(settings)
if [ -z "$before" ] || [ -z "$after" ]; then
  echo "skip local: the kernel's settings are as before: there are other nodes"
elif [ "$before" = "$after" ]; then
  echo "ok local: the kernel's settings are as before"
else
  echo "FAIL local: the kernel's settings are as before: $(tr '\n' ';' <<< "$before -> $after")"
  status=1
fi
rmdir --ignore-fail-on-non-empty /var/lib/muster 2>/dev/null
exit $status
