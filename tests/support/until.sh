# Sourced.
# shellcheck shell=bash

# A folder of nodes of the test's own. Another one that has ended may just be removing /var/lib/muster.
node_folder() {  # PREFIX
  local try
  for try in 1 2 3 4 5; do
    [ "$try" = 1 ] || sleep 0.1
    mkdir -p /var/lib/muster && mktemp -d "/var/lib/muster/$1.XXXXXX" && return
  done
  return 1
}

# until_true SECONDS COMMAND...: waits on a condition; shows what the command says at the last try.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { "$@"; return; }
    sleep 0.2
  done
}
