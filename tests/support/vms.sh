# Machines that exist already, for scripts that source this: like those of machines.sh, but whole ones: Debian
# 12 with its own kernel, all modules of it, AppArmor and cgroup v2, in qemu. Without KVM (TCG), which machines
# of CI have not: ten to twenty times slower than metal.
#   machines NAME...        makes and boots them; they get 10.77.0.11, .12, ... and fd77::11, ... in order
#   on NAME COMMAND...      runs a command as root on one, not through muster
#   reboot_machine NAME     as its owner does; returns when SSH answers again
#   vm_arguments[NAME]=...  arguments of its kernel, vm_disk[NAME]=FILE a second disk, vm_memory[NAME]=MIB;
#                           before `machines`
# A function `outside` that the script has before it sources this is called once where the network is, with
# the folder $MACHINES_FOLDER/outside for what it makes.
# $work is the script's folder, $work/key opens every machine to ops, 10.77.0.9 is a bastion (root).
# machine-world.sh makes the network and sees to it that nothing is left: the machines end with its namespaces.
# shellcheck shell=bash disable=SC2154  # of machine-world.sh
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if ! command -v qemu-system-x86_64 > /dev/null; then
  echo "skip $(basename "$0"): needs qemu-system-x86"
  exit 0
fi

# What Debian's installer makes of a server, and no more of what roles install than that has. As a disk, and
# beside it the kernel that is on it: qemu starts that directly.
build_machine_image() {  # FOLDER
  local to=$1 debian=${MUSTER_DEBIAN_MIRROR:-http://deb.debian.org/debian} updates
  updates=${MUSTER_DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
  rm -rf "$to.part" && mkdir -p "$to.part"
  # shellcheck disable=SC2016  # mmdebstrap's shells expand it
  OFFERED="$machine_packages systemd-container" mmdebstrap --quiet --variant=minbase \
    --include=systemd,systemd-sysv,dbus,udev,linux-image-cloud-amd64,initramfs-tools,kmod,procps,apparmor \
    --include=openssh-server,sudo,ca-certificates,iproute2,ifupdown,nftables \
    --aptopt='APT::Install-Recommends "false"' \
    --customize-hook='chroot "$1" apt-get clean && chroot "$1" apt-get -qy --download-only install $OFFERED' \
    --customize-hook='mkdir "$1/srv/repository" && mv "$1"/var/cache/apt/archives/*.deb "$1/srv/repository"' \
    --customize-hook='chroot "$1" useradd -m -s /bin/bash -p "*" ops' \
    --customize-hook='echo "ops ALL=(ALL) NOPASSWD:ALL" > "$1/etc/sudoers.d/ops"' \
    --customize-hook='chroot "$1" install -d -m 700 -o ops -g ops /home/ops/.ssh' \
    --customize-hook='rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/network/interfaces"' \
    --customize-hook='echo "/dev/vda / ext4 errors=remount-ro 0 1" > "$1/etc/fstab"' \
    bookworm "$to.part/root" "deb $debian bookworm main" "deb $debian bookworm-updates main" \
    "deb $updates bookworm-security main" > "$to.log" 2>&1 || return 1
  index_repository "$to.part/root/srv/repository"
  echo 'deb [trusted=yes] file:/srv/repository ./' > "$to.part/root/etc/apt/sources.list"
  : > "$to.part/root/etc/resolv.conf"
  cp "$to.part"/root/boot/vmlinuz-* "$to.part/kernel"
  cp "$to.part"/root/boot/initrd.img-* "$to.part/initrd"
  make_disk "$to.part/disk" 8G "$to.part/root" >> "$to.log" 2>&1 || return 1
  rm -rf "$to.part/root"
  mv -T "$to.part" "$to"
}

make_disk() {  # FILE SIZE FOLDER: a file system with what is in FOLDER, on a file of no more than that
  rm -f "$1"
  truncate -s "$2" "$1" && mke2fs -q -t ext4 -d "$3" "$1"
}

# They are in the namespaces with all that they have.
remains_of() { true; }

# shellcheck disable=SC2034  # for machine-world.sh
machines_are=vm machine_parts="make_disk"
# shellcheck source=tests/support/machine-world.sh
. "$root/tests/support/machine-world.sh"

declare -A vm_arguments=() vm_disk=() vm_memory=()
machine_patience=900

make_machine() {  # NAME NUMBER: its disk and its network
  local own=$work/own.$1
  mkdir "$own"
  echo "$1" > "$own/hostname"
  tr -d - < /proc/sys/kernel/random/uuid > "$own/machine-id"
  printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$1" > "$own/hosts"
  cat > "$own/interfaces" << CONF
auto lo eth0
iface lo inet loopback
iface eth0 inet static
  address 10.77.0.$2/24
  gateway 10.77.0.1
iface eth0 inet6 static
  address fd77::$2/64
  dad-attempts 0
CONF
  ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$own/ssh_host_ed25519_key"
  cp --sparse=always "$MACHINES_IMAGE/disk" "$MACHINES_FOLDER/$1.disk"
  # Into the file system that nobody has mounted.
  debugfs -w -f - "$MACHINES_FOLDER/$1.disk" > "$work/debugfs.$1" 2>&1 << COMMANDS
rm /etc/hosts
rm /etc/hostname
rm /etc/machine-id
write $own/hosts /etc/hosts
write $own/hostname /etc/hostname
write $own/machine-id /etc/machine-id
write $own/interfaces /etc/network/interfaces
write $own/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key
write $own/ssh_host_ed25519_key.pub /etc/ssh/ssh_host_ed25519_key.pub
write $work/key.pub /home/ops/.ssh/authorized_keys
sif /home/ops/.ssh/authorized_keys uid 1000
sif /home/ops/.ssh/authorized_keys gid 1000
COMMANDS
  ip tuntap add dev "m-$1" mode tap
  ip link set "m-$1" master machines up
}

# The kernel is not to test its clocks: on a busy host they would fail, and it would not boot.
start_machine() {  # NAME
  local mac drives=(-drive "file=$MACHINES_FOLDER/$1.disk,if=virtio,format=raw,cache=unsafe")
  [ -z "${vm_disk[$1]:-}" ] || drives+=(-drive "file=${vm_disk[$1]},if=virtio,format=raw,cache=unsafe")
  printf -v mac '52:54:00:77:00:%02x' "${machine_number[$1]}"
  qemu-system-x86_64 -name "$1" -accel tcg,thread=multi -cpu max -smp 2 -m "${vm_memory[$1]:-2560}" \
    -display none -monitor none -serial "file:$work/console.$1" \
    -kernel "$MACHINES_IMAGE/kernel" -initrd "$MACHINES_IMAGE/initrd" \
    -append "root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off no_timer_check tsc=reliable ${vm_arguments[$1]:-}" \
    "${drives[@]}" -device virtio-rng-pci -netdev "tap,id=cable,ifname=m-$1,script=no,downscript=no" \
    -device "virtio-net-pci,netdev=cable,mac=$mac" </dev/null > "$work/qemu.$1" 2>&1 &
}

boot_of() { on "$1" cat /proc/sys/kernel/random/boot_id; }  # NAME
reboot_machine() {  # NAME
  local before after end=$((SECONDS + machine_patience))
  before=$(boot_of "$1") && [ -n "$before" ] || return
  on "$1" systemctl reboot
  until after=$(boot_of "$1") && [ -n "$after" ] && [ "$after" != "$before" ]; do
    [ $SECONDS -lt $end ] || { tail -n 5 "$work/console.$1"; return 1; }
    sleep 1
  done
}
