# For scripts that print a line for each case. Set $suite before, and $work, where muster's output is
# kept as "out"; at the end: exit $((failures > 0))
# shellcheck shell=bash disable=SC2154  # suite, work and code are the script's
failures=0

ok() { echo "ok $suite: $1"; }
fail() {  # NAME WHY
  local why=${2//$'\n'/|}
  [ ${#why} -le 2000 ] || why="${why:0:500} [...] ${why: -1500}"  # muster's errors come last
  echo "FAIL $suite: $1: $why"
  failures=$((failures + 1))
}
check() {  # NAME COMMAND...
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then ok "$name"; else
    fail "$name" "'$*': $said; muster: $(tail -n 20 "$work/out" 2>/dev/null)"
  fi
}
# Of the last run, which has left its exit code in $code.
expect() {  # NAME CODE [TEXT...]: the exit code and what must have been said, of the last run
  local name=$1 wanted=$2 text
  shift 2
  if [ "$code" != "$wanted" ]; then fail "$name" "exit code $code, not $wanted: $(cat "$work/out")"; return; fi
  for text in "$@"; do
    grep -qF -- "$text" "$work/out" || { fail "$name" "it does not say '$text': $(cat "$work/out")"; return; }
  done
  ok "$name"
}
