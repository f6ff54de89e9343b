#!/bin/bash
# flags.sh with the releases that muster is tried with, but for the default. Those whose programs are not in this
# machine's cache are skipped (muster artifacts fetch --kubernetes RELEASE brings them).
# Only in ./test --all: half a minute for each release.
# Needs Kubernetes.
# Runs beside others: it meets nobody.
set -eu
muster=${MUSTER:-${1:?usage: older_flags.sh BUILD_DIR}/muster}
RELEASES=$("$muster" versions -o json | python3 -c 'import json, sys
print(*[version for minor in json.load(sys.stdin)[1:] for version in minor["tried"]])')
[ -n "$RELEASES" ] || { echo "skip flags: muster is tried with no other release"; exit 0; }
export RELEASES
exec "$(dirname "$0")/flags.sh" "$@"
