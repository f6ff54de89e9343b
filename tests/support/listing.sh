#!/bin/sh
# All of a machine that muster could change, one line each, for comparing before and after: files with
# mode, owner, sum or target, users, packages, units, kernel settings, rules of packet filters, IPVS,
# interfaces, routes, mounts, cgroups, profiles of AppArmor. Left out is what the system itself writes: logs, caches, the
# package manager's own books, counters.
set -u

# Everything but those; CONDITION... of find says what is done with it.
everything() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /srv/repository \
    -o -path /var/log/journal -o -path /var/log/apt -o -path /var/cache/apt -o -path /var/lib/apt \
    -o -path /var/lib/dpkg -o -path /var/cache/debconf -o -path /var/cache/ldconfig \
    -o -path /var/lib/systemd/timers -o -path /var/lib/systemd/catalog -o -name 'systemd-private-*' \) \
    -prune -o ! \( -path '/etc/*-' -o -path /var/log/dpkg.log -o -path /var/log/alternatives.log \
    -o -path /var/log/wtmp -o -path /var/log/lastlog -o -path /var/log/faillog -o -path /var/log/btmp \
    -o -path /var/lib/systemd/random-seed \) "$@"
}
files() {
  everything -printf 'file %p %y %m %u:%g %l\n'
  everything -type f -exec sha256sum {} + | sed 's/^/sum /'
}

packages() { dpkg-query -W -f 'package ${db:Status-Abbrev} ${Package} ${Version}\n'; }
accounts() {
  getent passwd | sed 's/^/passwd /'
  getent group | sed 's/^/group /'
  sed 's/^/shadow /' /etc/shadow
}
units() {
  systemctl list-unit-files --no-legend --no-pager | awk '{ print "unit", $1, $2 }'
  systemctl list-units --no-legend --no-pager --plain --type=service,socket,timer --state=active,failed |
    awk '$1 !~ /^(apt-|dpkg-|systemd-tmpfiles|e2scrub|fstrim|logrotate|man-db|user@|user-runtime)/ { print "active", $1, $3, $4 }'
}
# The rest of the kernel's is not a container's own.
settings() {
  sysctl -a 2>/dev/null | grep -E '^net[.](ipv4|ipv6|bridge|netfilter)[.]' |
    grep -vE '[.]nf_conntrack_(count|buckets|max|expect_max) |[.]fs[.]|[.]stable_secret ' | sed 's/^/setting /'
  for name in vm.overcommit_memory kernel.panic kernel.panic_on_oops; do
    echo "setting $name $(sysctl -n "$name")"
  done
}
network() {
  nft -s list ruleset | awk '{ printf "rule %04d %s\n", NR, $0 }'
  for family in ip ip6; do
    [ ! -s "/proc/net/${family}_tables_names" ] || sed "s/^/legacy $family table /" "/proc/net/${family}_tables_names"
  done
  [ ! -e /proc/net/ip_vs ] || sed -n '4,$s/^/ipvs /p' /proc/net/ip_vs
  ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/interface \1/'
  ip -o address | awk '{ print "address", $2, $3, $4 }'
  for family in -4 -6; do
    ip "$family" route | sed "s/^/route $family /"
    ip "$family" rule | sed "s/^/policy $family /"
  done
  for file in /run/netns/*; do [ ! -e "$file" ] || echo "namespace $file"; done
}
places() {
  awk '{ print "mount", $2, $3 }' /proc/self/mounts | grep -v /run/user
  for path in /run/*; do [ "$path" = /run/adduser ] || echo "run ${path#/run/}"; done
  find /sys/fs/cgroup -type d -name '*kubepods*' | sed 's/^/cgroup /'
  [ ! -e /sys/kernel/security/apparmor/profiles ] || sed 's/^/profile /' /sys/kernel/security/apparmor/profiles
}

for part in files packages accounts units settings network places; do "$part"; done 2>/dev/null | sort
