# Machines that exist already, for scripts that source this: plain Debian 12 systems with systemd, sshd
# and a user `ops` who may use sudo, that no provider knows. The script runs again in namespaces of its
# own (mounts, network, processes), which end with it even when it is killed; what would outlive them
# (cgroups, a folder) clean-up in the background takes away.
#   machines NAME...     makes and boots them; they get 10.77.0.11, .12, ... and fd77::11, ... in order
#   on NAME COMMAND...   runs a command as root on one, not through muster
# A function `outside` that the script has before it sources this is called once where the network is, with
# the folder $MACHINES_FOLDER/outside for what it makes.
# $more_packages are in the machines' repository besides what roles install.
# $work is the script's folder, $work/key opens every machine to ops, 10.77.0.9 is a bastion (root).
# shellcheck shell=bash
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export MUSTER_CACHE=${MUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/muster}

# shellcheck source=tests/support/node-image.sh
. "$root/tests/support/node-image.sh"
# shellcheck source=tests/support/node-folder.sh
. "$root/tests/support/node-folder.sh"

# --- Before the namespaces: the image needs a Debian mirror. ------------------------------------

# The packages that roles install: not in the image, but in a repository beside it.
machine_packages="haproxy iptables curl${more_packages:+ $more_packages}"

# A node image of provider `local` without what roles install is a plain machine that boots fast.
build_machine_image() {  # FOLDER
  local to=$1 image deb
  image=$(newest_node_image)
  rm -rf "$to.part" && mkdir -p "$to.part/repository"
  if [ -z "$image" ]; then
    "$root/providers/local/build-node-image.sh" "$to.part/root" || return 1
  else
    cp -a "$image" "$to.part/root"
  fi
  cp /etc/resolv.conf "$to.part/root/etc/resolv.conf"
  # shellcheck disable=SC2086
  inside_image "$to.part/root" "$(echo $machine_packages | tr '\n' ' ')" > "$to.log" 2>&1 || return 1
  mv "$to.part"/root/var/cache/apt/archives/*.deb "$to.part/repository"
  for deb in "$to.part"/repository/*.deb; do
    dpkg-deb -f "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$(basename "$deb")" "$(stat -c %s "$deb")" \
      "$(sha256sum < "$deb" | cut -d' ' -f1)"
  done > "$to.part/repository/Packages"
  rm -rf "$to.part"/root/var/lib/apt/lists/* "$to.part"/root/etc/apt/sources.list.d/*
  : > "$to.part/root/etc/resolv.conf"
  echo 'deb [trusted=yes] file:/srv/repository ./' > "$to.part/root/etc/apt/sources.list"
  mkdir "$to.part/root/srv/repository"
  mv -T "$to.part" "$to"
}

inside_image() {  # ROOT PACKAGES
  # shellcheck disable=SC2016
  unshare --mount --pid --fork sh -euc '
    mount -t proc proc "$1/proc"
    mount --bind /dev "$1/dev"
    printf "#!/bin/sh\nexit 101\n" > "$1/usr/sbin/policy-rc.d" && chmod +x "$1/usr/sbin/policy-rc.d"
    chroot "$1" sh -euxc "
      export DEBIAN_FRONTEND=noninteractive
      apt-get -q update
      apt-get -qy -o APT::Install-Recommends=false install iproute2 nftables sudo procps kmod
      apt-get -qy purge $2
      apt-get -qy autoremove --purge
      rm -rf /etc/haproxy
      apt-get -qy clean
      apt-get -qy -o APT::Install-Recommends=false --download-only install $2
      systemctl mask nftables.service >/dev/null 2>&1 || true
      useradd -m -s /bin/bash -p \* ops
      echo \"ops ALL=(ALL) NOPASSWD:ALL\" > /etc/sudoers.d/ops
      mkdir -m 700 /home/ops/.ssh
      sed -i \"s/^PermitRootLogin.*/PermitRootLogin no/\" /etc/ssh/sshd_config
    "
    rm "$1/usr/sbin/policy-rc.d"
  ' sh "$1" "$2"
}

remove_groups() {  # MARK
  find /sys/fs/cgroup -depth -type d -path "*/muster-machine-$1-*" -exec rmdir {} + 2>/dev/null
}

if [ -z "${MACHINES_WORLD:-}" ]; then
  [ "$(id -u)" = 0 ] || { echo "skip $(basename "$0"): it needs root"; exit 0; }
  mark=$({ declare -f build_machine_image inside_image; echo "$machine_packages"; } | sha256sum | cut -c1-8)
  MACHINES_IMAGE=$MUSTER_CACHE/images/machine-$mark
  mkdir -p "$MUSTER_CACHE/images"
  exec 9> "$MUSTER_CACHE/images/machine.lock"
  flock 9
  if [ ! -d "$MACHINES_IMAGE" ] && ! build_machine_image "$MACHINES_IMAGE"; then
    echo "FAIL the image of the machines is built: $(tail -n 20 "$MACHINES_IMAGE.log")"
    exit 1
  fi
  exec 9>&-
  MACHINES_FOLDER=$(node_folder machines) || { echo "FAIL the test has a folder of its own"; exit 1; }
  MACHINES_MARK=${MACHINES_FOLDER##*.}
  export MACHINES_IMAGE MACHINES_FOLDER MACHINES_MARK MACHINES_WORLD=outside
  # Waits for the end of the world, however it ends.
  clean_up() {
    trap '' INT TERM HUP
    while kill -0 "$1" 2>/dev/null; do sleep 0.2; done
    for ((i = 0; i < 100; i++)); do
      remove_groups "$MACHINES_MARK"
      [ -z "$(find /sys/fs/cgroup -type d -path "*/muster-machine-$MACHINES_MARK-*" -print -quit)" ] && break
      sleep 0.1
    done
    rm -rf "$MACHINES_FOLDER"
    rmdir --ignore-fail-on-non-empty /var/lib/muster 2>/dev/null
  }
  clean_up $$ </dev/null >/dev/null 2>&1 &
  disown
  # Not the script itself: the first process of a namespace is deaf to signals.
  # shellcheck disable=SC2016
  exec unshare --mount --pid --fork --kill-child --mount-proc bash -c '"$@"; exit $?' world "$0" "$@"
fi
if [ "$MACHINES_WORLD" = outside ]; then
  if declare -F outside > /dev/null; then
    mkdir "$MACHINES_FOLDER/outside"
    outside "$MACHINES_FOLDER/outside"
  fi
  MACHINES_WORLD=inside exec unshare --net "$0" "$@"
fi

# --- In the namespaces. -----------------------------------------------------------------------

work=$MACHINES_FOLDER/work
mkdir -p "$work"
export MUSTER_STATE=$work/state MUSTER_INVENTORY_DIR=$work/claims HOME=$work/home
unset SSH_AUTH_SOCK
mkdir -p "$HOME/.ssh"
mount -t tmpfs -o mode=755 none /run
mkdir -p /run/netns /run/sshd
cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc
ssh-keygen -q -t ed25519 -N '' -C ops -f "$work/key"

ip link set lo up
ip link add machines type bridge
ip address add 10.77.0.1/24 dev machines
ip address add fd77::1/64 dev machines nodad
ip link set machines up

join_network() {  # NAME NUMBER: a network namespace with a cable to the bridge
  ip netns add "$1"
  ip link add "m-$1" type veth peer name eth0 netns "$1"
  ip link set "m-$1" master machines up
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" address add "10.77.0.$2/24" dev eth0
  ip -n "$1" address add "fd77::$2/64" dev eth0 nodad
  ip -n "$1" route add default via 10.77.0.1
}

start_bastion() {
  join_network bastion 9
  ssh-keygen -q -t ed25519 -N '' -f "$work/bastion_key"
  cp "$work/key.pub" "$work/bastion_authorized"
  cat > "$work/bastion_sshd" <<CONF
HostKey $work/bastion_key
AuthorizedKeysFile $work/bastion_authorized
PasswordAuthentication no
StrictModes no
PidFile none
CONF
  ip netns exec bastion /usr/sbin/sshd -D -f "$work/bastion_sshd" -E "$work/bastion.log" </dev/null &
}
start_bastion

# Enters the cgroups of a machine and becomes its systemd. Runs again what reboots.
run_machine() {  # NAME
  local group hierarchy only_v2=
  local name=muster-machine-$MACHINES_MARK-$1 folder=$MACHINES_FOLDER/$1
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    only_v2=/sys/fs/cgroup/$name
    mkdir -p "$only_v2"
  else
    for hierarchy in /sys/fs/cgroup/*/; do
      group=$hierarchy$name
      mkdir -p "$group" || continue
      if [ -e "$group/cpuset.cpus" ]; then
        cat "$hierarchy/cpuset.cpus" > "$group/cpuset.cpus"
        cat "$hierarchy/cpuset.mems" > "$group/cpuset.mems"
      fi
      echo "$BASHPID" > "$group/cgroup.procs"
    done
  fi
  exec env SYSTEMD_NSPAWN_API_VFS_WRITABLE=network SYSTEMD_NSPAWN_LOCK=0 \
    /bin/sh "$root/providers/local/keep-node.sh" "$only_v2" \
    systemd-nspawn --quiet --boot --register=no --keep-unit \
    --directory="$folder" --machine="$1" --hostname="$1" --network-namespace-path="/run/netns/$1" \
    --capability=all --drop-capability=CAP_SYS_TIME --system-call-filter='@keyring bpf' \
    --bind=/dev/kmsg --bind-ro="$MACHINES_IMAGE/repository:/srv/repository" --resolv-conf=off \
    --timezone=off --link-journal=no --console=pipe
}

make_machine() {  # NAME NUMBER: its disk and its network
  local disk=$MACHINES_FOLDER/$1
  cp -a "$MACHINES_IMAGE/root" "$disk"
  ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$disk/etc/ssh/ssh_host_ed25519_key"
  cp "$work/key.pub" "$disk/home/ops/.ssh/authorized_keys"
  chown -R 1000:1000 "$disk/home/ops/.ssh"
  chmod 600 "$disk/home/ops/.ssh/authorized_keys"
  echo "$1" > "$disk/etc/hostname"
  tr -d - < /proc/sys/kernel/random/uuid > "$disk/etc/machine-id"
  echo "127.0.1.1 $1" >> "$disk/etc/hosts"
  join_network "$1" "$2"
}

start_machine() { run_machine "$1" </dev/null > "$work/console.$1" 2>&1 & }

# From the bastion, whom every machine lets in.
on() {  # NAME COMMAND...: as root
  ip netns exec bastion ssh -q -i "$work/key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o ConnectTimeout=20 -o ControlMaster=auto -o ControlPath="$work/ssh.%C" -o ControlPersist=60 \
    "ops@$1" "sudo sh -c $(printf %q "${*:2}")" </dev/null
}

declare -A machine_number=()
machines() {  # NAME...
  local name number=11 end
  for name in "$@"; do
    while [[ " ${machine_number[*]} " = *" $number "* ]]; do number=$((number + 1)); done
    machine_number[$name]=$number
    echo "10.77.0.$number $name" >> /etc/hosts
  done
  for name in "$@"; do make_machine "$name" "${machine_number[$name]}"; start_machine "$name"; done
  end=$((SECONDS + 180))
  for name in "$@"; do
    # As Debian's initramfs mounts it.
    until on "$name" mount -o remount,noexec /run; do
      [ $SECONDS -lt $end ] || { echo "FAIL machine $name boots: $(tail -n 5 "$work/console.$name")"; exit 1; }
      sleep 0.2
    done
  done
}
