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
