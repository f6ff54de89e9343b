#!/bin/sh
# How files get to nodes, over a line that is fast, slow, or cut; upload_test.cc says how.
# Usage: upload.sh BUILD_DIR [options of the test program]. Needs root; about two minutes.
set -eu

build=${1:?usage: upload.sh BUILD_DIR}
shift
[ "$(id -u)" = 0 ] || { echo "upload.sh: needs root: it mounts a store of its own" >&2; exit 2; }
exec "$build/tests/integration_upload" "$@"
