# Root file systems that tests/integration/families.sh logs in to, repositories of packages made for
# it, and roles that are applied there. Sourced in a world of its own (own-world.sh): all of it is
# below /mnt and ends with that.
# shellcheck shell=bash disable=SC2034,SC2154  # work and code are the script's

# root_of FOLDER: what every root has.
root_of() {
  mkdir -p "$1"/{etc,proc,dev,run,tmp,root,opt/repo,usr/bin,usr/sbin,var/lib,var/log,var/cache}
  chmod 1777 "$1/tmp"
  ln -s ../run "$1/var/run"
  mount -t proc none "$1/proc"
  mknod -m 666 "$1/dev/null" c 1 3
  mknod -m 666 "$1/dev/urandom" c 1 9
  echo 'root:x:0:0:root:/root:/bin/sh' > "$1/etc/passwd"
  echo 'root:x:0:' > "$1/etc/group"
}

# --- dnf: Debian's root with real dnf and rpm, and without apt, dpkg and systemd's tools

# dnf_root FOLDER
dnf_root() {
  local link
  root_of "$1"
  mkdir -p "$1.upper" "$1.work" "$1"/etc/{dnf,yum.repos.d,rpm}
  mount -t overlay overlay -o "lowerdir=/usr,upperdir=$1.upper,workdir=$1.work" "$1/usr"
  rm -f "$1"/usr/bin/{apt,dpkg,systemctl}*
  for link in bin sbin lib lib64; do ln -s "usr/$link" "$1/$link"; done
  cp -a /etc/ld.so.cache "$1/etc/"
  printf 'ID=rocky\nID_LIKE="rhel centos fedora"\nVERSION_ID="9"\n' > "$1/etc/os-release"
  # Where Fedora has it; Debian's is in the home of whoever asks.
  echo '%_dbpath /var/lib/rpm' > "$1/etc/rpm/macros"
  printf '[main]\ngpgcheck=0\n' > "$1/etc/dnf/dnf.conf"
  printf '[made]\nname=made\nbaseurl=file:///opt/repo\n' > "$1/etc/yum.repos.d/made.repo"
}

# rpm_package ROOT NAME VERSION [LINES-OF-THE-SPEC]
rpm_package() {
  cat > "/mnt/work/$2.spec" <<SPEC
Name: $2
Version: $3
Release: 1
Summary: made for a test
License: none
BuildArch: noarch
${4:-}
%description
It holds one file.
%install
mkdir -p %{buildroot}/opt/families
echo $3 > %{buildroot}/opt/families/$2
%files
/opt/families/$2
SPEC
  rpmbuild -bb --quiet --define '_topdir /mnt/work/rpm' --define '_dbpath /mnt/work/rpmdb' \
    --define "_rpmdir $1/opt/repo" "/mnt/work/$2.spec"
}
rpm_index() { createrepo_c -q "$1/opt/repo"; }

# add_firewalld ROOT UNPACKED-PACKAGES
add_firewalld() {
  mkdir -p "$1"/{etc/dbus-1,run/dbus,var/lib/dbus}
  tar -C "$2" -c . | tar -C "$1" -x --keep-directory-symlink
  grep '^messagebus:' /etc/passwd >> "$1/etc/passwd" || echo 'messagebus:x:100:100::/:/bin/false' >> "$1/etc/passwd"
  echo 0123456789abcdef0123456789abcdef > "$1/etc/machine-id"
}

# start_firewalld ROOT: leaves the process in $firewalld.
start_firewalld() {
  local try
  [ -S "$1/run/dbus/system_bus_socket" ] || chroot "$1" dbus-daemon --system --fork --nopidfile 2> /mnt/work/dbus.log
  chroot "$1" firewalld --nofork --nopid > /mnt/work/firewalld.log 2>&1 &
  firewalld=$!
  for try in {1..300}; do
    chroot "$1" firewall-cmd -q --state 2> /dev/null && return
    kill -0 $firewalld || return
    sleep 0.2
  done
  return 1
}
stop_firewalld() { kill $firewalld; wait $firewalld; }

# --- apk and OpenRC: nothing but busybox beside them, as on Alpine

# busybox_root FOLDER
busybox_root() {
  local name
  root_of "$1"
  mkdir -p "$1"/{bin,sbin,lib,lib64} "$1"/etc/{init.d,conf.d,runlevels/{sysinit,boot,default,shutdown}}
  cp /bin/busybox "$1/bin/"
  for name in $(busybox --list); do [ "$name" = busybox ] || ln -s busybox "$1/bin/$name"; done
  # Of these Alpine's busybox has none, and the shell of Debian's would find its own.
  rm -f "$1"/bin/{rpm,rpm2cpio,dpkg,dpkg-deb}
  printf 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.0\n' > "$1/etc/os-release"
}

# with_libraries ROOT PROGRAM...: what each is linked with, for programs that are in ROOT already.
with_libraries() {
  local root=$1 library
  shift
  for library in $(LD_LIBRARY_PATH=$root/lib:${LD_LIBRARY_PATH:-} ldd "$@" |
    awk '$3 ~ /^\// { print $3 }' | sort -u); do
    [ -e "$root/lib/${library##*/}" ] || cp "$library" "$root/lib/"
  done
  cp /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
}

# alpine_root FOLDER TAR: Alpine's own root file system.
alpine_root() {
  mkdir -p "$1"
  tar -C "$1" -xf "$2" && rm -rf "${1:?}"/{proc,dev,run,tmp,root,var/run} && root_of "$1"
}

# add_openrc ROOT UNPACKED-PACKAGES
add_openrc() {
  cp -a "$2/sbin/." "$1/sbin/"
  cp -a "$2/bin/." "$1/bin/"
  cp -a "$2/lib/rc" "$1/lib/"
  cp -a "$2"/lib/*/lib*.so* "$1/lib/"
  # Debian's own addition reads the second.
  cp "$2"/etc/{rc.conf,insserv.conf} "$1/etc/"
  with_libraries "$1" "$1"/sbin/{openrc-run,supervise-daemon} "$1/bin/rc-status"
}

# add_apk ROOT FOLDER: with a database, a key and a repository of its own. FOLDER has apk and its
# libraries.
add_apk() {
  mkdir -p "$1"/etc/apk/keys "$1"/opt/repo/x86_64 "$1"/lib/apk/db "$1"/var/cache/apk
  if [ ! -e "$1/sbin/apk" ]; then
    cp "$2/apk" "$1/sbin/"
    cp "$2"/*.so* "$1/lib/" 2> /dev/null
    with_libraries "$1" "$1/sbin/apk"
  fi
  openssl genrsa -out /mnt/work/apk.rsa 2048 2> /dev/null
  openssl rsa -in /mnt/work/apk.rsa -pubout -out "$1/etc/apk/keys/made.rsa.pub" 2> /dev/null
  echo /opt/repo > "$1/etc/apk/repositories"
  echo x86_64 > "$1/etc/apk/arch"
  chroot "$1" apk add -q --initdb
}

# A tar without its end, so that another may follow it.
cut_tar() { tar -b1 --owner=0 --group=0 --numeric-owner -c "$@" | head -c -1024; }

# apk_sign FILE: puts the signature that apk looks for in front of it.
apk_sign() {
  local at=/mnt/work/sign
  rm -rf $at
  mkdir $at
  openssl dgst -sha1 -sign /mnt/work/apk.rsa -out $at/.SIGN.RSA.made.rsa.pub "$1"
  cut_tar --format=ustar -C $at .SIGN.RSA.made.rsa.pub | gzip -n > $at/signature
  cat $at/signature "$1" > $at/signed
  mv $at/signed "$1"
}

# apk_package ROOT NAME VERSION [LINES-OF-PKGINFO]
apk_package() {
  local at=/mnt/work/apk file=opt/families/$2
  rm -rf $at
  mkdir -p $at/data/opt/families
  echo "$3" > "$at/data/$file"
  {
    cut_tar --format=ustar --no-recursion -C $at/data opt opt/families
    tar -b1 --owner=0 --group=0 --numeric-owner --format=posix -C $at/data -c "$file" \
      --pax-option="delete=atime,delete=ctime,APK-TOOLS.checksum.SHA1:=$(sha1sum < "$at/data/$file" | cut -d' ' -f1)"
  } | gzip -n > $at/data.gz
  printf '%s\n' "pkgname = $2" "pkgver = $3" 'pkgdesc = made for a test' 'url = none' 'size = 4096' \
    'arch = x86_64' 'license = none' "origin = $2" "${4:-# nothing else}" \
    "datahash = $(sha256sum < $at/data.gz | cut -d' ' -f1)" > $at/.PKGINFO
  cut_tar --format=ustar -C $at .PKGINFO | gzip -n > $at/control.gz
  apk_sign $at/control.gz
  cat $at/control.gz $at/data.gz > "$1/opt/repo/x86_64/$2-$3.apk"
}
apk_index() {
  chroot "$1" sh -c 'cd /opt/repo/x86_64 && apk index -q -o APKINDEX.tar.gz ./*.apk' &&
    apk_sign "$1/opt/repo/x86_64/APKINDEX.tar.gz"
}

# --- what is done with them

# start NAME ADDRESS [ROOT]: a host of the inventory, its sshd, and a deployment of it with one role.
start() {
  local try
  ssh-keygen -q -t ed25519 -N "" -f "$work/$1.key"
  printf '%s\n' "ListenAddress $2" 'Port 2222' "HostKey $work/$1.key" 'UsePAM no' 'PidFile none' \
    'AuthorizedKeysFile /etc/ssh/families_keys' 'PasswordAuthentication no' 'StrictModes no' \
    'KbdInteractiveAuthentication no' 'PermitRootLogin yes' 'SetEnv HOME=/root' \
    "${3:+ChrootDirectory $3}" > "$work/$1.config"
  /usr/sbin/sshd -D -e -f "$work/$1.config" 2> "$work/$1.log" &
  for try in {1..100}; do
    (exec 3<> "/dev/tcp/$2/2222") 2> /dev/null && break
    [ "$try" = 100 ] && { fail "sshd of $1 starts" "$(cat "$work/$1.log")"; exit 1; }
    sleep 0.1
  done
  echo "  - {name: $1, address: $2, port: 2222, key: id, host_key: $(cut -d' ' -f1,2 "$work/$1.key.pub")}" \
    >> $work/hosts.yaml
  mkdir -p "$work/$1.roles/roles/mine"
  printf '{"name": "%s", "provider": {"name": "inventory", "hints": {"file": "%s"}}, "nodes": [%s]}\n' \
    "$1" $work/hosts.yaml "{\"roles\": [\"mine\"], \"hosts\": [\"$1\"]}" > "$work/$1.json"
}

runs=0
# role NODE < TASKS: what NODE's role is from now on. Each role differs from the last, so that its
# tasks run again.
role() {
  runs=$((runs + 1))
  { printf 'role: mine\ndescription: run %s\ntasks:\n' $runs
    printf '  - {name: run, command: {run: "true", unless: "true %s"}}\n' $runs
    cat; } > "$work/$1.roles/roles/mine/role.yaml"
}
# muster_of NODE COMMAND ARGUMENT...: leaves $code and what it said in $work/out.
muster_of() {
  local command=$2 node=$1
  shift 2
  /mnt/muster --roles "$work/$node.roles" "$command" "$work/$node.json" "$@" > $work/out 2>&1 < /dev/null
  code=$?
}
apply() { muster_of "$1" apply --yes --json; }
# tasks NODE < TASKS: runs them.
tasks() { role "$1"; apply "$1"; }
# outcome TASK
outcome() { sed -n "s/.*\"task_finished\".*\"task\":\"$1\",\"outcome\":\"\([a-z]*\)\".*/\1/p" $work/out | tr '\n' ' '; }
# is TASK OUTCOME
is() { [ "$(outcome "$1")" = "$2 " ]; }

# hold_lock FILE PROGRAM: holds a manager's lock until PROGRAM runs, and a second more.
hold_lock() {
  python3 - "$1" "$2" $work/held <<'PY'
import fcntl, glob, os, sys, time
lock, program, held = sys.argv[1:]
file = open(lock, "w")
fcntl.lockf(file, fcntl.LOCK_EX)
open(held, "w").close()
end = time.time() + 30
def came():
    for name in glob.glob("/proc/[0-9]*/comm"):
        try:
            if open(name).read().strip() == program: return True
        except OSError: pass
    return False
while not came() and time.time() < end: time.sleep(0.05)
time.sleep(1)
PY
}
