#!/usr/bin/env bash
# Tasks of the kinds package and unit on nodes of other families, each behind a real sshd, by the real
# binary: dnf and rpm on Debian's root without apt, OpenRC (and apk, where this machine has it) beside
# nothing but busybox, and what apt knows of the packages of this machine; a real firewalld beside dnf,
# and packets through it. The repositories are made here; support/family-nodes.sh has the roots.
# Usage: MUSTER=build/debug/muster families.sh [BUILD_DIR]. Needs root; a minute.
# MUSTER_TEST_APK: an apk that is not in PATH. MUSTER_TEST_ALPINE: a tar of Alpine's own root file system,
# which takes the place of the made one.
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
# shellcheck disable=SC2016,SC2034,SC2154,SC2317  # what cases.sh reads and sets; what check calls
set -u
suite=families

# --- outside: hand what is needed to a world of its own, where nothing of this machine is changed

# unpack FOLDER NAME PACKAGE...: not installed, since OpenRC's would take the place of init scripts, and
# firewalld's would start it.
unpack() {
  (
    mkdir -p "$1/$2/packages" && cd "$1/$2/packages" || exit 1
    apt-get -qq download "${@:3}" || { apt-get -qq update && apt-get -qq download "${@:3}"; } || exit 1
    for package in *.deb; do dpkg-deb -x "$package" .. || exit 1; done
    rm -r "$1/$2/packages"
  ) > "$1/$2.log" 2>&1 || rm -rf "${1:?}/$2"
}
# What of firewalld this machine lacks, in one line.
firewalld_packages() {
  apt-get -s install --no-install-recommends firewalld dbus-daemon python3-dbus python3-gi 2> /dev/null |
    sed -n 's/^Inst \([^ ]*\) .*/\1/p' | tr '\n' ' '
}

# The tasks "package" of the built-in roles, each once.
role_packages() {
  python3 - "$1"/roles/*/role.yaml <<'PY'
import json, sys, yaml
seen = []
for name in sys.argv[1:]:
    for task in yaml.safe_load(open(name)).get("tasks", []):
        if "package" in task and task["package"] not in seen:
            seen.append(task["package"])
            print("  - " + json.dumps({"name": f"p{len(seen)}", "package": task["package"]}))
PY
}

# All of it as a tar on stdout, from memory of this process alone.
pack() {
  local root=$1 apk=$2 library
  mount -t tmpfs none /mnt && mkdir /mnt/pack || return 1
  cp "$root"/tests/support/{cases,family-nodes,until}.sh /var/lib/dpkg/status /mnt/pack/
  unpack /mnt/pack openrc openrc librc1 libeinfo1 insserv
  # shellcheck disable=SC2046
  unpack /mnt/pack firewalld netbase $(firewalld_packages)
  [ -z "$3" ] || cp "$3" /mnt/pack/alpine.tar
  role_packages "$root" > /mnt/pack/packages.tasks
  if [ -n "$apk" ]; then
    mkdir /mnt/pack/apk
    cp "$apk" /mnt/pack/apk/apk
    for library in $(ldd "$apk" | awk '/libapk/ && $3 ~ /^\// { print $3 }'); do
      cp "$library" /mnt/pack/apk/
    done
  fi
  tar -C /mnt/pack -c .
}

if [ "${1:-}" = --pack ]; then
  pack "$2" "$3" "$4"
  exit
fi
if [ "${1:-}" != --inside ]; then
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  [ "$(id -u)" = 0 ] || { echo "skip families: needs root"; exit 0; }
  for program in /usr/sbin/sshd dnf rpmbuild createrepo_c busybox; do
    command -v "$program" > /dev/null && continue
    echo "FAIL families: $program is missing; scripts/install-dependencies --test brings it"
    exit 1
  done
  # Open files are there even where the world has something else in their place.
  exec 7< "${MUSTER:-${1:-$root/build/debug}/muster}" || exit 1
  exec 8< <(exec unshare --mount "$(realpath "${BASH_SOURCE[0]}")" --pack "$root" \
    "${MUSTER_TEST_APK:-$(command -v apk)}" "${MUSTER_TEST_ALPINE:-}")
  exec "$root/tests/support/own-world.sh" "$(realpath "${BASH_SOURCE[0]}")" --inside
fi

# --- inside

work=/mnt/work
pack=/mnt/pack
mkdir $pack && tar -C $pack -x <&8 && cat <&7 > /mnt/muster && chmod 755 /mnt/muster || exit 1
exec 7<&- 8<&-
export HOME=$work/home MUSTER_STATE=$work/state MUSTER_CACHE=$work/cache MUSTER_INVENTORY_DIR=$work/claims
mkdir -p "$HOME"
# shellcheck disable=SC1091
. $pack/cases.sh
# shellcheck disable=SC1091
. $pack/family-nodes.sh
# shellcheck disable=SC1091
. $pack/until.sh

ssh-keygen -q -t ed25519 -N "" -f $work/id
cp $work/id.pub /etc/ssh/families_keys
chmod 644 /etc/ssh/families_keys
usermod -s /bin/sh root
echo 'hosts:' > $work/hosts.yaml

# on NODE SHELL-TEXT
on() { chroot "/mnt/$1" /bin/sh -c "PATH=/usr/bin:/bin:/usr/sbin:/sbin; $2" 2>&1; }
has() { on "$1" "${installed[$1]} $2 > /dev/null 2>&1"; }
has_not() { ! has "$@"; }
declare -A installed=([dnf]='rpm -q' [alpine]='apk info -e')
declare -A by_hand=([dnf]='rpm -e' [alpine]='apk del')
holds() { [ "$(cat "/mnt/$1/opt/families/$2" 2> /dev/null)" = "$3" ]; }

# packages NODE MANAGER OLD NEW WORDS: what holds for every manager, of the package "tool", which needs
# "base-lib" and provides "virtual". OLD and NEW: its versions, as the manager names them and as its
# file holds them ("tool-1 1"). WORDS: what the manager says of a package that there is not.
packages() {
  local node=$1 manager=$2 old=${3% *} old_holds=${3#* } new_holds=${4#* } new=${4% *}
  # What no task wants any more goes.
  local other=$'\n  - {name: o, package: {names: [other]}}'
  tasks "$node" <<< '  - {name: t, package: {names: [tool, other]}}'
  expect "$manager: two packages are installed" 0
  check "$manager: that is a change" is t changed
  check "$manager: both are there, the newest" holds "$node" tool "$new_holds"
  check "$manager: the other as well" has "$node" other
  check "$manager: and what the one needs" has "$node" base-lib
  tasks "$node" <<< '  - {name: t, package: {names: [tool, other]}}'
  check "$manager: again nothing is done" is t unchanged
  tasks "$node" <<< '  - {name: t, package: {names: [virtual]}}'$other
  check "$manager: what a package provides is there" is t unchanged

  tasks "$node" <<< '  - {name: t, package: {names: [tool], state: absent}}'$other
  check "$manager: a package is removed" is t changed
  check "$manager: it is gone" has_not "$node" tool
  check "$manager: the other is not" has "$node" other
  muster_of "$node" plan --refresh --detailed-exitcode
  expect "$manager: check mode finds nothing to do" 0
  tasks "$node" <<< '  - {name: t, package: {names: [tool], state: absent}}'$other
  check "$manager: removed again, nothing is done" is t unchanged

  tasks "$node" <<< "  - {name: t, package: {names: [$old]}}$other"
  check "$manager: a version is installed" is t changed
  check "$manager: it is this one, though there is a newer" holds "$node" tool "$old_holds"
  tasks "$node" <<< "  - {name: t, package: {names: [$old]}}$other"
  check "$manager: it is there then" is t unchanged
  tasks "$node" <<< '  - {name: t, package: {names: [tool]}}'$other
  check "$manager: a name alone does not ask for the newest" is t unchanged
  tasks "$node" <<< "  - {name: t, package: {names: [$new]}}$other"
  check "$manager: its newer version is a change" is t changed
  check "$manager: and is there" holds "$node" tool "$new_holds"

  tasks "$node" <<< '  - {name: t, package: {names: [other, nosuch]}}'
  expect "$manager: a package that there is not fails the task" 1 nosuch "$5"
  check "$manager: the task has failed" is t failed
  tasks "$node" <<< '  - {name: t, package: {names: {apt: [no], dnf: [tool, other], apk: [other, tool]}}}'
  check "$manager: names by family" is t unchanged
  tasks "$node" <<< '  - {name: t, package: {names: {apt: [no]}}}'
  expect "$manager: names for others alone" 1 "and the task names some for apt only"
  tasks "$node" <<< '  - {name: t, package: {names: [tool]}}'
  on "$node" "${by_hand[$node]} tool > /dev/null 2>&1"
  muster_of "$node" plan --refresh --detailed-exitcode
  expect "$manager: check mode tells of a package that went" 2 "install tool"
  check "$manager: and installs nothing" has_not "$node" tool
}

# --- dnf

dnf_root /mnt/dnf
rpm_package /mnt/dnf base-lib 1
for version in 1 2; do
  rpm_package /mnt/dnf tool $version $'Requires: base-lib\nProvides: virtual'
done
rpm_package /mnt/dnf other 1
rpm_package /mnt/dnf third 1
rpm_package /mnt/dnf theirs 1
rpm_index /mnt/dnf
start dnf 127.0.0.11 /mnt/dnf
on dnf 'dnf -y install theirs' > $work/theirs 2>&1

tasks dnf <<'YAML'
  - {name: dnf, command: {run: "true"}, when: facts.dnf}
  - {name: apt, command: {run: "true"}, when: facts.apt}
  - {name: none, unit: {name: a.service, state: started}}
YAML
check "dnf: the node is known by its system" is dnf changed
check "dnf: and not taken for another" test -z "$(outcome apt)"
expect "dnf: without an init system a unit says which there could be" 1 \
  "this node has no init system that muster knows (systemd or OpenRC)"
packages dnf dnf "tool-1 1" "tool-2 2" "Unable to find a match: nosuch"
# Newer than what dnf knows of the repository.
rpm_package /mnt/dnf late 1
rpm_index /mnt/dnf
on dnf 'dnf -y install third' > $work/third 2>&1 &
tasks dnf <<< '  - {name: t, package: {names: [late, tool]}}'
check "dnf: a package that has just come is found, while another dnf works" is t changed
wait $!
check "dnf: the other dnf has done its work too" has dnf third
muster_of dnf destroy --yes
expect "dnf: the role is undone" 0
for package in tool late other base-lib; do check "dnf: $package goes with it" has_not dnf $package; done
check "dnf: what was there before stays" has dnf theirs

# --- what the roles of Kubernetes install, by the names that RHEL 9 and 10 have them under

for name in iptables-nft nftables iproute haproxy policycoreutils-python-utils; do rpm_package /mnt/dnf $name 1; done
# What its minimal systems have in the place of curl, which cannot be installed beside it.
rpm_package /mnt/dnf curl-minimal 1 $'Provides: curl = 1\nConflicts: curl'
rpm_package /mnt/dnf curl 2
rpm_index /mnt/dnf
on dnf 'dnf -y --refresh install curl-minimal' > $work/by_hand 2>&1
tasks dnf < $pack/packages.tasks
expect "roles: their packages are installed by dnf" 0
for name in iptables-nft nftables iproute haproxy policycoreutils-python-utils; do
  check "roles: $name is there" has dnf $name
done
check "roles: curl-minimal does for curl" has_not dnf curl
muster_of dnf destroy --yes
expect "roles: they are undone" 0
for name in iptables-nft nftables iproute haproxy; do check "roles: $name is gone" has_not dnf $name; done
check "roles: curl-minimal stays" has dnf curl-minimal

# --- firewalld, beside dnf

# let_in PORT: whether somebody on the network reaches it.
let_in() {
  python3 - "$1" <<'PY' || return
import socket, sys
listener = socket.create_server(("10.9.0.1", int(sys.argv[1])))
import subprocess
sys.exit(subprocess.call(["nsenter", "--net=/mnt/work/peer", "timeout", "5", "bash", "-c",
                          "exec 3<>/dev/tcp/10.9.0.1/" + sys.argv[1]], stderr=subprocess.DEVNULL))
PY
}
firewall() { on dnf "firewall-cmd $*"; }
# opened ZONE PORT...: these are, in both configurations.
opened() {
  local wanted now
  wanted=$(printf '%s\n' "${@:2}" | sort)
  for now in "" --permanent; do
    now=$(firewall $now --zone="$1" --list-ports | tr ' ' '\n' | sort)
    [ "$now" = "$wanted" ] || { echo "$now"; return 1; }
  done
}
zone_files() { (cd /mnt/dnf/etc/firewalld/zones && head -v -n 99 -- * 2> /dev/null); }

if [ -e $pack/firewalld ]; then
  add_firewalld /mnt/dnf $pack/firewalld
  touch $work/peer
  unshare --net=$work/peer ip link set lo up
  ip link set node1 netns $work/peer
  ip address add 10.9.0.1/24 dev node0
  nsenter --net=$work/peer sh -c 'ip address add 10.9.0.2/24 dev node1 && ip link set node1 up'
  opens='  - {name: t, firewall: {ports: ["6443/tcp", "2379-2380/tcp"], sources: ["10.1.0.0/16"], address: 10.9.0.1}}'

  tasks dnf <<< "$opens"
  expect "firewalld: where it does not run, nothing is to be done" 0 '"task":"t","outcome":"unchanged"'
  check "firewalld: and nothing is written" eval '[ -z "$(zone_files)" ]'
  start_firewalld /mnt/dnf || { fail "firewalld starts" "$(cat $work/firewalld.log)"; exit 1; }
  for when in "" --permanent; do firewall $when --zone=internal --change-interface=node0; done > $work/by_hand
  firewall --zone=internal --add-port=8080/tcp >> $work/by_hand
  firewall --permanent --zone=internal --add-port=8080/tcp >> $work/by_hand
  # firewalld keeps the last one beside each that it writes.
  rm -f /mnt/dnf/etc/firewalld/zones/internal.xml.old
  before=$(zone_files)
  check "firewalld: a port that somebody opened is open" let_in 8080
  check "firewalld: that of the API is not" eval '! let_in 6443'
  tasks dnf <<< "$opens"
  check "firewalld: ports and a network are a change" is t changed
  check "firewalld: the zone of the address has them" opened internal 8080/tcp 6443/tcp 2379-2380/tcp
  check "firewalld: the default zone has not" opened public
  check "firewalld: the network is trusted" eval \
    '[ "$(firewall --zone=trusted --list-sources)$(firewall --permanent --zone=trusted --list-sources)" = 10.1.0.0/1610.1.0.0/16 ]'
  for port in 6443 2380; do check "firewalld: packets come to port $port" let_in $port; done
  tasks dnf <<< "$opens"
  check "firewalld: again nothing is done" is t unchanged
  firewall --reload > $work/by_hand
  check "firewalld: when it is loaded again they are still open" let_in 6443
  firewall --zone=internal --remove-port=6443/tcp > $work/by_hand
  muster_of dnf plan --refresh --detailed-exitcode
  expect "firewalld: check mode tells of one that was closed" 2 \
    "add port 6443/tcp to firewalld's zone internal (runtime)"
  check "firewalld: and does not open it" eval '! let_in 6443'
  tasks dnf <<< '  - {name: t, firewall: {ports: ["6443/tcp"], address: 10.9.0.1}}'
  check "firewalld: what the role no longer wants is closed" opened internal 8080/tcp 6443/tcp
  tasks dnf <<< "$opens"
  muster_of dnf destroy --yes
  expect "firewalld: the role is undone" 0
  check "firewalld: what somebody opened stays" opened internal 8080/tcp
  check "firewalld: packets come to that only" eval 'let_in 8080 && ! let_in 6443 && ! let_in 2380'
  rm -f /mnt/dnf/etc/firewalld/zones/internal.xml.old
  check "firewalld: its files are as before" eval '[ "$(zone_files)" = "$before" ]'
  check "firewalld: nothing of muster is left" test ! -e /mnt/dnf/var/lib/muster

  # A pod of this node, and another node that asks it.
  touch $work/pod
  unshare --net=$work/pod ip link set lo up
  ip link add cni0 type veth peer name eth0 netns $work/pod
  ip address add 10.1.5.1/24 dev cni0 && ip link set cni0 up
  nsenter --net=$work/pod sh -c 'ip address add 10.1.5.2/24 dev eth0 && ip link set eth0 up && ip route add default via 10.1.5.1'
  nsenter --net=$work/peer ip route add 10.1.0.0/16 via 10.9.0.1
  echo 1 > /proc/sys/net/ipv4/ip_forward
  nsenter --net=$work/pod python3 -m http.server 8080 > /dev/null 2>&1 &
  pod=$!
  pod_answers() { "$@" timeout 5 bash -c 'exec 3<> /dev/tcp/10.1.5.2/8080' 2> /dev/null; }
  the_peer() { nsenter --net=$work/peer "$@"; }
  check "firewalld: a pod answers its node" until_true 30 pod_answers
  tasks dnf <<< '  - {name: t, firewall: {sources: [10.1.0.0/16]}}'
  check "firewalld: who trusts pods alone does not let other nodes ask them" eval '! pod_answers the_peer'
  tasks dnf <<< '  - {name: t, firewall: {sources: [10.1.0.0/16, 10.9.0.2/32]}}'
  check "firewalld: a node that is trusted reaches them" pod_answers the_peer
  kill $pod
  muster_of dnf destroy --yes
  expect "firewalld: trust goes with the role" 0
  check "firewalld: nobody is trusted" eval '[ -z "$(firewall --zone=trusted --list-sources)" ]'

  firewall --permanent --load-zone-defaults=internal > $work/by_hand
  rm -f /mnt/dnf/etc/firewalld/zones/*
  firewall --reload > $work/by_hand
  tasks dnf <<< "$opens"
  check "firewalld: zones that nobody has touched are changed" is t changed
  stop_firewalld
  muster_of dnf destroy --yes
  expect "firewalld: the role is undone while it does not run" 0
  check "firewalld: zones are its own again" eval '[ -z "$(zone_files)" ]'
else
  echo "skip families: firewalld: its packages cannot be had: $(tail -n 1 $pack/firewalld.log)"
fi

# --- a node like Alpine's: busybox, OpenRC, apk

if [ -e $pack/alpine.tar ]; then
  # Debian's OpenRC cannot run there.
  rm -rf $pack/openrc
  echo "it is of another libc than Alpine's own root" >> $pack/openrc.log
  alpine_root /mnt/alpine $pack/alpine.tar
else
  busybox_root /mnt/alpine
fi
[ -e $pack/openrc ] && add_openrc /mnt/alpine $pack/openrc
[ -e $pack/apk ] || [ -e /mnt/alpine/sbin/apk ] && add_apk /mnt/alpine $pack/apk
start alpine 127.0.0.12 /mnt/alpine

# Kubernetes is refused by name, before anything is changed, and by a plan that asks nobody as well.
# Without files that would have to be fetched.
for name in etcd k8s-master; do
  mkdir -p $work/k8s.roles/roles/$name
  printf '%s\n' "role: $name" 'description: d' 'needs: [base]' > $work/k8s.roles/roles/$name/role.yaml
done
kubernetes_on() { # NODE
  printf '{"name": "k8s", "provider": {"name": "inventory", "hints": {"file": "%s"}}, "nodes": [%s]}\n' \
    $work/hosts.yaml '{"roles": ["etcd", "k8s-master"], "hosts": ["'"$1"'"]}' > $work/k8s.json
}
refused="it runs alpine .* with OpenRC, and muster's roles of Kubernetes write units of systemd"
files_of() { (cd "/mnt/$1" && find etc var opt root -newer $work/mark | sort); }
if [ -e $pack/openrc ] || [ -e $pack/alpine.tar ]; then
  kubernetes_on alpine
  touch $work/mark
  /mnt/muster --roles $work/k8s.roles check $work/k8s.json > $work/out 2>&1 < /dev/null
  code=$?
  expect "alpine: check refuses Kubernetes" 1
  check "alpine: and says why by name" grep -Eq "error +init +$refused" $work/out
  /mnt/muster --roles $work/k8s.roles apply $work/k8s.json --yes > $work/out 2>&1 < /dev/null
  code=$?
  expect "alpine: apply does not begin" 1 "the hosts of 'k8s' are not fit"
  check "alpine: nothing is on the node" eval '[ -z "$(files_of alpine)" ]'
  /mnt/muster --roles $work/k8s.roles apply $work/k8s.json --yes --skip-check > $work/out 2>&1 < /dev/null
  code=$?
  expect "alpine: an apply that asks nobody fails at its first role" 1 "this node cannot have 'base'" \
    "without systemd, and muster's roles of Kubernetes write units of systemd"
  check "alpine: and has changed nothing" eval '[ -z "$(files_of alpine)" ]'
  /mnt/muster --roles $work/k8s.roles destroy k8s --yes > $work/out 2>&1 < /dev/null
  code=$?
  expect "alpine: its deployment goes" 0
fi

if [ -e /mnt/alpine/sbin/apk ]; then
  apk_package /mnt/alpine base-lib 1-r0
  for version in 1 2; do
    apk_package /mnt/alpine tool $version-r0 $'depend = base-lib\nprovides = virtual=1'
  done
  apk_package /mnt/alpine other 1-r0
  apk_index /mnt/alpine
  packages alpine apk "tool=1-r0 1-r0" "tool=2-r0 2-r0" "nosuch (no such package)"
  tasks alpine <<< '  - {name: t, package: {names: [tool]}}'
  tasks alpine <<< '  - {name: t, package: {names: [base-lib], state: absent}}'
  expect "apk: what another needs stays, and the task says so" 1 "base-lib is still present" "base-lib: tool"
  apk_package /mnt/alpine late 1-r0
  apk_index /mnt/alpine
  hold_lock /mnt/alpine/lib/apk/db/lock apk &
  until [ -e $work/held ]; do sleep 0.05; done
  tasks alpine <<< '  - {name: t, package: {names: [late]}}'
  check "apk: a package that has just come is found, when another apk is done" is t changed
  wait $!
  muster_of alpine destroy --yes
  expect "apk: the role is undone" 0
  for package in tool late other base-lib; do check "apk: $package goes with it" has_not alpine $package; done
else
  echo "skip families: apk: it is not on this machine (MUSTER_TEST_APK names one)"
fi

if [ -e $pack/openrc ]; then
  on alpine 'openrc default' > /dev/null 2>&1
  cat > $work/openrc.tasks <<'YAML'
  - {name: openrc, command: {run: "true", unless: test -e /var/log/web}, when: facts.openrc}
  - {name: systemd, command: {run: "true"}, when: facts.systemd}
  - name: file
    file:
      path: /etc/init.d/web
      mode: "0755"
      content: |
        #!/sbin/openrc-run
        extra_started_commands="reload"
        start() { [ ! -e /etc/web-fails ] || { eerror "web does not like it"; return 1; }; echo start >>/var/log/web; }
        stop() { echo stop >>/var/log/web; }
        reload() { echo reload >>/var/log/web; }
  - {name: config, file: {path: /etc/web.conf, content: "CONFIG\n"}, notify: [reload]}
  - {name: t, unit: {name: web.service, enabled: true, state: started}}
handlers:
  - {name: reload, unit: {name: web.service, state: reloaded}}
undo:
  - {name: undone, unit: {name: web.service, enabled: false, state: stopped}}
YAML
  log() { tr '\n' ' ' < /mnt/alpine/var/log/web; }
  logged() { log; [ "$(log)" = "$1 " ]; }
  in_default() { [ -L /mnt/alpine/etc/runlevels/default/web ]; }
  status() { on alpine "rc-service web status" | grep -q "status: $1"; }
  web() { tasks alpine < <(sed "s/CONFIG/$1/" $work/openrc.tasks); }

  web one
  expect "openrc: a service that has come is enabled and started" 0 '"task":"t","outcome":"changed"'
  check "openrc: the node is known by its init system" is openrc changed
  check "openrc: and not taken for systemd" test -z "$(outcome systemd)"
  check "openrc: the service is started" status started
  check "openrc: and in the runlevel default" in_default
  check "openrc: it was started once, not reloaded on top" logged start
  web one
  check "openrc: again nothing is done" is t unchanged
  web two
  check "openrc: another configuration reloads it" logged "start reload"
  on alpine 'rc-service -q web stop; rc-update -q del web default' > $work/by_hand
  muster_of alpine plan --refresh --detailed-exitcode
  expect "openrc: check mode tells what it would do" 2 "enable web.service"
  check "openrc: and does not" status stopped
  web two
  check "openrc: a service that was stopped starts again" status started
  check "openrc: one that was disabled is enabled" in_default
  on alpine 'openrc shutdown; rm -rf /run/openrc; : > /var/log/web; openrc default' > $work/boot 2>&1
  check "openrc: it starts at boot" logged start
  on alpine 'rc-service -q web stop; touch /etc/web-fails' > $work/by_hand
  web two
  expect "openrc: one that does not start fails the task, with its words" 1 "web does not like it"
  check "openrc: the task has failed" is t failed
  rm /mnt/alpine/etc/web-fails
  tasks alpine <<< '  - {name: t, unit: {name: web.timer, state: started}}'
  expect "openrc: what it has not is told" 1 "OpenRC, which has services only: there is no web.timer"
  tasks alpine <<< '  - {name: t, unit: {name: web.service, state: restarted, if_running: true}}'
  check "openrc: what does not run is not restarted, where that is asked" is t unchanged

  # One with a process of its own, that dies.
  printf '%s\n' '#!/sbin/openrc-run' 'supervisor=supervise-daemon' 'command=/bin/sleep' \
    'command_args=1000' > /mnt/alpine/etc/init.d/sleeper
  chmod 755 /mnt/alpine/etc/init.d/sleeper
  tasks alpine <<< '  - {name: t, unit: {name: sleeper.service, state: started}}'
  check "openrc: a process is started" is t changed
  alive() { on alpine 'pidof supervise-daemon'; }
  check "openrc: it runs" alive
  on alpine 'kill -9 $(pidof supervise-daemon) $(pidof sleep)'
  tasks alpine <<< '  - {name: t, unit: {name: sleeper.service, state: started}}'
  check "openrc: one that crashed is started again" is t changed
  check "openrc: it runs again" alive
  web two
  muster_of alpine destroy --yes
  expect "openrc: the role is undone" 0
  check "openrc: the service was stopped" eval 'log | grep -q "stop $"'
  check "openrc: it is disabled" eval '! in_default'
  check "openrc: and gone" test ! -e /mnt/alpine/etc/init.d/web
  check "openrc: what was there and did not run, does not" eval '! alive'
  check "openrc: nothing of muster is left" test ! -e /mnt/alpine/var/lib/muster
else
  echo "skip families: openrc: its packages cannot be had: $(tail -n 1 $pack/openrc.log)"
fi

# --- apt, with what this machine has

mkdir /var/lib/dpkg
cp $pack/status /var/lib/dpkg/
start apt 127.0.0.13
bash_version=$(dpkg-query -W -f '${Version}' bash)
tasks apt <<YAML
  - {name: apt, command: {run: "true"}, when: facts.apt}
  - {name: virtual, package: {names: [awk]}}
  - {name: version, package: {names: ["bash=$bash_version"]}}
  - {name: family, package: {names: {apt: [coreutils], dnf: [nosuch]}}}
  - {name: away, package: {names: [awk, nosuch], state: absent}}
YAML
expect "apt: a node with dnf beside it is known by its system" 0 '"task":"apt","outcome":"changed"'
check "apt: a name that a package provides is there" is virtual unchanged
check "apt: a version is there" is version unchanged
check "apt: names by family" is family unchanged
check "apt: a name that is only provided counts as away" is away unchanged

exit $((failures > 0))
