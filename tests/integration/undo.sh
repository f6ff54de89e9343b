#!/usr/bin/env bash
# What was on a machine before muster is there again when muster has gone: real Debian systems of
# somebody (support/machines.sh), reached by a user with sudo, listed before and after
# (support/listing.sh). One has a role with all there is to change, edits of its owner, and a muster that
# is killed at random; the other, behind a firewall of its own, is a whole Kubernetes node for a while.
# Usage: MUSTER=build/debug/muster undo.sh [BUILD_DIR] [KILLS] [SEED]. Needs root; about a minute.
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# Needs Kubernetes.
# shellcheck disable=SC2016,SC2317,SC2154  # text for machines; check calls it; from machines.sh
set -u

# shellcheck source=tests/support/machines.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/machines.sh"
muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
kills=${2:-3}
seed=${3:-$RANDOM}
suite=undo
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"

run() {  # ARGUMENT...: leaves $code and what muster said in $work/out
  "$muster" --roles "$work/mine" "$@" > "$work/out" 2>&1 < /dev/null
  code=$?
}
listing() { on "$1" "$(cat "$root/tests/support/listing.sh")" > "$work/$2"; }  # MACHINE FILE
same() { [ "$(wc -l < "$work/$1")" -gt 10000 ] && diff "$work/$1" "$work/$2"; }  # FILE FILE
unsaid_in() { [ "$(wc -l < "$work/$1")" -gt 10000 ] && ! grep -E -- "$2" "$work/$1"; }  # FILE PATTERN
hosts() {
  echo "hosts:"
  local name
  for name in "$@"; do
    echo "  - {name: $name, address: 10.77.0.${machine_number[$name]}, user: ops, key: key}"
  done
}

machines owned plane
hosts owned plane > "$work/hosts.yaml"
provider="{\"name\": \"inventory\", \"hints\": {\"file\": \"$work/hosts.yaml\"}}"

# --- a whole Kubernetes node, meanwhile, on a machine whose owner lets in what is named and no more. A
# rule too few, and no session comes in or goes on.

cat > "$work/plane.json" << JSON
{"name": "plane", "provider": $provider,
 "public_keys": {"ops": "$(cut -d' ' -f1,2 "$work/key.pub")"},
 "nodes": [{"prefix": "p", "roles": ["etcd", "k8s-master", "k8s-worker", "k8s-addons"], "hosts": ["plane"]}]}
JSON

plane_firewall() {
  on plane '
    set -e
    { apt-get -q update && apt-get -qy install iptables; } > /dev/null 2>&1
    iptables -A INPUT -i lo -j ACCEPT
    iptables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
    iptables -A INPUT -p tcp --dport 22 -j ACCEPT
    iptables -A INPUT -p tcp --dport 6443 -j ACCEPT
    iptables -A INPUT -p tcp --dport 25 -j REJECT
    iptables -P INPUT DROP
    iptables -t nat -A POSTROUTING -s 10.200.0.0/16 -j MASQUERADE
    iptables -N KUBERNETES-IS-NOT-MINE && iptables -A FORWARD -j KUBERNETES-IS-NOT-MINE
    nft add table inet theirs
    nft add chain inet theirs in "{ type filter hook input priority 10; policy accept; }"
    nft add rule inet theirs in tcp dport 26 drop
  '
}

plane() {  # with a folder of its own for what is said
  local work=$work/p session
  mkdir "$work"
  ln -s ../key ../mine ../plane.json "$work/"
  export MUSTER_STATE=$work/state
  check "the plane has its owner's firewall" plane_firewall
  on plane 'echo open; exec sleep 600' > "$work/session" &
  session=$!
  listing plane before
  run apply "$work/plane.json" --yes
  expect "a machine becomes a cluster" 0
  check "with rules of its own" on plane "nft list table ip kube-proxy | grep -q 'chain services' &&
    systemctl -q is-active kubelet.service"
  run apply "$work/plane.json" --yes --set attribs.k8s-bin_dir=/opt/cluster/bin \
    --set attribs.k8s-kube_config_dir=/srv/cluster --set attribs.login_user=eve
  expect "its programs and files move, and so does who may log in" 0
  check "all of it runs from the new places" on plane "systemctl -q is-active kubelet.service kube-proxy.service \
    kube-apiserver.service kube-scheduler.service muster-api-balancer.service && ! systemctl --failed | grep failed &&
    test -z \"\$(ls -l /proc/[0-9]*/exe 2> /dev/null | grep deleted)\""
  listing plane moved
  check "the distribution's haproxy does not start at a boot" on plane '! systemctl -q is-enabled haproxy.service'
  check "and nothing is left in the old ones" unsaid_in moved \
    '/etc/kubernetes|/usr/local/bin/kube|/home/muster|muster-muster|[a-z]+ muster:'
  run apply "$work/plane.json" --yes --set attribs.k8s-bin_dir=/opt/cluster/bin \
    --set attribs.k8s-kube_config_dir=/srv/cluster --set attribs.login_user=eve --json
  expect "once more changes nothing" 0 '"outcome":"unchanged"'
  run destroy plane --yes
  expect "and is given back" 0
  listing plane after
  check "as it was, rules in their order" same before after
  check "a session that was open all the time is open" kill -0 "$session"
  check "and it was one" grep -q open "$work/session"
  kill "$session"
  [ "$failures" = 0 ] || cat "$work/out"
}

# --- a role with one task of each kind, on a machine where some of it is there

mkdir -p "$work/mine/roles/mine" "$work/mine/templates/mine"
cat > "$work/mine/roles/mine/role.yaml" << 'ROLE'
role: mine
description: one task of each kind that changes a node
traces: [/var/lib/mine-data, /var/lib/there-before, /run/haproxy, /run/haproxy-master.sock, /run/haproxy.pid, /var/lib/haproxy]
tasks:
  - {name: packages, package: {names: [sudo, curl, haproxy]}}
  - {name: a directory below one that is missing, directory: {path: /opt/mine/a/b}}
  - {name: a new file, file: {path: /opt/mine/a/b/new, content: "new\n"}}
  - {name: a file that its owner will change, file: {path: /etc/mine.conf, content: "of muster\n"}}
  - {name: a file of somebody, file: {path: /etc/odd.conf, content: "of muster\n"}}
  - {name: and a second time, file: {path: /etc/edited.conf, content: "of muster\n"}}
  - {name: a mode, directory: {path: /srv/odd, mode: "0711"}}
  - {name: a link, link: {path: /etc/odd.link, to: /etc/mine.conf}}
  - {name: a line, line: {path: /etc/hosts, line: "10.9.8.7 mine"}}
  - {name: a line without end, line: {path: /etc/unended, line: "of muster"}}
  - {name: another line, line: {path: /etc/settings, line: "size = 2", match: "^size ="}}
  - {name: a setting, sysctl: {name: net.ipv4.ip_forward, value: "1"}}
  - {name: a user, user: {name: mine, groups: [users], sudo: true}}
  - {name: keys, authorized_key: {user: ops, keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ mine"]}}
  - {name: a mount, mount: {path: /mnt/mine, source: none, type: tmpfs}}
  - {name: made by a command, command: {run: "mkdir -p /var/lib/mine-data && date > /var/lib/mine-data/now", creates: /var/lib/mine-data/now}}
  - {name: data of somebody, command: {run: "touch /var/lib/there-before/mine", creates: /var/lib/there-before/mine}}
  - {name: a unit, file: {path: /etc/systemd/system/mine.service, content: "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"}}
  - {name: it runs, unit: {name: mine.service, enabled: true, state: started}}
  - {name: a unit of somebody, unit: {name: theirs.service, enabled: false, state: stopped}}
ROLE
cat > "$work/mine.json" << JSON
{"name": "mine", "provider": $provider, "nodes": [{"prefix": "m", "roles": ["mine"], "hosts": ["owned"]}]}
JSON

plane > "$work/plane.said" &
plane=$!

on owned '
  printf "of somebody\n" > /etc/odd.conf && chown games:mail /etc/odd.conf && chmod 4641 /etc/odd.conf
  cp -a /etc/odd.conf /etc/edited.conf
  mkdir -m 1777 /srv/odd /var/lib/there-before && echo data > /var/lib/there-before/data
  printf "a\nb" > /etc/unended
  printf "first\nsize = 1\nlast\n" > /etc/settings
  ln -s /nowhere /etc/odd.link
  printf "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n" > /etc/systemd/system/theirs.service
  systemctl daemon-reload && systemctl enable --now theirs.service
' > /dev/null 2>&1

listing owned before
began=${EPOCHREALTIME/./}
run apply "$work/mine.json" --yes
expect "a role of all kinds is applied" 0
applies=$(((${EPOCHREALTIME/./} - began) / 1000))
check "which changes much" on owned 'test -d /opt/mine/a/b && test -x /usr/bin/curl &&
  ! systemctl -q is-active theirs.service && ! systemctl -q is-enabled theirs.service'
run apply "$work/mine.json" --yes
expect "once more changes nothing" 0 "unchanged"
began=${EPOCHREALTIME/./}
run destroy mine --yes --verbose
expect "it is undone" 0 "what was there before is back"
destroys=$(((${EPOCHREALTIME/./} - began) / 1000))
listing owned after
check "everything is as before" same before after

# --- what the owner changes meanwhile

run apply "$work/mine.json" --yes
expect "it is applied again" 0
on owned 'echo mine >> /etc/mine.conf; echo edited > /etc/edited.conf; echo 10.1.1.1 other >> /etc/hosts
  echo more > /opt/mine/a/b/of-the-owner'
run destroy mine --yes
expect "and undone, with words about what somebody changed" 0 \
  "keep /etc/mine.conf as /etc/mine.conf.muster-saved: somebody has changed it" \
  "keep /etc/edited.conf as /etc/edited.conf.muster-saved: somebody has changed it" \
  "leave /opt/mine/a/b: it holds what muster did not make"
check "a new file that the owner changed is kept" on owned \
  'grep -q mine /etc/mine.conf.muster-saved && test ! -e /etc/mine.conf'
check "one that was there as well, beside the former" on owned \
  'grep -q edited /etc/edited.conf.muster-saved && grep -q "of somebody" /etc/edited.conf &&
   test "$(stat -c "%a %U %G" /etc/edited.conf)" = "4641 games mail"'
check "of a file with a line, only that line goes" on owned \
  'grep -q "10.1.1.1 other" /etc/hosts && ! grep -q 10.9.8.7 /etc/hosts'
check "what the owner put into muster's directory stays" on owned \
  'test -e /opt/mine/a/b/of-the-owner && test ! -e /opt/mine/a/b/new'
on owned 'rm -rf /opt/mine /etc/*.muster-saved; sed -i "/10.1.1.1 other/d" /etc/hosts'

# --- somebody else's package manager is at work when packages are to go: longer than one wait of ours

run apply "$work/mine.json" --yes
expect "it is applied once more" 0
on owned '
  mkdir -p /run/slow/DEBIAN
  printf "Package: slow\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: slow\n" > /run/slow/DEBIAN/control
  printf "#!/bin/sh\ntouch /run/installing\nwhile [ -e /run/slow ]; do sleep 0.1; done\n" > /run/slow/DEBIAN/postinst
  chmod 755 /run/slow/DEBIAN/postinst
  dpkg-deb -b /run/slow /run/slow.deb
  setsid sh -c "dpkg -i /run/slow.deb; dpkg --purge slow; rm -f /run/slow.deb /run/installing" > /dev/null 2>&1 < /dev/null &
  while [ ! -e /run/installing ]; do sleep 0.1; done
  setsid sh -c "sleep 30; rm -r /run/slow" > /dev/null 2>&1 < /dev/null &
' > /dev/null 2>&1
run destroy mine --yes
expect "its packages go when the other one has ended" 0
on owned 'while [ -e /run/slow.deb ]; do sleep 0.1; done'
listing owned after
check "and nothing is left of them" same before after

# --- muster is killed at random instants, and half of the time the script on the machine as well. What
# that one has started (apt, dpkg) goes on, as it does when a session ends.

# kill_at MS WHOM PID
kill_at() {
  sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
  kill -9 "$3"
  [ "$2" = muster ] || on owned 'for file in /run/muster.*/id.*; do
      [ -e "$file" ] || continue
      read -r script < "$file"
      kill -9 "$script" $(pgrep -P "$script" -x sh)
    done'
  wait "$3"
} 2> /dev/null

# killed MS WHOM ARGUMENT...
killed() {
  local at=$1 whom=$2
  shift 2
  "$muster" --roles "$work/mine" "$@" > "$work/killed" 2>&1 < /dev/null &
  kill_at "$at" "$whom" $!
}

# muster, the script and all of its shells, as soon as dpkg unpacks: nobody sees the end of apt.
killed_in_apt() {
  on owned 'for try in $(seq 1200); do ! pgrep -f "^/usr/bin/dpkg .*--unpack" > /dev/null || break; sleep 0.05; done
    read -r script < "$(ls /run/muster.*/id.*)"
    pkill -9 -x sh -g "$(($(ps -o pgid= -p "$script")))"'
  kill_at 0 muster "$1"
} 2> /dev/null

# A script whose muster was killed ends where it wants to say something.
scripts_end() {
  on owned 'for try in $(seq 200); do
      alive=
      for file in /run/muster.*/id.*; do
        if [ -e "$file" ] && read -r script < "$file" && kill -0 "$script"; then alive=1; fi
      done
      [ -n "$alive" ] || exit 0
      sleep 0.1
    done
    exit 1'
} 2> /dev/null

"$muster" --roles "$work/mine" apply "$work/mine.json" --yes > "$work/killed" 2>&1 < /dev/null &
killed_in_apt $!
run destroy mine --yes
expect "killed while packages come: it is undone in the end" 0
check "killed while packages come: no script is left" scripts_end
listing owned after
check "killed while packages come: what came along with them is gone" same before after

RANDOM=$seed
for ((try = 1; try <= kills; try++)); do
  apply_at=$((RANDOM % (applies + 200))) destroy_at=$((RANDOM % (destroys + 200)))
  whom=$([ $((try % 2)) = 1 ] && echo muster || echo both)
  name="seed $seed, $try: $whom killed $apply_at ms after apply began, then $destroy_at ms after destroy"
  killed "$apply_at" "$whom" apply "$work/mine.json" --yes
  killed "$destroy_at" "$whom" destroy mine --yes
  run destroy mine --yes
  expect "$name: it is undone in the end" 0
  check "$name: no script is left" scripts_end
  listing owned after
  check "$name: everything is as before" same before after
done

wait "$plane"
cat "$work/plane.said"
exit $((failures > 0 || $(grep -c ^FAIL "$work/plane.said") > 0))
