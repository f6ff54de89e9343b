#!/bin/sh
# How nodes are reached: addresses and the user's own ssh settings; login_test.cc says which.
# Usage: login.sh BUILD_DIR [options of the test program]. Needs root; some seconds.
set -eu

build=$(realpath "${1:?usage: login.sh BUILD_DIR}")
shift
exec "$(dirname "$0")/../support/own-world.sh" "$build/tests/integration_login" "$@"
