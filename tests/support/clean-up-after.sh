#!/bin/bash
# Waits for the end of a test, however it ends, and then removes what it made.
# Usage: clean-up-after.sh PID MUSTER WORK, with the test's MUSTER_STATE and MUSTER_LOCAL_DIR.
set -u

pid=$1 muster=$2 work=$3
while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done

# A run that the test had started may still hold its deployment; and muster may be built anew just now.
for ((i = 0; i < 600; i++)); do
  if ! listed=$("$muster" list -o json 2>/dev/null); then
    sleep 0.5
    continue
  fi
  left=$(sed -n 's/^    "name": "\([^"]*\)".*/\1/p' <<< "$listed")
  [ -n "$left" ] || break
  for name in $left; do
    gone=()
    # Machines that the test kept up itself have ended with it.
    [ "$i" -lt 2 ] || mapfile -t gone < <("$muster" status "$name" -o json |
      sed -n 's/.*"name": "\([^"]*\)".*/--forget-unreachable=\1/p' | tail -n +2)
    "$muster" destroy "$name" --yes "${gone[@]}" || sleep 0.5
  done
done
rm -rf "$work"
rmdir --ignore-fail-on-non-empty "$MUSTER_LOCAL_DIR" /var/lib/muster 2>/dev/null
