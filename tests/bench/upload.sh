#!/usr/bin/env bash
# How long muster takes to copy a file of 100 MB to a node, beside scp with the same cipher. The
# node is an sshd of this script's on loopback. Both begin without a connection and are run in
# turn, three times; muster also hashes on the node, and scp checks nothing.
# Usage: upload.sh [BUILD_DIR [MEGABYTES]]. Needs root: the node's store is a tmpfs of its own.
set -euo pipefail

self=$(realpath "${BASH_SOURCE[0]}")
cd "$(dirname "$self")/../.."
build=${1:-build/release}
megabytes=${2:-100}
store=/opt/muster

# In a mount namespace that ends with the script.
if [ "${MUSTER_BENCH_INSIDE:-}" != 1 ]; then
  [ "$(id -u)" = 0 ] || { echo "upload.sh: needs root" >&2; exit 2; }
  made=
  [ -d "$store" ] || { mkdir "$store"; made=1; }
  code=0
  MUSTER_BENCH_INSIDE=1 unshare --mount "$self" "$build" "$megabytes" || code=$?
  [ -z "$made" ] || rmdir "$store"
  exit "$code"
fi

mount -t tmpfs none "$store"
work=$(mktemp -d)
sshd_pid=
finish() {
  [ -z "$sshd_pid" ] || kill "$sshd_pid" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

for name in host_key client_key; do ssh-keygen -q -t ed25519 -N '' -f "$work/$name"; done
cp "$work/client_key.pub" "$work/authorized_keys"
port=$((20000 + RANDOM % 20000))
cat >"$work/sshd_config" <<CONFIG
ListenAddress 127.0.0.1
Port $port
HostKey $work/host_key
AuthorizedKeysFile $work/authorized_keys
UsePAM no
StrictModes no
PidFile none
PermitRootLogin yes
Subsystem sftp internal-sftp
# Away from the profile of whoever runs this.
SetEnv HOME=$work
CONFIG
mkdir -p /run/sshd
setpriv --pdeathsig TERM /usr/sbin/sshd -D -e -f "$work/sshd_config" 2>"$work/log" &
sshd_pid=$!
ssh_options=(-c aes128-gcm@openssh.com -i "$work/client_key" -o StrictHostKeyChecking=no
  -o "UserKnownHostsFile=$work/known_hosts" -o LogLevel=ERROR -F none)
for _ in $(seq 50); do
  ! ssh "${ssh_options[@]}" -p "$port" 127.0.0.1 true 2>/dev/null || break
  sleep 0.1
done

# Half of it compresses, as programs do.
{ head -c "$((megabytes * 500000))" /dev/urandom; head -c "$((megabytes * 500000))" /dev/zero; } \
  >"$work/file"

# Sets took and cpu, in seconds: of the command, and of what sshd did for it.
measure() {
  local began=$EPOCHREALTIME cpu_before cpu_after
  cpu_before=$(cpu_seconds)
  "$@"
  took=$(awk -v began="$began" -v ended="$EPOCHREALTIME" 'BEGIN { print ended - began }')
  # Counted when the session's processes are gone.
  for _ in $(seq 50); do
    [ -n "$(cat "/proc/$sshd_pid/task/$sshd_pid/children")" ] || break
    sleep 0.1
  done
  cpu_after=$(cpu_seconds)
  cpu=$(awk -v before="$cpu_before" -v after="$cpu_after" 'BEGIN { print after - before }')
}

# Of this script's and of sshd's children that have ended.
cpu_seconds() {
  awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); sum += $14 + $15 }
    END { print sum / ticks }' "/proc/$$/stat" "/proc/$sshd_pid/stat"
}

copy_scp() {
  scp -q -P "$port" "${ssh_options[@]}" "$work/file" "127.0.0.1:$store/copy"
}
copy_muster() {
  "$build/tests/bench_upload" 127.0.0.1 "$port" "$work/client_key" "$work/host_key.pub" \
    "$work/file" >/dev/null
  [ "$(find "$store/store" -maxdepth 1 -type f -size +1000k | wc -l)" = 1 ]
}

copy_scp   # the file is in memory from here on
copy_muster
echo '| run | scp: s | CPU s | muster: s | CPU s | speed of scp |'
echo '| --- | --- | --- | --- | --- | --- |'
for run in 1 2 3; do
  rm -rf "${store:?}/copy" "$store/store"
  measure copy_scp
  scp_took=$took scp_cpu=$cpu
  measure copy_muster
  printf '%s %s %s %s %s\n' "$run" "$scp_took" "$scp_cpu" "$took" "$cpu" |
    awk '{ printf "| %d | %.2f | %.2f | %.2f | %.2f | %.0f %% |\n",
                  $1, $2, $3, $4, $5, 100 * $2 / $4 }'
done
