#!/bin/bash
# flags.sh with the releases that can be built here (artifacts/go/kubernetes), but for the default. Those whose programs
# are not in this machine's cache are skipped (muster artifacts fetch --kubernetes RELEASE brings them).
# Only in ./test --all: half a minute for each release.
# Needs Kubernetes.
# Runs beside others: it meets nobody.
set -eu
cd "$(dirname "$0")/../.."
muster=${MUSTER:-${1:?usage: older_flags.sh BUILD_DIR}/muster}
default=$("$muster" version | sed -n 's/^Kubernetes \(v[0-9.]*\);.*/\1/p')
RELEASES=$(cd artifacts/go/kubernetes && printf '%s\n' v* | sort -rV | grep -vx "$default" | xargs)
export RELEASES
exec tests/integration/flags.sh "$@"
