#!/bin/sh
# Runs every task kind on a real node of the provider `local`; tasks_test.cc says how.
# Usage: tasks.sh BUILD_DIR [options of the test program]. Needs root; about half a minute.
# Needs Kubernetes.
set -eu

build=${1:?usage: tasks.sh BUILD_DIR}
shift
[ "$(id -u)" = 0 ] || { echo "tasks.sh: needs root: it starts a system container" >&2; exit 2; }
exec "$build/tests/integration_tasks" "$@"
