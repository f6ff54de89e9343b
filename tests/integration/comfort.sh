#!/bin/sh
# Nodes without comfort, each behind a real sshd; comfort_test.cc says which.
# Usage: comfort.sh BUILD_DIR [options of the test program]. Needs root; about two minutes.
set -eu

build=$(realpath "${1:?usage: comfort.sh BUILD_DIR}")
shift
exec "$(dirname "$0")/../support/own-world.sh" "$build/tests/integration_comfort" "$@"
