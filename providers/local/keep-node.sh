#!/bin/sh
# Runs a local node, and runs it again when it reboots: systemd-nspawn with --keep-unit leaves
# that to its parent, and says so with exit code 133 (systemd-nspawn(1), "Exit status").
# Usage: keep-node.sh GROUP COMMAND...
# GROUP: the node's cgroup where there is only cgroup v2, else empty. There a group with processes
# of its own cannot hand controllers on, so this shell and the node take a group each.
set -u

group=$1
shift

if [ -n "$group" ]; then
  mkdir -p "$group/keeper" "$group/node"
  echo $$ > "$group/keeper/cgroup.procs"
  for controller in $(cat "$group/cgroup.controllers"); do
    echo "+$controller" > "$group/cgroup.subtree_control"
  done
fi

while :; do
  if [ -n "$group" ]; then
    sh -c 'echo $$ > "$0/cgroup.procs"; exec "$@"' "$group/node" "$@"
  else
    "$@"
  fi
  code=$?
  [ "$code" -eq 133 ] || exit "$code"
done
