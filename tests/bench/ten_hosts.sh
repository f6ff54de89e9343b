#!/usr/bin/env bash
# The same 100 small tasks on ten hosts, from nothing and once more, by plain ssh, muster, Ansible
# and Ansible with Mitogen, turn and turn about. The hosts are ten sshd of this machine, each with
# an address and a folder of its own. Prints each time, the medians and their ratio to plain ssh.
#
#   tests/bench/ten_hosts.sh [BUILD]     BUILD has muster in it (default build/release)
#
# Needs root, openssh and an idle machine; contenders that are not installed are left out.
# From the environment: ROUNDS (5), SLOW_ROUNDS (1; of Ansible), HOSTS (10), CONTENDERS ("bare shell
# muster ansible mitogen"), KEEP (a folder: a copy of what was generated).
# shellcheck disable=SC2317  # what traps and "run" call is reached
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=$(realpath "${1:-$root/build/release}/muster")
rounds=${ROUNDS:-5} slow_rounds=${SLOW_ROUNDS:-1} hosts=${HOSTS:-10}
contenders=${CONTENDERS:-bare shell muster ansible mitogen}
[ "$(id -u)" = 0 ] || { echo "ten_hosts.sh: needs root: sshd logs in as who it runs as" >&2; exit 2; }
[ -x /usr/sbin/sshd ] || { echo "ten_hosts.sh: needs openssh-server" >&2; exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/muster-ten-hosts.XXXXXX")
site=$(mktemp -d /srv/bench-XXXXXX)

# sshd and what logs in through it know nothing of us; they are found by the config they read.
clean_up() {
  local pid
  while read -r pid; do
    ! grep -qsF "$work/" "/proc/$pid/cmdline" || kill "$pid" 2>/dev/null || true
  done < "$work/pids"
  rm -rf "$work" "$site"
}
: > "$work/pids"
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
# When this script is killed, its traps do not run.
(
  trap '' INT HUP
  tail --pid=$$ -f /dev/null
  [ ! -e "$work/pids" ] || clean_up
) > /dev/null 2>&1 &

# --- ten hosts

port=$((20000 + RANDOM % 10000))
net=127.77.$((RANDOM % 250))
names=() addresses=()
ssh-keygen -q -t ed25519 -N "" -f "$work/id"
for ((i = 1; i <= hosts; i++)); do
  names+=("$(printf 'h%02d' "$i")") addresses+=("$net.$i")
  ssh-keygen -q -t ed25519 -N "" -f "$work/$i.key"
  printf '%s\n' "ListenAddress $net.$i" "Port $port" "HostKey $work/$i.key" \
    "AuthorizedKeysFile $work/id.pub" "UsePAM no" "StrictModes no" "PidFile none" \
    "PasswordAuthentication no" "KbdInteractiveAuthentication no" "PermitRootLogin yes" \
    > "$work/$i.config"
  # With a /run of its own, as a node is locked there while muster works on it, a /var/lib where it
  # writes down what was there before, and without the login files of this machine.
  mkdir "$site/$i.state"
  # shellcheck disable=SC2016
  setpriv --pdeathsig TERM unshare --mount sh -euc '
    for f in /run /root; do mount -t tmpfs none $f; done
    mkdir /run/sshd
    mount --bind "$2" /var/lib
    exec /usr/sbin/sshd -D -e -f "$1"
  ' sh "$work/$i.config" "$site/$i.state" 2> "$work/$i.log" &
  echo $! >> "$work/pids"
  echo "[$net.$i]:$port $(cut -d' ' -f1,2 "$work/$i.key.pub")" >> "$work/known_hosts"
  mkdir "$site/$net.$i"
done
for address in "${addresses[@]}"; do
  for _ in {1..100}; do
    ! (exec 3<> "/dev/tcp/$address/$port") 2>/dev/null || continue 2
    sleep 0.1
  done
  echo "ten_hosts.sh: no sshd at $address:$port" >&2
  exit 1
done
printf '%s\n' "Host *" "  Port $port" "  User root" "  IdentityFile $work/id" "  IdentitiesOnly yes" \
  "  UserKnownHostsFile $work/known_hosts" "  BatchMode yes" > "$work/ssh_config"

# --- the job, in each tongue

job() {  # CALL: calls it with KIND PATH CONTENT for each of the 100 tasks
  local i
  for i in {01..20}; do "$1" directory "d$i" ""; done
  for i in {01..20}; do
    "$1" file "d$i/one" "[unit $i]"$'\n'"name = one of $i"$'\n'"limit = $((10#$i * 100))"
    "$1" file "d$i/two" "# the second of $i"$'\n'"key-$i: value with \$dollar and 'quotes'"
  done
  for i in {01..20}; do "$1" command "d$i/made" "echo made $i"; done
  for i in {01..10}; do "$1" line "lines" "setting_$i=$i"; done
  for i in {11..20}; do "$1" check "d$i/one" ""; done
}

# Plain shell, as one writes it who wants it quick: no program runs that need not.
in_shell() {
  local path="\$at/$2"
  case $1 in
    directory) echo "directory \"$path\"" ;;
    file) printf 'file "%s" %q\n' "$path" "$3" ;;
    command) echo "[ -e \"$path\" ] || $3 > \"$path\"" ;;
    line) echo "line \"$path\" '$3'" ;;
    check) echo "[ -s \"$path\" ]" ;;
  esac
}
shell_script() {  # ATTRIBUTES: what sees to mode and owner
  cat << SHELL
set -eu
umask 022
set -- \$SSH_CONNECTION
at=$site/\$3
attributes() { $1; }
directory() {
  [ -d "\$1" ] || mkdir "\$1"
  attributes "\$1" 755
}
file() {
  { [ -f "\$1" ] && cmp -s - "\$1" <<< "\$2"; } || printf '%s\n' "\$2" > "\$1"
  attributes "\$1" 644
}
line() { { [ -f "\$1" ] && grep -qxF -e "\$2" "\$1"; } || printf '%s\n' "\$2" >> "\$1"; }
SHELL
  job in_shell
}
shell_script : > "$work/bare.sh"
# shellcheck disable=SC2016
shell_script '[ "$(stat -c "%a %U %G" "$1")" = "$2 root root" ] || { chown root:root "$1"; chmod "$2" "$1"; }' \
  > "$work/shell.sh"
by_ssh() {
  local address pid pids=()
  for address in "${addresses[@]}"; do
    ssh -F "$work/ssh_config" "$address" bash -s < "$1" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}
bare() { by_ssh "$work/bare.sh"; }
shell() { by_ssh "$work/shell.sh"; }

indented() { while IFS= read -r line; do printf '%s%s\n' "$1" "$line"; done <<< "$2"; }
in_muster() {
  local path="$site/{{node.address}}/$2"
  echo "  - name: $1 $2 $((++told))"
  case $1 in
    directory) echo "    directory: {path: \"$path\"}" ;;
    file) printf '    file:\n      path: "%s"\n      content: |\n%s\n' "$path" "$(indented '        ' "$3")" ;;
    command) echo "    command: {run: '$3 > \"$path\"', creates: \"$path\"}" ;;
    line) echo "    line: {path: \"$path\", line: \"$3\"}" ;;
    check) echo "    command: {run: \"echo it is empty; exit 1\", unless: '[ -s \"$path\" ]'}" ;;
  esac
}
told=0
mkdir -p "$work/mine/roles/bench"
{
  printf '%s\n' "role: bench" "description: a hundred small tasks" "tasks:"
  job in_muster
} > "$work/mine/roles/bench/role.yaml"
{
  echo "hosts:"
  for ((i = 1; i <= hosts; i++)); do
    echo "  - {name: ${names[i - 1]}, address: $net.$i, port: $port, key: id, host_key: $(cut -d' ' -f1,2 "$work/$i.key.pub")}"
  done
} > "$work/hosts.yaml"
cat > "$work/ten.json" << JSON
{"name": "ten", "provider": {"name": "inventory", "hints": {"file": "$work/hosts.yaml"}},
 "nodes": [{"roles": ["bench"], "hosts": [$(printf '"%s",' "${names[@]}" | sed 's/,$//')]}]}
JSON
export MUSTER_STATE=$work/state MUSTER_INVENTORY_DIR=$work/claims MUSTER_CACHE=$work/cache
muster() { ${WRAP:-} "$muster" --roles "$work/mine" apply "$work/ten.json" --yes; }

in_ansible() {
  local path="$site/{{ inventory_hostname }}/$2"
  echo "    - name: $1 $2"
  case $1 in
    directory) echo "      file: {path: \"$path\", state: directory, mode: '0755', owner: root, group: root}" ;;
    file) printf '      copy:\n        dest: "%s"\n        mode: "0644"\n        owner: root\n        group: root\n        content: |\n%s\n' \
      "$path" "$(indented '          ' "$3")" ;;
    command) printf '%s\n' "      shell: '$3 > \"$path\"'" "      args: {creates: \"$path\"}" ;;
    line) echo "      lineinfile: {path: \"$path\", line: \"$3\", create: true, mode: '0644'}" ;;
    check) printf '      stat: {path: "%s"}\n      register: seen\n      failed_when: not seen.stat.exists or seen.stat.size == 0\n' "$path" ;;
  esac
}
{
  printf '%s\n' "- hosts: all" "  gather_facts: false" "  tasks:"
  job in_ansible
} > "$work/ten.yaml"
printf '%s\n' "${addresses[@]}" > "$work/hosts.ini"
ansible_config() {  # FILE STRATEGY
  cat > "$1" << INI
[defaults]
inventory = $work/hosts.ini
forks = $hosts
host_key_checking = False
strategy = $2
interpreter_python = /usr/bin/python3
remote_tmp = $work/remote
local_tmp = $work/local
retry_files_enabled = False
[ssh_connection]
pipelining = True
ssh_args = -F $work/ssh_config -o ControlMaster=auto -o ControlPersist=60s
control_path_dir = $work/cp
INI
}
ansible_config "$work/ansible.cfg" linear
ansible_config "$work/mitogen.cfg" mitogen_linear
play() { ANSIBLE_CONFIG=$1 ANSIBLE_HOME=$work/ansible ansible-playbook "$work/ten.yaml"; }
ansible() { play "$work/ansible.cfg"; }
mitogen() { play "$work/mitogen.cfg"; }

has() {
  case $1 in
    ansible) command -v ansible-playbook > /dev/null ;;
    # Asked of the Python that Ansible runs in.
    mitogen) has ansible && "$(sed -n '1s/^#! *//p' "$(command -v ansible-playbook)")" -c 'import ansible_mitogen' 2> /dev/null ;;
  esac
}
rounds_of() { case $1 in ansible | mitogen) echo "$slow_rounds" ;; *) echo "$rounds" ;; esac; }
what() {
  case $1 in
    bare) echo "ssh bash -s, contents only" ;;
    shell) echo "ssh bash -s" ;;
    muster) echo "muster apply" ;;
    ansible) echo "Ansible, pipelining" ;;
    mitogen) echo "Ansible, Mitogen" ;;
  esac
}

# --- the runs

load() { cut -d' ' -f1 /proc/loadavg; }
now() { date +%s%N; }
# What is there at the end: all the same, whoever made it.
made() { (cd "$site/$1" && find . -printf '%P %m %u %g %s\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum); }
# What a contender keeps between runs: the second run may have it, the first not.
forget() {
  rm -rf "$work/state" "$work/claims" "$work/ansible" "$work/remote" "$work/local"
  for address in "${addresses[@]}"; do find "$site/$address" -mindepth 1 -delete; done
  for ((i = 1; i <= hosts; i++)); do find "$site/$i.state" -mindepth 1 -delete; done
}
hang_up() {  # the connections that Ansible keeps
  for socket in "$work"/cp/*; do
    [ ! -S "$socket" ] || ssh -F "$work/ssh_config" -o ControlPath="$socket" -O exit any 2> /dev/null || true
  done
}
run() {  # CONTENDER first|second
  local began
  began=$(now)
  "$1" > "$work/out" 2>&1 < /dev/null || { echo "ten_hosts.sh: $1 failed:" >&2; cat "$work/out" >&2; exit 1; }
  took=$(awk -v ns="$(($(now) - began))" 'BEGIN { printf "%.2f", ns / 1e9 }')
  echo "$took" >> "$work/times.$1.$2"
  for address in "${addresses[@]}"; do
    made "$address" > "$work/made"
    [ -e "$work/wanted" ] || cp "$work/made" "$work/wanted"
    diff "$work/wanted" "$work/made" >&2 || { echo "ten_hosts.sh: $1 made something else" >&2; exit 1; }
  done
}

[ -z "${KEEP:-}" ] || cp -r "$work" "$KEEP"

installed=()
for contender in $contenders; do
  case $contender in
    ansible | mitogen) has "$contender" || { echo "$contender: not installed"; continue; } ;;
  esac
  installed+=("$contender")
done
first_load=$(load)
for ((round = 1; round <= rounds; round++)); do
  for contender in "${installed[@]}"; do
    [ "$round" -le "$(rounds_of "$contender")" ] || continue
    forget
    before=$(load)
    run "$contender" first
    first=$took
    hang_up
    run "$contender" second
    hang_up
    echo "round $round: $contender: first $first s, second $took s (load before: $before)"
  done
done

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { printf "%.2f", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
echo
echo "$hosts hosts, 100 tasks each, $(nproc) cores, load average $first_load at the beginning, $(load) at the end"
echo
echo "| | runs | first run | to ssh | second run | to ssh |"
echo "| --- | --- | --- | --- | --- | --- |"
base=${installed[0]}
for contender in "${installed[@]}"; do [ "$contender" != shell ] || base=shell; done
for contender in "${installed[@]}"; do
  first=$(median "$work/times.$contender.first") second=$(median "$work/times.$contender.second")
  echo "| $(what "$contender") | $(rounds_of "$contender") | $first s | $(ratio "$first" "$(median "$work/times.$base.first")") |" \
    "$second s | $(ratio "$second" "$(median "$work/times.$base.second")") |"
done
