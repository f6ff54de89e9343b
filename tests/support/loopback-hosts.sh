# Existing machines for scripts, as far as a role of the test's own goes: an sshd on a loopback address
# each, with folders in place of /var/lib, /run and /srv. To be sourced; needs root and openssh-server.
# shellcheck shell=bash disable=SC2034,SC2154  # read by the scripts; $work is theirs
#
# loopback_hosts FOLDER NAME...   makes keys, folders and FOLDER/hosts.yaml, and starts all
# start_host NAME [KEY]           with the host key FOLDER/KEY in place of its own
# stop_host NAME
# end_hosts                       for the script's trap
declare -A host_address=() host_sshd=()
host_port=$((20000 + RANDOM % 10000))

loopback_hosts() {
  local net name number=0
  hosts_folder=$1
  shift
  net=127.$((RANDOM % 200 + 20)).$((RANDOM % 250))
  mkdir -p "$hosts_folder" /run/sshd
  ssh-keygen -q -t ed25519 -N "" -f "$hosts_folder/id"
  echo "hosts:" > "$hosts_folder/hosts.yaml"
  for name in "$@"; do
    host_address[$name]=$net.$((++number))
    ssh-keygen -q -t ed25519 -N "" -f "$hosts_folder/$name.key"
    mkdir -p "$hosts_folder/$name/var" "$hosts_folder/$name/run/sshd" "$hosts_folder/$name/srv"
    echo "  - {name: $name, address: ${host_address[$name]}, port: $host_port, key: id}" >> "$hosts_folder/hosts.yaml"
    start_host "$name"
  done
}

start_host() {
  local name=$1 key=${2:-$1.key} try
  printf '%s\n' "ListenAddress ${host_address[$name]}" "Port $host_port" "HostKey $hosts_folder/$key" \
    "AuthorizedKeysFile $hosts_folder/id.pub" "UsePAM no" "StrictModes no" "PidFile none" \
    "PasswordAuthentication no" "KbdInteractiveAuthentication no" "PermitRootLogin yes" \
    > "$hosts_folder/$name/config"
  # shellcheck disable=SC2016
  setpriv --pdeathsig TERM unshare --mount sh -euc 'mount --bind "$1/var" /var/lib; mount --bind "$1/srv" /srv; mount --bind "$1/run" /run
    exec /usr/sbin/sshd -D -e -f "$1/config"' sh "$hosts_folder/$name" 2>> "$hosts_folder/$name/log" &
  host_sshd[$name]=$!
  for try in {1..300}; do
    (exec 3<> "/dev/tcp/${host_address[$name]}/$host_port") 2> /dev/null && return
    kill -0 "${host_sshd[$name]}" 2> /dev/null || break
    [ "$try" = 300 ] || sleep 0.1
  done
  echo "FAIL sshd of $name starts: $(cat "$hosts_folder/$name/log")"
  exit 1
}

stop_host() {
  kill "${host_sshd[$1]}"
  wait "${host_sshd[$1]}" 2> /dev/null
  unset "host_sshd[$1]"
}

end_hosts() {
  local pid
  for pid in "${host_sshd[@]}"; do
    kill -CONT "$pid"
    kill "$pid"
  done 2> /dev/null
  wait "${host_sshd[@]}" 2> /dev/null
}
