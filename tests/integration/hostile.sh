#!/bin/sh
# Tasks that print and do what they should not, behind a real sshd; hostile_test.cc says what.
# Usage: hostile.sh BUILD_DIR [options of the test program]. Needs root; about a minute.
set -eu

build=$(realpath "${1:?usage: hostile.sh BUILD_DIR}")
shift
exec "$(dirname "$0")/../support/own-world.sh" "$build/tests/integration_hostile" "$@"
