#!/bin/bash
# The scripts of tasks, of the store and of the ledger on real shells, dash and busybox, each in a root file
# system of its own that ends with its process; tests/shells says which.
# Runs beside others.
# Usage: shells.sh BUILD_DIR [options of the test program]. Needs root; about a minute.
set -eu

program=$(realpath "${1:?usage: shells.sh BUILD_DIR}")/tests/integration_shells
shift
[ "$(id -u)" = 0 ] || { echo "shells.sh: needs root: it makes root file systems" >&2; exit 2; }
[ $# -eq 0 ] || exec "$program" "$@"

# Most of the others wait.
"$program" --test-case='tasks:*' &
cases=$!
code=0
"$program" --test-case-exclude='tasks:*' || code=1
wait "$cases" || code=1
exit $code
