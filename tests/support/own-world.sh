#!/bin/sh
# Runs a program in a world of its own: what it does to users, files, mounts, network and processes
# is in namespaces that end with it, even when it is killed. Needs root.
# Usage: own-world.sh PROGRAM [ARGUMENT...]
set -eu

[ "$(id -u)" = 0 ] || { echo "own-world.sh: needs root: it makes namespaces" >&2; exit 2; }

# shellcheck disable=SC2016
exec unshare --mount --net --pid --fork --kill-child --mount-proc sh -eu -c '
  mount -t tmpfs -o mode=755 none /mnt
  # The program may lie below a folder that is covered now.
  cp "$1" /mnt/program
  shift
  for folder in /run /home /root /srv /var/lib /var/mail; do
    [ ! -d "$folder" ] || mount -t tmpfs -o mode=755 none "$folder"
  done
  for folder in /tmp /var/tmp; do mount -t tmpfs none "$folder"; done
  mkdir /var/lib/muster
  # Users come and go.
  cp -a /etc /mnt/etc
  mount --bind /mnt/etc /etc
  mkdir -m 755 /mnt/work /run/sshd
  ip link set lo up
  ip link add node0 type veth peer name node1
  ip link set node0 up
  ip link set node1 up
  cd /
  unset SSH_AUTH_SOCK
  export HOME=/root TMPDIR=/mnt/work
  # Not exec: the first process of a namespace is deaf to signals, and its end is the end of all.
  /mnt/program "$@"
' sh "$@"
