#!/bin/sh
# The shell of busybox 1.37.0 hands environment variables with "-" or "." in their names on to its
# programs, and the same version as Debian 13 builds it drops them.
#
# Kubernetes takes such names since v1.30 (keys of ConfigMaps and Secrets are often so), and the kubelet
# sets them. Whether `sh -c PROGRAM` in the container passes them on is up to its shell: busybox of
# upstream does, Debian's package reverts the change that made it so (debian/patches/revert-9c143ce*),
# dash never did, bash does. Kubernetes' conformance cases "should be consumable via the environment"
# pass with upstream's image of busybox and fail with one that is packed of Debian's.
#
# Packages: busybox-static 1:1.37.0-6+b8 of Debian 13 and the source of busybox 1.37.0 that it is made of.
# Needs a C compiler, make, bzip2, dpkg-deb, an amd64 machine and a minute of CPU.
#
# Seen:
#   upstream's 1.37.0: data-1 name.with.dots plain
#   Debian's 1.37.0: plain
#   upstream's 1.37.0, without a shell between: data-1 name.with.dots plain
#   Debian's 1.37.0, without a shell between: data-1 name.with.dots plain
set -eu

work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
pool=http://deb.debian.org/debian/pool/main/b/busybox

get() { # SHA256 FILE
  curl -sSfL --retry 3 -o "$work/$2" "$pool/$2"
  echo "$1  $work/$2" | sha256sum -c --quiet - >&2
}
get 3311dff32e746499f4df0d5df04d7eb396382d7e108bb9250e7b519b837043a4 busybox_1.37.0.orig.tar.bz2
get 73efc773b070ea220c5d7cb2d12206ec235c46b03a9ad133d1f6a7ca62201e41 busybox-static_1.37.0-6+b8_amd64.deb

tar xjf "$work/busybox_1.37.0.orig.tar.bz2" -C "$work"
(
  cd "$work/busybox-1.37.0"
  make allnoconfig
  for option in STATIC ASH SH_IS_ASH ENV; do
    sed -i "s/^# CONFIG_$option is not set/CONFIG_$option=y/" .config
  done
  yes '' | make oldconfig
  nice make busybox
) >"$work/log" 2>&1 </dev/null || { tail -n 20 "$work/log" >&2; exit 1; }
dpkg-deb -x "$work/busybox-static_1.37.0-6+b8_amd64.deb" "$work/debian"

upstream="$work/busybox-1.37.0/busybox" debian="$work/debian/usr/bin/busybox"
"$debian" --help | grep -q 'BusyBox v1\.37\.0 '
names() { # COMMAND...: those of ours that it has
  env -i data-1=a name.with.dots=b plain=c "$@" | sed -n 's/^\(data-1\|name\.with\.dots\|plain\)=.*/\1/p' |
    LC_ALL=C sort | xargs
}
{
  echo "upstream's 1.37.0: $(names "$upstream" sh -c "'$upstream' env")"
  echo "Debian's 1.37.0: $(names "$debian" sh -c "'$debian' env")"
  echo "upstream's 1.37.0, without a shell between: $(names "$upstream" env)"
  echo "Debian's 1.37.0, without a shell between: $(names "$debian" env)"
} | tee "$work/seen"

sed -n '/^# Seen:$/,/^[^#]/s/^#   //p' "$0" >"$work/wanted"
diff "$work/wanted" "$work/seen"
echo "as before"
