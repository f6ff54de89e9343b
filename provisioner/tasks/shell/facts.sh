# shellcheck shell=dash
# What a node says of itself. Reads files with builtins; only id, uname, nproc and stat are programs.
# Needs family.sh.

m_fact() { printf '%s %s=%s\n' "$m_nonce" "$1" "$2"; }

m_is() {
  m_name=$1
  shift
  if "$@"; then m_fact "$m_name" true; else m_fact "$m_name" false; fi
}

m_os() {
  ID=linux VERSION_ID=
  [ ! -r /etc/os-release ] || . /etc/os-release
  m_fact os "$ID"
  m_fact os_version "$VERSION_ID"
}

m_in_container() {
  [ -e /run/systemd/container ] || [ -e /run/.containerenv ] || [ -e /.dockerenv ]
}

# One that others can ask too: a local cache on a loopback address answers this node alone.
m_has_nameserver() { # FILE
  while read -r m_key m_server m_; do
    case $m_key/$m_server in
      nameserver/127.* | nameserver/::1) ;;
      nameserver/?*) return 0 ;;
    esac
  done 2>/dev/null <"$1"
  return 1
}

# systemd-resolved is such a cache, and has those that it asks in a file of its own.
m_name_servers_file() {
  m_resolv_conf=/etc/resolv.conf m_behind=/run/systemd/resolve/resolv.conf
  m_has_nameserver "$m_resolv_conf" || ! m_has_nameserver "$m_behind" || m_resolv_conf=$m_behind
  m_fact resolv_conf "$m_resolv_conf"
  m_is nameserver m_has_nameserver "$m_resolv_conf"
}

# Kubernetes' packet filter of today asks the kernel for no less: sets of verdicts that work, 5.13.
m_takes_nftables() {
  m_minor=${m_kernel#*.}
  [ "${m_kernel%%.*}" -gt 5 ] || { [ "${m_kernel%%.*}" -eq 5 ] && [ "${m_minor%%[!0-9]*}" -ge 13 ]; }
} 2>/dev/null

# In a subshell, which takes the score with it.
m_lowers_oom_score() (echo -500 >/proc/self/oom_score_adj) 2>/dev/null

# zsh and the like do not split words.
m_is_posix() {
  m_words='a b'
  set -- $m_words
  [ "$#" -eq 2 ]
}

# Those files that are as they were when they were checked (store_script.cc). A store that cannot
# be written is the cache of the machine that this node runs on, which checked them itself.
m_list_store() {
  if [ ! -w "$m_store" ]; then
    for m_file in "$m_store"/*; do
      [ ! -f "$m_file" ] || m_fact store "${m_file##*/}"
    done
    return
  fi
  stat -c '%n %s %i %y %z' "$m_store"/* 2>/dev/null | while read -r m_file m_now; do
    m_known=
    read -r m_known 2>/dev/null <"$m_store/.checked/${m_file##*/}"
    [ "$m_now" != "$m_known" ] || m_fact store "${m_file##*/}"
  done
}

m_facts() {
  m_is posix m_is_posix
  m_fact uid "$(id -u)"
  m_machine=$(uname -m)
  case $m_machine in
    x86_64) m_machine=amd64 ;;
    aarch64) m_machine=arm64 ;;
  esac
  m_fact arch "$m_machine"
  m_os
  m_kernel=
  read -r m_kernel </proc/sys/kernel/osrelease
  m_fact kernel "$m_kernel"
  m_fact cpus "$(nproc)"
  read -r m_key m_kib m_unit </proc/meminfo
  m_fact memory_mb "$((m_kib / 1024))"
  m_is container m_in_container
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then m_fact cgroup v2; else m_fact cgroup v1; fi
  m_is cgroup_v1 [ ! -e /sys/fs/cgroup/cgroup.controllers ]
  m_is nftables m_takes_nftables
  m_is oom_score_adj m_lowers_oom_score
  m_name_servers_file
  m_is selinux m_selinux_is_on
  m_is systemd [ -d /run/systemd/system ]
  m_is openrc m_is_openrc
  m_package_family
  m_is apt [ "$m_family" = apt ]
  m_is dnf [ "$m_family" = dnf ]
  m_is apk [ "$m_family" = apk ]
  m_list_store
}
