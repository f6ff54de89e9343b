#!/bin/bash
# One of the pipelines in examples/ci, for real: its shell steps make a cluster of one master and one
# worker, test it, and destroy it. With CI_FILES=all each of them, and a build whose test fails:
# tests/integration/ci_examples.sh does all that on simulated hosts.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"
# shellcheck source=tests/support/ci.sh
. "$root/tests/support/ci.sh"

muster=$(realpath "$muster")
python3 -c 'import yaml' 2>/dev/null || { echo "skip ci: needs python3-yaml"; exit 0; }
if ! "$muster" help test >/dev/null 2>&1; then
  echo "skip ci: the smoke test is not in this muster"
  exit 0
fi
MUSTER_CACHE=${MUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/muster}
export MUSTER_CACHE

need "the steps are taken out of all three files" ci_prepare
# Breaks the cluster before the smoke test of a build that is to fail.
cat > "$work/bin/muster" <<WRAPPER
#!/bin/sh
if [ "\$1" = test ] && [ -n "\${CI_TEST_BREAKS:-}" ]; then
  "$muster" ssh "\$2" "\$2-02-001" -- systemctl stop kubelet containerd </dev/null
fi
exec "$muster" "\$@"
WRAPPER
chmod +x "$work/bin/muster"

run_pipeline() { ci_pipeline "$@" > "$work/said" 2>&1 || { cat "$work/said"; return 1; }; }
fails() { ! ci_pipeline "$@" > "$work/said" 2>&1; }
all_passed() {
  python3 - "$work/checkout/results.xml" <<'PYTHON'
import sys, xml.etree.ElementTree as tree
cases = list(tree.parse(sys.argv[1]).getroot().iter("testcase"))
assert cases, "no test case"
assert not [case for case in cases if case.find("failure") is not None], "a case failed"
PYTHON
}

number=10
[ "${CI_FILES:-}" = all ] || ci_files=("${ci_files[0]}")
for file in "${ci_files[@]}"; do
  number=$((number + 1))
  rm -f "$work/checkout/results.xml"
  unset CI_TEST_BREAKS
  check "$file: a build makes a cluster, tests and destroys it" run_pipeline "$file" "$number"
  check "$file: its results are JUnit's, and good" all_passed
  check "$file: nothing is left" nothing_left
done

[ "${CI_FILES:-}" = all ] || exit 0
# What CI does then is the same in all: that is tested without Kubernetes, for each of the files.
rm -f "$work/checkout/results.xml"
export CI_TEST_BREAKS=1
check "a build whose cluster breaks fails" fails gitlab-ci.yml 20
check "the test has found it broken" grep -q '<failure' "$work/checkout/results.xml"
check "nothing is left of it" nothing_left
unset CI_TEST_BREAKS
check "the night has nothing to do" ci_run gitlab-ci.yml 20 nightly
