#!/usr/bin/env bash
# Who may log in to a node, and who may no longer: real accounts, keys, sudo and logins by a real sshd,
# through the real binary, in namespaces that end with the script.
# Usage: MUSTER=build/debug/muster access.sh [BUILD_DIR]. Needs root; some seconds.
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2317  # what check calls is reached
set -u

if [ "${1:-}" != --inside ]; then
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
  [ "$(id -u)" = 0 ] || { echo "skip access: needs root"; exit 0; }
  for program in /usr/sbin/sshd sudo; do
    command -v "$program" > /dev/null || { echo "skip access: needs $program"; exit 0; }
  done
  # Files that may lie in a folder that is covered there.
  exec 7< "${BASH_SOURCE[0]}" 8< "$muster" 9< "$root/tests/support/cases.sh"
  exec "$root/tests/support/own-world.sh" /bin/bash /dev/fd/7 --inside
fi

suite=access
work=/mnt/work
muster=/mnt/muster
cp /dev/fd/8 $muster
chmod 0755 $muster /mnt
# shellcheck source=tests/support/cases.sh
. /dev/fd/9
exec 7<&- 8<&- 9<&-
export MUSTER_STATE=$work/state MUSTER_CACHE=$work/cache MUSTER_INVENTORY_DIR=$work/claims
unset XDG_STATE_HOME

run() {  # ARGUMENT...: leaves $code and what muster said in $work/out
  "$muster" --roles "$work/mine" "$@" > "$work/out" 2>&1 < /dev/null
  code=$?
}

# --- one host, with an account of somebody

for key in id ann bob host; do ssh-keygen -q -t ed25519 -N "" -C $key -f "$work/$key"; done
mkdir -m 0700 /root/.ssh
cp "$work/id.pub" /root/.ssh/authorized_keys
useradd -m -s /bin/bash -p '*' ops
install -d -m 0700 -o ops -g ops /home/ops/.ssh
install -m 0600 -o ops -g ops "$work/id.pub" /home/ops/.ssh/authorized_keys
echo 'ops ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/ops
chmod 0440 /etc/sudoers.d/ops
printf '%s\n' "ListenAddress 127.0.0.1" "Port 22" "HostKey $work/host" "UsePAM no" "PidFile none" \
  "PasswordAuthentication no" "KbdInteractiveAuthentication no" "PermitRootLogin yes" \
  "AuthorizedKeysFile .ssh/authorized_keys" > "$work/sshd_config"
/usr/sbin/sshd -D -e -f "$work/sshd_config" 2>> "$work/sshd.log" &
for ((try = 0; try < 200; try++)); do
  (exec 3<> /dev/tcp/127.0.0.1/22) 2> /dev/null && break
  sleep 0.05
done

hosts() {  # USER: as whom muster logs in
  echo "hosts: [{name: one, address: 127.0.0.1, user: $1, key: id, host_key: $(cut -d' ' -f1,2 "$work/host.pub")}]" \
    > "$work/hosts.yaml"
}
define() {  # LOGIN_USER KEY...
  local user=$1 keys='' name
  shift
  for name; do keys="$keys${keys:+, }\"$name\": \"$(cat "$work/$name.pub")\""; done
  cat > "$work/d.json" << JSON
{"name": "d", "provider": {"name": "inventory", "hints": {"file": "$work/hosts.yaml"}},
 "attribs": {"login_user": "$user"}, "public_keys": {$keys},
 "nodes": [{"roles": ["site"], "hosts": ["one"]}]}
JSON
}
mkdir -p "$work/mine/roles/site" "$work/mine/templates"
cat > "$work/mine/roles/site/role.yaml" << 'YAML'
role: site
description: nothing but what every node gets
needs: [base]
tasks:
  - {name: a file, file: {path: /srv/site, content: "x\n"}}
YAML

as() {  # KEY USER COMMAND...
  ssh -q -F none -i "$work/$1" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null "$2@127.0.0.1" "${@:3}" < /dev/null
}
may() { as "$1" "$2" sudo -n true; }
may_not() { ! as "$1" "$2" true; }
no_account() { ! getent passwd "$1"; }
drift() {  # NAME CODE [TEXT...]: a plan with --refresh
  local name=$1 wanted=$2
  shift 2
  run plan "$work/d.json" --refresh --detailed-exitcode
  expect "$name" "$wanted" "$@"
}

# --- the last key

hosts root
define muster ann bob
run apply "$work/d.json" --yes
expect "two keys" 0 "'d' is up"
check "ann logs in and may use sudo" may ann muster
check "so does bob" may bob muster
define muster ann
run plan "$work/d.json"
expect "a plan says whose key goes" 0 "changed: settings; key 'bob' leaves 'muster'"
run apply "$work/d.json" --yes
expect "one key goes" 0
check "bob logs in no more" may_not bob muster
check "ann does" may ann muster
cp -a /home/muster "$work/home"
cp -a /etc/sudoers.d/muster-muster "$work/rule"
define muster
run plan "$work/d.json"
expect "a plan says that the last key goes, and sudo" 0 "key 'ann' leaves 'muster'; sudo leaves 'muster'"
run plan "$work/d.json" --refresh
expect "with --refresh, what goes on the node" 0 "what nobody wants any more is gone"
run apply "$work/d.json" --yes --verbose
expect "the last key goes" 0 "what nobody wants any more is gone"
check "ann logs in no more" may_not ann muster
check "the account is gone" no_account muster
check "its sudo is gone" test ! -e /etc/sudoers.d/muster-muster
check "its home is gone" test ! -e /home/muster
check "muster's own key is where it was" cmp "$work/id.pub" /root/.ssh/authorized_keys
drift "there is no drift then" 0 "no drift"
run apply "$work/d.json" --yes --json
expect "nothing is done twice" 0 '"outcome":"unchanged"'

# --- somebody brings it again

useradd -m -s /bin/bash -p '*' muster
drift "an account that is there again is drift" 2 "let user muster be, which had left and is there again"
cp -a "$work/home/.ssh" /home/muster/
chown -R muster: /home/muster
cp -a "$work/rule" /etc/sudoers.d/muster-muster
check "with its keys and its rule it has access again" may ann muster
drift "which is drift" 2 "take muster's keys from muster"
run apply "$work/d.json" --yes
expect "and is mended" 0
check "ann logs in no more" may_not ann muster
check "its sudo is gone again" test ! -e /etc/sudoers.d/muster-muster
check "the account is somebody's" getent passwd muster
drift "there is no drift then" 0 "no drift"
userdel -r muster 2> /dev/null

# --- another login user: one that was there before, and one that was not

define eve ann
run apply "$work/d.json" --yes
expect "a new login user" 0
check "ann is in" may ann eve
define ops ann
run plan "$work/d.json"
expect "a plan says whom access leaves" 0 "keys and sudo leave 'eve'"
run apply "$work/d.json" --yes
expect "a login user who was there before" 0
check "ann is not eve any more" may_not ann eve
check "whose account is gone" no_account eve
check "nor is her rule there" test ! -e /etc/sudoers.d/muster-eve
check "ann is ops" may ann ops
define eve ann
run apply "$work/d.json" --yes
expect "and away from it" 0
check "ann is not ops any more" may_not ann ops
check "who keeps the keys that it had" cmp "$work/id.pub" /home/ops/.ssh/authorized_keys
check "and its sudo" may id ops
check "muster's rule for it is gone" test ! -e /etc/sudoers.d/muster-ops
drift "there is no drift then" 0 "no drift"

# --- muster itself logs in as the login user

hosts ops
define ops ann
run apply "$work/d.json" --yes
expect "muster logs in as the login user" 0
check "ann does too" may ann ops
define ops
run apply "$work/d.json" --yes
expect "the last key goes" 0
check "ann logs in no more" may_not ann ops
drift "muster does" 0 "no drift"
define ops id
run apply "$work/d.json" --yes
expect "its own key is one of the definition's" 0
# Whose owner thinks that it is there twice.
sed -i '/^# BEGIN muster$/,$!d' /home/ops/.ssh/authorized_keys
rm /etc/sudoers.d/ops
define ops
run apply "$work/d.json" --yes
expect "muster does not saw off the branch it sits on" 1 \
  "muster itself logs in as ops, who has no other keys: put muster's own key into /home/ops/.ssh/authorized_keys" \
  "muster itself logs in as ops, whom no other rule lets use sudo without a password"
check "it still has its key and its sudo" may id ops
cat "$work/id.pub" >> /home/ops/.ssh/authorized_keys
echo 'ops ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/ops
run apply "$work/d.json" --yes
expect "with a way of its own it goes on" 0
check "as the definition says" test ! -e /etc/sudoers.d/muster-ops
drift "there is no drift then" 0 "no drift"

run destroy d --yes
expect "all is given back" 0
check "nothing of muster is left" test ! -e /var/lib/muster/kept -a ! -e /srv/site
exit $((failures > 0))
