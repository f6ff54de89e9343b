#!/usr/bin/env bash
# Existing machines that cannot be undone, for real: sshd on loopback addresses, each host with a
# folder of its own, a role whose undo fails when told so, and the real binary. Whatever the way by
# which a node leaves, its host stays claimed and on record until all was undone, or until the user
# says that it is gone for good.
# Usage: MUSTER=build/debug/muster unreachable.sh [BUILD_DIR]. Needs root: sshd logs in as who it runs as.
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2317  # what check and trap call is reached
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
[ "$(id -u)" = 0 ] || { echo "skip unreachable: needs root"; exit 0; }
[ -x /usr/sbin/sshd ] || { echo "skip unreachable: needs openssh-server"; exit 0; }

work=$(mktemp -d "${TMPDIR:-/tmp}/muster-unreachable.XXXXXX")
# shellcheck source=tests/support/loopback-hosts.sh
. "$root/tests/support/loopback-hosts.sh"
clean_up() {
  end_hosts
  rm -rf "$work"
}
trap clean_up EXIT
export MUSTER_STATE=$work/state MUSTER_CACHE=$work/cache MUSTER_INVENTORY_DIR=$work/claims
export HOME=$work/home
unset SSH_AUTH_SOCK
suite=unreachable
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"

run() {  # ARGUMENT...: leaves $code and what muster said, both streams, in $work/out
  "$muster" --roles "$work/mine" "$@" > "$work/out" 2>&1 < /dev/null
  code=$?
}
silent_about() { ! grep -E "$1" "$work/out"; }

# --- hosts

mkdir -p "$work/home"
loopback_hosts "$work/hosts" alpha beta gamma
ssh-keygen -q -t ed25519 -N "" -f "$work/hosts/stranger.key"

# --- two roles of a user. What is undone says so once in /srv/undone; /srv/stuck makes an undo fail.

for role in lower upper; do
  mkdir -p "$work/mine/roles/$role"
  cat > "$work/mine/roles/$role/role.yaml" <<YAML
role: $role
description: a file
$([ "$role" = upper ] && echo 'needs: [lower]')
tasks:
  - name: the file
    file: {path: /srv/$role, content: "{{node.name}}"}
undo:
  - name: $role is undone
    command: {run: "echo $role >> /srv/undone; ! test -e /srv/stuck-$role"}
YAML
done
define() {  # FILE NAME HOST...
  local file=$1 name=$2
  shift 2
  printf '{"name": "%s", "provider": {"name": "inventory", "hints": {"file": "%s"}}, "nodes": [{"roles": ["upper"], "hosts": ["%s"]}]}\n' \
    "$name" "$work/hosts/hosts.yaml" "$(sed 's/ /", "/g' <<< "$*")" > "$work/$file.json"
}
claimed() {  # HOST...: these and no others
  local wanted
  wanted=$(for host in "$@"; do echo "${host_address[$host]}:$host_port.json"; done | sort)
  [ "$(cd "$work/claims" && find . -name '*.json' -printf '%f\n' | sort)" = "$wanted" ]
}
has() { test -e "$work/hosts/$1/srv/$2"; }   # HOST FILE
has_not() { ! has "$@"; }
undone() { [ "$(tr '\n' ' ' < "$work/hosts/$1/srv/undone")" = "$2" ]; }  # HOST "ROLE ROLE "
in_use() { "$muster" hosts "$work/hosts/hosts.yaml" < /dev/null | grep -E "^$1 .*$2"; }  # HOST BY
on_record() { "$muster" status "$1" < /dev/null | grep -w "$2"; }                  # DEPLOYMENT NODE
apply() {
  run apply "$work/$1.json" --yes --skip-check
  expect "$2" "${3:-0}" "${@:4}"
}

# --- an undo that fails: the host is kept, the others go

define site site alpha beta gamma
apply site "three hosts"
touch "$work/hosts/beta/srv/stuck-lower"
run destroy site --yes
expect "destroy: an undo that fails" 1 "lower is undone" \
  "'beta' stays in use until what roles made there is undone: mend it, and run this again" \
  "what is left of 'site' is still on record"
check "destroy: its host is still claimed, and no other" claimed beta
check "destroy: muster hosts says so" in_use beta site/beta
check "destroy: it is on record" on_record site beta
check "destroy: what its role made is there" has beta lower
check "destroy: the others were undone" has_not alpha lower
run destroy site --yes --forget-unreachable beta
expect "destroy: a host that answers is not forgotten" 1 "mend it, and run this again"
check "destroy: it is claimed yet" claimed beta
rm "$work/hosts/beta/srv/stuck-lower"
run destroy site --yes
expect "destroy: mended and run again" 0 "'site' is gone"
check "destroy: what had ended well was not done again" undone beta "upper lower lower lower "
check "destroy: nothing is left there" has_not beta lower
check "destroy: no host is claimed" claimed
run destroy site --yes
expect "destroy: twice is fine" 0 "nothing to destroy"
rm -f "$work"/hosts/*/srv/undone

# --- a host that is down

apply site "once more"
stop_host beta
run destroy site --yes
expect "destroy: a host that is down" 1 "'beta' does not answer" \
  "'beta' stays in use until what roles made there is undone: bring it back, and run this again" \
  "if it is gone for good, run this again with --forget-unreachable site/beta"
check "destroy: the host that is down is still claimed, and no other" claimed beta
check "destroy: it is in use" in_use beta site/beta
start_host beta
run destroy site --yes
expect "destroy: the host is back" 0 "'site' is gone"
check "destroy: it was undone" has_not beta upper
check "destroy: and is free" claimed

# --- a host whose sshd says nothing, and one that is another machine by now: forgotten by name

apply site "and once more"
kill -STOP "${host_sshd[beta]}"
stop_host gamma
start_host gamma stranger.key
run destroy site --yes
expect "destroy: a silent sshd, and a changed host key" 1 "no SSH handshake" \
  "--forget-unreachable site/beta" "the host key of" "--forget-unreachable site/gamma"
check "destroy: both are still claimed" claimed beta gamma
run destroy site --yes --forget-unreachable beta --forget-unreachable typo
expect "forget: one of them" 1 "no node 'typo' is on record: nothing to forget" \
  "'beta' is forgotten and was not undone: what roles made stays on root@${host_address[beta]}, port $host_port (roles upper, lower)"
check "forget: that one is free" claimed gamma
check "forget: what it has stays there" has beta upper
run destroy site --yes --forget-unreachable site/gamma
expect "forget: the other" 0 "'gamma' is forgotten and was not undone" "'site' is gone"
check "forget: all are free" claimed
kill -CONT "${host_sshd[beta]}"
stop_host gamma
start_host gamma
rm -f "$work"/hosts/*/srv/*

# --- a node that leaves by apply, and by a rollback

apply site "hosts again"
stop_host gamma
define site site alpha beta
apply site "apply: a host that is down leaves" 1 "--forget-unreachable site/gamma"
check "apply: it is still claimed" claimed alpha beta gamma
check "apply: and on record" on_record site gamma
run apply "$work/site.json" --yes --atomic --skip-check
expect "apply --atomic: it leaves no better" 1
check "apply --atomic: it is still claimed" claimed alpha beta gamma
start_host gamma
apply site "apply: it leaves when it is back"
check "apply: it was undone" has_not gamma upper
check "apply: it is free" claimed alpha beta

define site site alpha beta gamma
apply site "it comes again"
stop_host gamma
run rollback site --yes
expect "rollback: a host that is down leaves" 1 "--forget-unreachable site/gamma"
revision=$(sed -n "s/^muster: to revision \([0-9]*\) of.*/\1/p" "$work/out")
check "rollback: it is still claimed" claimed alpha beta gamma
run rollback site --to "$revision" --yes --forget-unreachable gamma
expect "rollback: it is forgotten" 0 "'gamma' is forgotten and was not undone"
check "rollback: it is free" claimed alpha beta
start_host gamma
rm -f "$work"/hosts/gamma/srv/*

# --- an atomic apply that is undone, while a new host's undo fails

touch "$work/hosts/gamma/srv/stuck-upper"
define whole whole gamma
mkdir -p "$work/mine/roles/broken"
printf '%s\n' 'role: broken' 'description: fails' 'needs: [upper]' 'tasks:' \
  '  - {name: it fails, command: {run: "false"}}' > "$work/mine/roles/broken/role.yaml"
sed -i 's/"upper"/"broken"/' "$work/whole.json"
run apply "$work/whole.json" --yes --atomic --skip-check
expect "--atomic: what it made cannot be undone" 1 "'whole' could not be undone wholly"
check "--atomic: the host is still claimed" claimed alpha beta gamma
check "--atomic: and on record" on_record whole gamma
rm "$work/hosts/gamma/srv/stuck-upper"
run destroy whole --yes
expect "--atomic: mended and destroyed" 0 "'whole' is gone"
check "--atomic: it was undone" has_not gamma upper
check "--atomic: it is free" claimed alpha beta

# --- gc

run apply "$work/site.json" --yes --ttl 1s --skip-check
expect "a deployment with an end" 0
stop_host beta
sleep 1
run gc --yes
expect "gc: a host that is down" 1 "--forget-unreachable site/beta" "site: not destroyed"
check "gc: it is still claimed, and no other" claimed beta
run gc --yes --forget-unreachable site/beta
expect "gc: it is forgotten" 0 "'beta' is forgotten and was not undone" "site: destroyed"
check "gc: all are free" claimed
start_host beta
rm -f "$work"/hosts/*/srv/*

# --- a classroom

printf '{"name": "lab", "provider": {"name": "inventory", "hints": {"file": "%s"}}, "nodes": [{"prefix": "n", "roles": ["upper"]}]}\n' \
  "$work/hosts/hosts.yaml" > "$work/template.json"
echo "name,email,ssh key" > "$work/roster.csv"
for student in ann bob; do
  ssh-keygen -q -t ed25519 -N "" -f "$work/$student"
  echo "$student,$student@example.com,$(cut -d' ' -f1,2 "$work/$student.pub")" >> "$work/roster.csv"
done
run classroom apply --template "$work/template.json" --roster "$work/roster.csv" --yes --skip-check
expect "a classroom" 0
for host in alpha beta; do stop_host "$host"; done
run classroom destroy lab --yes
expect "classroom destroy: hosts that are down" 1 "--forget-unreachable lab-ann/n-001" "--forget-unreachable lab-bob/n-001"
check "classroom destroy: they are still claimed" claimed alpha beta
run classroom destroy lab --yes --forget-unreachable n-001
expect "classroom destroy: a name that several have" 2 "'n-001' is a node of several deployments" \
  "say which: --forget-unreachable lab-ann/n-001"
run classroom destroy lab --yes --forget-unreachable lab-ann/n-001
expect "classroom destroy: one is forgotten" 1 "'n-001' is forgotten and was not undone"
check "classroom destroy: the other is still claimed" test "$(find "$work/claims" -name '*.json' | wc -l)" = 1
for host in alpha beta; do start_host "$host"; done
run classroom destroy lab --yes
expect "classroom destroy: the other is back" 0
check "classroom destroy: all are free" claimed

exit $((failures > 0))
