#!/bin/sh
# What a node that is checked says of itself besides its facts. The functions of the facts script
# (shell/facts.sh) stand before these; m_nonce, m_ports (the ports that its roles want), m_kubernetes (not empty:
# it is to be a part of a cluster) and m_wanted_FAMILY (packages to look for; then those of
# shell/package_families.sh stand there too) are set. Changes nothing; every program has an end.
# shellcheck disable=SC2154,SC2034

m_says() { m_fact "check.$1" "$2"; }

# Sets m_line to the first line of a file, or to nothing.
m_first_line() {
  m_line=
  [ ! -r "$1" ] || read -r m_line <"$1" || :
} 2>/dev/null

# m_within SECONDS COMMAND...
m_within() {
  [ -n "${m_timeout+known}" ] || { m_timeout=yes && timeout 1 true; } 2>/dev/null || m_timeout=
  if [ -n "$m_timeout" ]; then timeout "$@"; else shift && "$@"; fi
}

# Seconds since 1970, with their parts where date knows those.
m_clock() {
  m_now=$(date +%s.%N)
  case $m_now in
    *[!0-9.]* | *.) m_now=$(date +%s) ;;
  esac
  m_says clock "$m_now"
}

m_identity() {
  m_says hostname "$(uname -n)"
  m_first_line /etc/machine-id
  m_says machine_id "$m_line"
  m_first_line /sys/class/dmi/id/product_uuid
  m_says product_uuid "$m_line"
  # What has both of another node's is that node, reached in another way.
  m_first_line /proc/sys/kernel/random/boot_id
  m_says boot "$m_line $(readlink /proc/self/ns/net)"
}

# disk PATH KIB-FREE KIB MOUNT
m_disks() {
  set -- /
  for m_path in /var/lib /opt; do
    [ ! -d "$m_path" ] || set -- "$@" "$m_path"
  done
  m_within 5 df -Pk "$@" 2>/dev/null | {
    read -r m_
    while read -r m_ m_all m_ m_free m_ m_mount && [ "$#" -gt 0 ]; do
      m_says disk "$1 $m_free $m_all $m_mount"
      shift
    done
  }
}

m_package_manager() {
  for m_tool in apt-get dnf yum apk zypper; do
    if command -v "$m_tool" >/dev/null 2>&1; then
      m_says packages "$m_tool"
      return
    fi
  done
  m_says packages none
}

# Those of the packages that a task `package` would install.
m_missing_packages() {
  case $m_family in
    apt) set -- $m_wanted_apt ;;
    dnf) set -- $m_wanted_dnf ;;
    apk) set -- $m_wanted_apk ;;
  esac
  [ "$#" -gt 0 ] || return 0
  m_state_wanted=present m_mark=''
  "m_package_find_$m_family" "$@"
  for m_name; do
    case $m_here in
      *" $m_mark${m_name%%:*} "*) ;;
      *) m_says missing "$m_name" ;;
    esac
  done
}

m_swaps() {
  while read -r m_file m_; do
    case $m_file in
      Filename | '') ;;
      *) m_says swap "$m_file" ;;
    esac
  done </proc/swaps
} 2>/dev/null

# In a container nothing can be loaded: there it must be.
m_has_module() { # NAME SIGN: a file that is there when it is in the kernel
  [ ! -d "/sys/module/$1" ] && [ ! -e "$2" ] || return 0
  ! grep -qsw "$1" /proc/filesystems || return 0
  ! m_in_container || return 1
  grep -qs "/$1[.]ko" "/lib/modules/$m_kernel/modules.dep" "/lib/modules/$m_kernel/modules.builtin"
}

m_modules() {
  while read -r m_module m_sign; do
    if m_has_module "$m_module" "$m_sign"; then
      m_says module "$m_module true"
    else
      m_says module "$m_module false"
    fi
  done <<END
overlay /sys/module/overlay
br_netfilter /proc/sys/net/bridge/bridge-nf-call-iptables
nf_conntrack /proc/sys/net/netfilter/nf_conntrack_max
nf_tables /sys/module/nf_tables
ip_tables /proc/net/ip_tables_names
END
  # What iptables needs on nftables. RHEL 10 has it in a package of its own. Only where the kernel's
  # modules are listed is one missing for sure.
  if [ ! -r "/lib/modules/$m_kernel/modules.dep" ] || m_has_module nft_compat /sys/module/nft_compat; then
    m_says module "nft_compat true"
  else
    m_says module "nft_compat false"
  fi
}

m_firewalls() {
  ! grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf || m_says firewall ufw
}

m_controllers() {
  if [ -r /sys/fs/cgroup/cgroup.controllers ]; then
    m_first_line /sys/fs/cgroup/cgroup.controllers
    m_says controllers "$m_line"
    return
  fi
  m_line=
  while read -r m_name m_ m_ m_enabled; do
    if [ "$m_enabled" = 1 ] && [ -d "/sys/fs/cgroup/$m_name" ]; then m_line="$m_line $m_name"; fi
  done 2>/dev/null </proc/cgroups
  m_says controllers "$m_line"
}

# Who holds the socket: "kubelet (812)".
m_owner() { # INODE
  # shellcheck disable=SC2012  # of names that are numbers
  m_within 5 ls -l /proc/[0-9]*/fd 2>/dev/null | grep -e '^/proc/' -e "socket:\[$1\]" |
    while read -r m_entry; do
      case $m_entry in
        /proc/*)
          m_pid=${m_entry#/proc/}
          m_pid=${m_pid%%/*}
          ;;
        *)
          m_first_line "/proc/$m_pid/comm"
          printf '%s (%s)\n' "$m_line" "$m_pid"
          break
          ;;
      esac
    done
}

# port NUMBER WHERE INODE, of those that somebody listens on: on this machine alone, one address, any.
m_listeners() {
  grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    while read -r m_ m_local m_ m_ m_ m_ m_ m_ m_ m_inode m_; do
      m_port=$((0x${m_local##*:}))
      case " $m_ports " in
        *" $m_port "*) ;;
        *) continue ;;
      esac
      case ${m_local%:*} in
        *[!0]*) m_where=address ;;
        *) m_where=any ;;
      esac
      case ${m_local%:*} in
        ??????7F | 7F?????? | 0000000000000000*7F | 00000000000000000000000001000000 | \
          00000000000000000000000000000001) m_where=loopback ;;
      esac
      printf '%s %s %s\n' "$m_port" "$m_where" "$m_inode"
    done
}

m_ports_in_use() {
  [ -n "$m_ports" ] || return 0
  m_listeners | sort -u | while read -r m_port m_where m_inode; do
    m_says port "$m_port $m_where $(m_owner "$m_inode")"
  done
}

# Programs of this machine, not of containers on it.
m_programs() {
  m_own=$(readlink /proc/self/ns/pid) m_seen=' '
  for m_process in /proc/[0-9]*; do
    m_first_line "$m_process/comm"
    case $m_line in
      kubelet | kube-apiserver | kube-controller | kube-scheduler | kube-proxy | etcd | k3s | \
        k3s-server | k3s-agent | rke2 | k0s | kubelite | microk8s* | dockerd | containerd | crio) ;;
      *) continue ;;
    esac
    case $m_seen in
      *" $m_line "*) continue ;;
    esac
    m_place=$(readlink "$m_process/ns/pid") || m_place=$m_own
    [ "$m_place" = "$m_own" ] || continue
    m_seen="$m_seen$m_line "
    m_says program "$m_line ${m_process#/proc/}"
  done
}

m_by_muster() { grep -qs '^# Written by muster' "$1"; }

# What other installers leave; the first of each pattern. A node's own is told from it by the record.
m_leftovers() {
  for m_pattern in '/etc/kubernetes/*.conf' '/etc/kubernetes/manifests/*' /var/lib/kubelet/config.yaml \
    /etc/rancher/k3s /etc/rancher/rke2 /var/lib/rancher/k3s /var/lib/rancher/rke2 /var/lib/k0s \
    /var/snap/microk8s/current; do
    for m_file in $m_pattern; do
      [ -e "$m_file" ] || continue
      m_says kubernetes "$m_file"
      break
    done
  done
  for m_file in /var/lib/etcd/member /var/lib/etcd/*/member; do
    if [ -e "$m_file" ]; then
      m_says etcd_data "$m_file"
      break
    fi
  done
  for m_unit in kubelet kube-apiserver etcd; do
    ! m_by_muster "/etc/systemd/system/$m_unit.service" || m_says by_muster "$m_unit"
  done
  for m_file in /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist /etc/cni/net.d/*.json; do
    [ ! -e "$m_file" ] || m_says cni "${m_file##*/}"
  done
  if [ -e /etc/containerd/config.toml ] && ! m_by_muster /etc/containerd/config.toml; then
    m_says containerd_config other
  fi
  [ ! -e /var/lib/dpkg/info/containerd.io.list ] || m_says containerd_io installed
}

m_resolves() { # WHAT NAME
  if m_within 3 getent hosts "$2" >/dev/null 2>&1; then
    m_says name "$1 true $2"
  else
    m_says name "$1 false $2"
  fi
}

# The host that packages come from, unless a proxy asks for it.
m_mirror() {
  ! grep -qrsi proxy /etc/apt/apt.conf /etc/apt/apt.conf.d || return 0
  sed -nE 's#^(deb|URIs:)?[^#]*https?://([^/@ ]*@)?([^/: ]+).*#\3#p' /etc/apt/sources.list \
    /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources /etc/apk/repositories \
    2>/dev/null | head -n 1
}

m_names() {
  command -v getent >/dev/null 2>&1 || return 0
  m_resolves own "$(uname -n)" &
  m_name=$(m_mirror)
  [ -z "$m_name" ] || m_resolves mirror "$m_name"
  wait
}

# Of the way to everywhere.
m_mtu() {
  m_device=
  while read -r m_name m_to m_; do
    if [ "$m_to" = 00000000 ]; then
      m_device=$m_name
      break
    fi
  done 2>/dev/null </proc/net/route
  [ -n "$m_device" ] || return 0
  m_first_line "/sys/class/net/$m_device/mtu"
  m_says mtu "$m_line $m_device"
}

# What it sends where: route DEVICE DESTINATION GATEWAY MASK, as the kernel has them.
m_routes() {
  while read -r m_name m_to m_gateway m_ m_ m_ m_ m_mask m_; do
    case $m_mask in
      '' | Mask) ;;
      *) m_says route "$m_name $m_to $m_gateway $m_mask" ;;
    esac
  done
} 2>/dev/null </proc/net/route

# Its IPv4 addresses, and whether the one that it is to have is among them.
m_addresses() {
  [ -r /proc/net/fib_trie ] || return 0
  m_seen=' '
  while read -r m_mark m_word m_type; do
    case $m_mark/$m_word/$m_type in
      '|--'/*) m_line=$m_word ;;
      /32/host/LOCAL)
        case $m_line/$m_seen in
          127.* | *" $m_line "*) ;;
          *)
            m_seen="$m_seen$m_line "
            m_says has_address "$m_line"
            ;;
        esac
        ;;
    esac
  done </proc/net/fib_trie
  case $m_address/$m_seen in
    /*) ;;
    127.* | *" $m_address "*) m_says at_address "true $m_address" ;;
    *) m_says at_address "false $m_address" ;;
  esac
}

m_name_servers() {
  while read -r m_key m_server m_; do
    [ "$m_key" != nameserver ] || m_says name_server "$m_server"
  done
} 2>/dev/null <"$m_resolv_conf"

# Where this connection comes from, which sudo keeps to itself.
m_asker() {
  m_line=${SSH_CONNECTION-}
  [ -n "$m_line" ] || m_line=$(tr '\0' '\n' <"/proc/$PPID/environ" | sed -n 's/^SSH_CONNECTION=//p')
  [ -z "$m_line" ] || m_says asker "${m_line%% *}"
} 2>/dev/null

# Whose it is, as roles keep it there (shell/owner.sh).
m_whose() {
  m_first_line /var/lib/muster/owner
  [ -z "$m_line" ] || m_says owner "$m_line"
}

m_check() {
  m_whose
  m_package_manager
  m_missing_packages
  m_disks
  m_ports_in_use
  [ -n "$m_kubernetes" ] || return 0
  m_identity
  m_swaps
  m_modules
  m_firewalls
  m_controllers
  m_programs
  m_leftovers
  m_names
  m_mtu
  m_routes
  m_addresses
  m_name_servers
  m_asker
}
