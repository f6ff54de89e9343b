#!/bin/bash
# Runs a command while every core is kept busy, as on a machine that others use too, and
# ends the load with it. Usage: load.sh COMMAND [ARGUMENT...]
set -u

loops=()
for ((i = 0; i < $(nproc); i++)); do
  # Each looks for its parent, so that none outlives a script that is killed.
  (while kill -0 $$ 2>/dev/null; do for ((n = 0; n < 200000; n++)); do :; done; done) &
  loops+=($!)
done
trap 'kill "${loops[@]}" 2>/dev/null' EXIT
trap 'exit 130' INT TERM
"$@"
