#!/usr/bin/env bash
# Existing hosts that several musters want: of root and of another user, who share no state and no
# folder, and of one user with two states; one after the other, and at once. With the real binary and an
# sshd on loopback. Usage: MUSTER=build/debug/muster two_users.sh [BUILD_DIR]
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2154,SC2317  # cases.sh counts the failures; what check and trap call is reached
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
[ "$(id -u)" = 0 ] || { echo "skip two_users: needs root"; exit 0; }
[ -x /usr/sbin/sshd ] || { echo "skip two_users: needs openssh-server"; exit 0; }

work=$(mktemp -d "${TMPDIR:-/tmp}/muster-users.XXXXXX")
trap 'end_hosts; rm -rf "$work"' EXIT
unset SSH_AUTH_SOCK MUSTER_STATE MUSTER_INVENTORY_DIR XDG_STATE_HOME XDG_CACHE_HOME
suite=two_users
. "$root/tests/support/cases.sh"
. "$root/tests/support/loopback-hosts.sh"

# Each has a home, a key and a hosts file of their own, and no account: nothing asks for one.
chmod 755 "$work"
loopback_hosts "$work/hosts" alpha
cp "$muster" "$work/muster"
mkdir -p "$work/mine/roles/site"
cat > "$work/mine/roles/site/role.yaml" <<YAML
role: site
description: a file that says whose the host is
tasks:
  - {name: whose, file: {path: /srv/whose, content: "{{cluster.name}}\n"}}
YAML
declare -A ids=([root]=0 [ann]=61234)
for user in root ann; do
  mkdir -p "$work/$user"
  cp "$work/hosts/id" "$work/hosts/hosts.yaml" "$work/$user"
  for name in "$user-1" "$user-2"; do
    printf '{"name": "%s", "provider": {"name": "inventory", "hints": {"file": "%s"}}, "nodes": [{"roles": ["site"]}]}\n' \
      "$name" "$work/$user/hosts.yaml" > "$work/$user/$name.json"
  done
  chown -R "${ids[$user]}:${ids[$user]}" "$work/$user"
done

as() {  # USER STATE ARGUMENT...: leaves what was said in $work/STATE.out
  local user=$1 state=$2
  shift 2
  (cd / && exec setpriv --reuid "${ids[$user]}" --regid "${ids[$user]}" --clear-groups \
    env HOME="$work/$user" MUSTER_STATE="$work/$user/$state" \
    "$work/muster" --roles "$work/mine" "$@") > "$work/$state.out" 2>&1 < /dev/null
}
run() {  # USER STATE ARGUMENT...: leaves $code besides, and what was said in $work/out
  as "$@"
  code=$?
  cp "$work/$2.out" "$work/out"
}
apply() {  # USER STATE ARGUMENT...
  local user=$1 state=$2
  shift 2
  run "$user" "$state" apply "$work/$user/$state.json" --yes "$@"
}
destroy() { run "$1" "$2" destroy "$2" --yes; }
whose() { cat "$hosts_folder/alpha/srv/whose" 2> /dev/null; }
has_nothing() { [ -z "$(find "$hosts_folder/alpha/var" "$hosts_folder/alpha/srv" -mindepth 1)" ]; }

# --- one after the other

apply root root-1
expect "root gets the host" 0 "'root-1' is up"
apply ann ann-1
expect "another user is told whose it is, and nothing begins" 1 \
  "it is in use by deployment 'root-1' of root@" "remove /var/lib/muster/owner there"
destroy ann ann-1
expect "there is nothing to give up" 0 "nothing to destroy"
run ann ann-1 check "$work/ann/ann-1.json"
expect "a check says the same" 1 "it is in use by deployment 'root-1' of root@"
apply ann ann-1 --skip-check
expect "nor does it help not to look" 1 \
  "its machine is in use: deployment 'root-1' of root@" "remove the file"
check "the host stays as it was" test "$(whose)" = root-1
apply root root-1
expect "root still has it" 0 "1 unchanged"
run ann ann-1 plan --refresh "$work/ann/ann-1.json"
expect "who did not get it sees that" 1 "deployment 'root-1' of root@"
destroy ann ann-1
expect "and can give up" 0 "nothing is undone" "'ann-1' is gone"
check "without touching it" test "$(whose)" = root-1
destroy root root-1
expect "root gives it back" 0 "'root-1' is gone"
check "nothing is left on it" has_nothing
apply ann ann-1
expect "then the other user can have it" 0 "'ann-1' is up"
apply root root-1
expect "and root is told" 1 "deployment 'ann-1' of"
rm "$hosts_folder/alpha/var/muster/owner"
apply ann ann-1
expect "who has it says so again" 0 "1 unchanged"
check "on the host" grep -q "deployment 'ann-1' of" "$hosts_folder/alpha/var/muster/owner"
destroy ann ann-1
check "nothing is left then either" has_nothing

# --- at once

at_once() {  # NAME USER STATE USER STATE: who wins, and what the other one hears
  local name=$1 first second codes winner loser each
  as "$2" "$3" apply "$work/$2/$3.json" --yes --skip-check &
  first=$!
  as "$4" "$5" apply "$work/$4/$5.json" --yes --skip-check &
  second=$!
  wait "$first"
  codes=$?
  wait "$second"
  codes="$codes $?"
  winner=$3 loser=$5
  [ "$codes" = "0 1" ] || winner=$5 loser=$3
  cat "$work/$3.out" "$work/$5.out" > "$work/out"
  check "$name: one wins ($codes)" grep -qxE '0 1|1 0' <<< "$codes"
  check "$name: the host is the winner's" test "$(whose)" = "$winner"
  check "$name: the other one hears whose it is" grep -qF "deployment '$winner'" "$work/$loser.out"
  for each in "$2 $3" "$4 $5"; do
    # shellcheck disable=SC2086  # user and state
    destroy $each
    expect "$name: both can be destroyed: $each" 0
  done
  check "$name: nothing is left" has_nothing
}
for try in 1 2 3; do
  at_once "two users at once, $try" root root-1 ann ann-1
  at_once "two states of one user at once, $try" ann ann-1 ann ann-2
done

exit $((failures > 0))
