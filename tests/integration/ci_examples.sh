#!/usr/bin/env bash
# The pipelines in examples/ci: their shell steps are taken out and run in order, each in the clean
# environment and the shell of its CI, with the real binary and simulated hosts. The smoke test needs
# Kubernetes, so here its place is taken by one that ends as it is told; tests/e2e/ci_examples.sh has
# the real one. Usage: MUSTER=build/debug/muster ci_examples.sh [BUILD_DIR]
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2317  # what check and trap call is reached
set -u

python3 -c 'import yaml' 2>/dev/null || { echo "skip ci: needs python3-yaml"; exit 0; }
suite=ci
# shellcheck source=tests/support/simulation.sh
. "$(dirname "$0")/../support/simulation.sh" "$@"
. "$root/tests/support/ci.sh"

check "the steps are taken out of all three files" ci_prepare
play 4
define ci "$work/checkout/examples/ci/cluster.json" 2

cat > "$work/bin/muster" <<WRAPPER
#!/bin/sh
echo "\$*" >> "$work/calls"
if [ "\$1" = test ]; then
  [ "\$#" = 4 ] && [ "\$3" = --junit ] || exit 2
  "$muster" status "\$2" || exit 2
  printf '<testsuites/>\n' > "\$4"
  exit "\${CI_TEST_RESULT:-0}"
fi
exec "$muster" --roles "$work/mine" "\$@"
WRAPPER
chmod +x "$work/bin/muster"

listed() { "$muster" list -o json | grep -q "\"name\": \"$1\""; }
nothing_left() { [ "$("$muster" list -o json)" = "[]" ] && [ "$(claims)" = 0 ]; }
words() { awk '{ print $1 }' "$work/calls" | xargs; }
run_ci() {  # FUNCTION ARGUMENT...: leaves $code and $work/out
  : > "$work/calls"
  "$@" > "$work/out" 2>&1
  code=$?
}
same() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
events_end_well() {
  python3 - "$work/checkout/events.jsonl" <<'PYTHON'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert events[-1]["type"] == "run_finished" and events[-1]["outcome"] == "changed", events[-1]
PYTHON
}

build_number=40
for file in "${ci_files[@]}"; do
  build_number=$((build_number + 1))
  name=$(ci_name "$file" "$build_number")
  unset CI_TEST_RESULT
  rm -f "$work/checkout"/*.jsonl "$work/checkout"/*.xml
  run_ci ci_pipeline "$file" "$build_number"
  check "$file: a good build passes" same "$code" 0
  check "$file: it applies, tests and destroys" same "$(words)" "apply test destroy"
  check "$file: it tests the cluster that it made" grep -q "^test $name " "$work/calls"
  check "$file: its events are JSON and end with what came of it" events_end_well
  check "$file: its results are a file" test -s "$work/checkout/results.xml"
  check "$file: nothing is left" nothing_left

  export CI_TEST_RESULT=1
  run_ci ci_pipeline "$file" "$build_number"
  check "$file: a test that fails fails the build" same "$code" 1
  check "$file: and the cluster is destroyed all the same" same "$(words)" "apply test destroy"
  check "$file: nothing is left then either" nothing_left

  # One that is canceled at its test runs nothing more; the night's job does what it can.
  run_ci ci_run "$file" "$build_number" main
  check "$file: a canceled build leaves its cluster" listed "$name"
  check "$file: with two hours to live" grep -q 'in 1h59m\|in 2h' <("$muster" list)
  run_ci ci_run "$file" "$build_number" nightly
  check "$file: the night keeps it as long as it may live" listed "$name"
  "$work/bin/muster" apply "$work/checkout/examples/ci/cluster.json" \
    --name-suffix "${name#ci-}" --ttl 1s --yes > "$work/out" 2>&1 </dev/null
  until_expired 1
  run_ci ci_run "$file" "$build_number" nightly
  check "$file: and destroys it then" nothing_left
  check "$file: which is the only thing that it does" same "$(words) $code" "gc 0"
done

# Two builds of one definition at once are two clusters.
unset CI_TEST_RESULT
ci_run gitlab-ci.yml 71 main > "$work/first" 2>&1 &
first=$!
ci_run gitlab-ci.yml 72 main > "$work/second" 2>&1
second=$?
wait "$first"
check "two builds at once" same "$? $second" "0 0"
both() { listed ci-71 && listed ci-72; }
check "are two clusters" both
ci_run gitlab-ci.yml 71 always > "$work/out" 2>&1
check "the end of one leaves the other" listed ci-72
ci_run gitlab-ci.yml 72 always > "$work/out" 2>&1
check "nothing is left of both" nothing_left

if "$muster" help test > /dev/null 2>&1; then
  check "the smoke test takes what the pipelines say" "$muster" test ci-1 --junit results.xml --help
else
  echo "skip ci: the smoke test is not in this muster"
fi
[ "$failures" = 0 ]
