# Sourced by machines.sh and vms.sh: the world of machines that nobody's provider knows. The script runs
# again in namespaces of its own (mounts, network, processes), which end with it even when it is killed;
# what would outlive them clean-up in the background takes away.
# Who sources this says before: $machines_are (the name of its image), $machine_parts (what the image is made
# of: functions and texts), build_machine_image FOLDER and remains_of MARK (prints what is left outside of
# the namespaces, and removes what it can); and behind it make_machine NAME NUMBER and start_machine NAME.
# shellcheck shell=bash disable=SC2154  # those
set -u

export MUSTER_CACHE=${MUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/muster}
# shellcheck source=tests/support/node-folder.sh
. "$root/tests/support/node-folder.sh"

# --- Before the namespaces: the image needs a Debian mirror. ------------------------------------

# The packages that roles install: not in the image, but in a repository beside it.
machine_packages="haproxy iptables curl${more_packages:+ $more_packages}"

index_repository() {  # FOLDER
  local deb
  for deb in "$1"/*.deb; do
    dpkg-deb -f "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$(basename "$deb")" "$(stat -c %s "$deb")" \
      "$(sha256sum < "$deb" | cut -d' ' -f1)"
  done > "$1/Packages"
}

if [ -z "${MACHINES_WORLD:-}" ]; then
  [ "$(id -u)" = 0 ] || { echo "skip $(basename "$0"): it needs root"; exit 0; }
  # shellcheck disable=SC2086  # words
  mark=$({ declare -f build_machine_image $machine_parts; echo "$machine_packages"; } | sha256sum | cut -c1-8)
  MACHINES_IMAGE=$MUSTER_CACHE/images/$machines_are-$mark
  mkdir -p "$MUSTER_CACHE/images"
  exec 9> "$MUSTER_CACHE/images/$machines_are.lock"
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
      [ -n "$(remains_of "$MACHINES_MARK")" ] || break
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

# From the bastion, whom every machine lets in.
on() {  # NAME COMMAND...: as root
  ip netns exec bastion ssh -q -i "$work/key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o ConnectTimeout=20 -o ControlMaster=auto -o ControlPath="$work/ssh.%C" -o ControlPersist=60 \
    "ops@$1" "sudo sh -c $(printf %q "${*:2}")" </dev/null
}

# All that could change on them; for scripts that source cases.sh.
listings() {  # WHEN MACHINE...: to WHEN.MACHINE
  local name pid pids=()
  for name in "${@:2}"; do
    on "$name" "$(cat "$root/tests/support/listing.sh")" > "$1.$name" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || fail "each machine is listed, $1" "exit code $?"; done
}

declare -A machine_number=()
machine_patience=180  # seconds for a boot, on a busy machine
machines() {  # NAME...
  local name number=11 end
  for name in "$@"; do
    while [[ " ${machine_number[*]} " = *" $number "* ]]; do number=$((number + 1)); done
    machine_number[$name]=$number
    echo "10.77.0.$number $name" >> /etc/hosts
  done
  for name in "$@"; do make_machine "$name" "${machine_number[$name]}"; start_machine "$name"; done
  end=$((SECONDS + machine_patience))
  for name in "$@"; do
    # As Debian's initramfs mounts it.
    until on "$name" mount -o remount,noexec /run; do
      [ $SECONDS -lt $end ] || { echo "FAIL machine $name boots: $(tail -n 5 "$work/console.$name")"; exit 1; }
      sleep 0.2
    done
  done
}
