#!/bin/sh
# Builds the root file system of a local node: Debian 12 with systemd, sshd and the packages that roles
# install, trimmed to boot fast. Usage: build-node-image.sh OUTDIR. Progress goes to stderr.
#
# OUTDIR appears whole or not at all. It is the read-only lower layer of every node, so it holds
# nothing that must differ between nodes: no machine id, no host name, no ssh host keys.
set -eu

out=${1:?usage: build-node-image.sh OUTDIR}
suite=bookworm
mirror=${MUSTER_DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${MUSTER_DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}

say() { echo "node image: $*" >&2; }

[ ! -e "$out" ] || { say "'$out' is there already; remove it to build it again"; exit 0; }
mkdir -p "$(dirname "$out")"
work=$(mktemp -d "$(dirname "$out")/.$(basename "$out").XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
root="$work/root"

packages="systemd systemd-sysv dbus openssh-server sudo ca-certificates
  iproute2 iptables nftables kmod procps curl haproxy"

say "installing packages from $mirror (about a minute)"
mmdebstrap --quiet --variant=minbase \
  --include="$(echo $packages | tr ' ' ',')" \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' \
  --aptopt='APT::Install-Recommends "false"' \
  "$suite" "$root" \
  "deb $mirror $suite main" \
  "deb $mirror $suite-updates main" \
  "deb $security $suite-security main" >&2

say "configuring"
# These are the roles' business: a role installs its own unit and starts it.
rm -f "$root"/etc/systemd/system/multi-user.target.wants/haproxy.service \
      "$root"/etc/systemd/system/multi-user.target.wants/nftables.service \
      "$root"/etc/systemd/system/sysinit.target.wants/nftables.service

# Units that a container has no use for, or that cost time at boot.
for unit in \
  console-getty.service getty.target getty-static.service serial-getty@.service \
  systemd-logind.service systemd-user-sessions.service systemd-networkd.service \
  systemd-network-generator.service systemd-udevd.service systemd-udev-trigger.service \
  systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-modules-load.service \
  systemd-hwdb-update.service systemd-firstboot.service systemd-sysusers.service \
  systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-update-done.service \
  systemd-random-seed.service systemd-pstore.service systemd-remount-fs.service \
  systemd-machine-id-commit.service systemd-boot-system-token.service systemd-timesyncd.service \
  systemd-journal-flush.service systemd-journal-catalog-update.service ldconfig.service \
  systemd-ask-password-console.path systemd-ask-password-wall.path \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
  sys-kernel-config.mount sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount \
  e2scrub_reap.service e2scrub_all.timer fstrim.timer apt-daily.timer apt-daily-upgrade.timer \
  dpkg-db-backup.timer kmod.service procps.service sudo.service remote-fs.target \
  systemd-repart.service systemd-tmpfiles-setup-dev.service
do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"

# Together they take a third of the boot. Only /etc/fstab may hold something for a node.
mkdir -p "$root/etc/systemd/system-generators"
for generator in "$root"/usr/lib/systemd/system-generators/*; do
  case $generator in
    */systemd-fstab-generator) ;;
    *) ln -sf /dev/null "$root/etc/systemd/system-generators/$(basename "$generator")" ;;
  esac
done

# The provider makes a node's host key and so knows it beforehand.
rm -f "$root"/etc/ssh/ssh_host_*
cat > "$root/etc/ssh/sshd_config" <<'CONF'
# Login is by key only. UsePAM and UseDNS cost time per connection and add nothing here.
HostKey /etc/ssh/ssh_host_ed25519_key
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
UseDNS no
PrintMotd no
# A plan opens many channels over one connection, and many connections at once.
MaxSessions 64
MaxStartups 100:30:200
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
CONF
# sshd needs only a file system and an address, and nspawn gives both before systemd starts: no
# need to wait for the basic target.
mkdir -p "$root/etc/systemd/system/ssh.service.d"
cat > "$root/etc/systemd/system/ssh.service.d/early.conf" <<'CONF'
[Unit]
DefaultDependencies=no
After=
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=exec
ExecStartPre=
RuntimeDirectory=sshd
RuntimeDirectoryMode=0755
CONF
mkdir -p "$root/etc/systemd/system/sysinit.target.wants"
ln -sf /lib/systemd/system/ssh.service "$root/etc/systemd/system/sysinit.target.wants/ssh.service"
rm -f "$root/etc/systemd/system/multi-user.target.wants/ssh.service"

# What nspawn leaves read-only or shared with the host, put right from inside before anything else:
# kubelet makes cgroups, and insists on kernel settings that are the host's, so it gets private
# files to write to in their place. Without them one node would change the whole machine.
mkdir -p "$root/usr/local/lib/muster"
cat > "$root/usr/local/lib/muster/local-node" <<'CONF'
#!/bin/sh
# sshd waits for this, so the mounts are made side by side.
set -u
# cgroup v1: one mount per controller. On a cgroup v2 host the one mount is writable already.
while read -r _ at type options _; do
  case $type:$options in cgroup:ro,*) mount -o remount,bind,rw "$at" & ;; esac
done < /proc/self/mounts
mkdir -p /run/muster/sysctl
while read -r name value; do
  [ -e "/proc/sys/$name" ] || continue
  file=/run/muster/sysctl/${name##*/}
  echo "$value" > "$file"
  mount --bind "$file" "/proc/sys/$name" &
done <<SETTINGS
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
SETTINGS
wait
CONF
chmod 0755 "$root/usr/local/lib/muster/local-node"
cat > "$root/etc/systemd/system/muster-local-node.service" <<'CONF'
[Unit]
Description=Make cgroups writable and kernel settings private to this node
DefaultDependencies=no
Before=sysinit.target ssh.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/muster/local-node
CONF
ln -sf ../muster-local-node.service \
  "$root/etc/systemd/system/sysinit.target.wants/muster-local-node.service"
# This one is the host's to set, and it is read-only here.
ln -sf /dev/null "$root/etc/sysctl.d/50-pid-max.conf"

mkdir -p "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\nRateLimitBurst=0\nReadKMsg=no\n' \
  > "$root/etc/systemd/journald.conf.d/node.conf"
printf '[Manager]\nDefaultTimeoutStopSec=10s\nShowStatus=no\n' \
  > "$root/etc/systemd/system.conf.d/node.conf"

: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/etc/hostname" "$root/etc/resolv.conf"
: > "$root/etc/resolv.conf"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' > "$root/etc/hosts"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/usr/share/doc/* "$root"/tmp/*
mkdir -p "$root/var/lib/containerd" "$root/var/lib/kubelet"

# mktemp made the work directory 0700; the root itself must be open to the node's users.
chmod 0755 "$root"
mv -T "$root" "$out"
say "done: $out"
