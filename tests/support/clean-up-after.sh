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
  for name in $left; do "$muster" destroy "$name" --yes || sleep 0.5; done
done
rm -rf "$work"
rmdir --ignore-fail-on-non-empty "$MUSTER_LOCAL_DIR" /var/lib/muster 2>/dev/null
