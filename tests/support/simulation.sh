# For scripts whose nodes are a simulation (tests/simulator), with a role of a user: no Kubernetes is
# needed. Sourced with the script's arguments ([BUILD_DIR]), after $suite is set. Makes $root, $build,
# $muster, $work and a world of the script's own, which go with it, and has cases.sh.
# shellcheck shell=bash disable=SC2154,SC2317  # suite is the script's; what the trap calls is reached
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(realpath "${1:-$root/build/debug}")
muster=$(realpath "${MUSTER:-$build/muster}")
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-$suite.XXXXXX")
simulator=
stop_simulator() {
  [ -z "$simulator" ] || { kill -TERM "$simulator" && wait "$simulator"; } 2>/dev/null
  simulator=
}
trap 'stop_simulator; rm -rf "$work"' EXIT
export MUSTER_STATE=$work/state MUSTER_CACHE=$work/cache MUSTER_INVENTORY_DIR=$work/claims
export HOME=$work/home
unset SSH_AUTH_SOCK XDG_STATE_HOME
mkdir -p "$HOME" "$work/mine/roles/few"
ssh-keygen -q -t ed25519 -N "" -C "" -f "$work/key"
printf '%s\n' 'role: few' 'description: a file' 'tasks:' \
  '  - {name: a file, file: {path: /srv/few, content: "here\n"}}' > "$work/mine/roles/few/role.yaml"
. "$root/tests/support/cases.sh"
# shellcheck source=tests/support/until.sh
. "$root/tests/support/until.sh"
same() { [ "$1" = "$2" ] || { echo "'$1', not '$2'"; return 1; }; }

play() {  # HOSTS OPTION...: a new simulation, and nothing on record
  stop_simulator
  rm -rf "$work/state" "$work/claims" "$work/hosts.yaml"
  : > "$work/said"  # the last one was ready too
  "$build/tests/muster-simulator" --nodes "$1" --authorized-key "$work/key.pub" \
    --identity "$work/key" --inventory "$work/hosts.yaml" "${@:2}" > "$work/said" 2>&1 &
  simulator=$!
  until grep -q ^ready "$work/said"; do
    kill -0 "$simulator" 2>/dev/null || { fail "the simulator starts" "$(cat "$work/said")"; exit 1; }
    sleep 0.02
  done
}
counted() {  # NAME: what the simulator counted so far
  local before
  before=$(wc -l <"$work/said")
  kill -USR1 "$simulator"
  until [ "$(wc -l <"$work/said")" -gt "$before" ]; do
    kill -0 "$simulator" 2>/dev/null || return
    sleep 0.01
  done
  tail -n 1 "$work/said" | sed -nE "s/.*\"$1\":([0-9]+).*/\1/p"
}
define() {  # NAME FILE COUNT
  printf '{"name": "%s", "provider": {"name": "inventory", "hints": {"file": "%s"}},
    "nodes": [{"roles": ["few"], "count": %s}]}\n' "$1" "$work/hosts.yaml" "$3" > "$2"
}
claims() { find "$work/claims" -name '*.json' 2>/dev/null | wc -l; }

# Waits until so many deployments have expired.
until_expired() {  # COUNT
  local end=$((SECONDS + 30))
  until [ "$("$muster" gc --dry-run 2>/dev/null | tail -n +2 | wc -l)" -ge "$1" ]; do
    [ $SECONDS -lt $end ] || { fail "$1 deployments expire" "$("$muster" list)"; return 1; }
    sleep 0.1
  done
}
