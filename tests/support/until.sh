# Sourced.
# shellcheck shell=bash
# until_true SECONDS COMMAND...: waits on a condition; shows what the command says in the end.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { "$@"; return 1; }
    sleep 0.2
  done
}
