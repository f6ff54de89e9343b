# Machines that exist already, for scripts that source this: plain Debian 12 systems with systemd, sshd
# and a user `ops` who may use sudo, that no provider knows: containers on this machine's kernel. vms.sh
# has the same with a kernel of their own.
#   machines NAME...     makes and boots them; they get 10.77.0.11, .12, ... and fd77::11, ... in order
#   on NAME COMMAND...   runs a command as root on one, not through muster
# A function `outside` that the script has before it sources this is called once where the network is, with
# the folder $MACHINES_FOLDER/outside for what it makes.
# $more_packages are in the machines' repository besides what roles install.
# $work is the script's folder, $work/key opens every machine to ops, 10.77.0.9 is a bastion (root).
# machine-world.sh makes the network and sees to it that nothing is left.
# shellcheck shell=bash
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/support/node-image.sh
. "$root/tests/support/node-image.sh"

# A node image of provider `local` without what roles install is a plain machine that boots fast.
build_machine_image() {  # FOLDER
  local to=$1 image
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
  index_repository "$to.part/repository"
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

remains_of() {  # MARK: its cgroups
  find /sys/fs/cgroup -depth -type d -path "*/muster-machine-$1-*" -exec rmdir {} + 2>/dev/null
  find /sys/fs/cgroup -type d -path "*/muster-machine-$1-*" -print -quit
}

# shellcheck disable=SC2034  # for machine-world.sh
machines_are=machine machine_parts=inside_image
# shellcheck source=tests/support/machine-world.sh
. "$root/tests/support/machine-world.sh"

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
