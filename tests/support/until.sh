# Sourced.
# shellcheck shell=bash
# until_true SECONDS COMMAND...: waits on a condition; shows what the command says at the last try.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { "$@"; return; }
    sleep 0.2
  done
}
