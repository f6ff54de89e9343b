# A node without systemd, for scripts that hold what muster renders against the real programs. Sourced; $root and
# $work are the script's, programs are in $work/bin. Outside of the namespaces (mounts, network, processes):
#   find_programs RELEASE NAME...   notes where the cache of this machine has them; says which is not there
#   enter_group NAME                this process is in cgroups of this name from now on
#   step_down NAME                  with these as the root of a cgroup namespace: leaves room for groups in them
#   clean_up_groups PID FOLDER      when the process has ended: away with the folder, and cgroups named like it
# Inside of them:
#   bare_node                       makes this world a host `one`, 10.9.0.1, of $work/hosts.yaml
#   files_of_roles                  the built-in roles of stdin (lines "ROLE NEEDS..."), into $work/mine: only files,
#                                   directories and users, since nothing installs or starts programs here
#   own_cgroups                     nothing is seen of cgroups above those that were entered
#   start UNIT LOG                  becomes what the unit starts
# shellcheck shell=bash disable=SC2154
# shellcheck source=tests/support/packages.sh
. "$root/tests/support/packages.sh"
# shellcheck source=tests/support/until.sh
. "$root/tests/support/until.sh"

find_programs() {  # RELEASE NAME...
  local name path
  mkdir -p "$work/bin"
  for name in "${@:2}"; do
    path=$("$muster" artifacts path "$name" --kubernetes "$1" 2>&1) || { echo "$path" >&2; return 1; }
    : > "$work/bin/$name"
    printf '%s %s\n' "$name" "$path"
  done > "$work/programs"
}

enter_group() {  # NAME
  local hierarchy
  for hierarchy in $(awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/self/mounts); do
    mkdir -p "$hierarchy/$1" || return 1
    if [ -e "$hierarchy/$1/cpuset.mems" ] && [ -e "$hierarchy/cpuset.mems" ]; then
      cat "$hierarchy/cpuset.cpus" > "$hierarchy/$1/cpuset.cpus"
      cat "$hierarchy/cpuset.mems" > "$hierarchy/$1/cpuset.mems"
    fi
    echo "$BASHPID" > "$hierarchy/$1/cgroup.procs" || return 1
  done
}

# With v2 a group that others are made in has no processes itself.
step_down() {  # NAME
  [ -e /sys/fs/cgroup/cgroup.controllers ] || return 0
  mkdir -p "/sys/fs/cgroup/$1/init" && echo $$ > "/sys/fs/cgroup/$1/init/cgroup.procs"
}

clean_up_groups() {  # PID FOLDER
  local try mark=${2##*/}
  trap '' INT TERM HUP
  while kill -0 "$1" 2> /dev/null; do sleep 0.2; done
  for ((try = 0; try < 100; try++)); do
    find /sys/fs/cgroup -depth -type d -path "*/$mark-*" -exec rmdir {} + 2> /dev/null
    [ -n "$(find /sys/fs/cgroup -type d -path "*/$mark-*" -print -quit)" ] || break
    sleep 0.1
  done
  rm -rf "$2"
}

own_cgroups() {
  local at kind options mounts
  mounts=$(cat /proc/self/mounts)
  while read -r _ at kind options _; do
    case $kind in cgroup | cgroup2) ;; *) continue ;; esac
    options=$(tr , '\n' <<< "$options" |
      grep -vE '^(rw|relatime|nosuid|nodev|noexec|xattr|release_agent=.*|clone_children|nsdelegate|memory_.*)$' | paste -sd ,)
    umount "$at" && mount -t "$kind" ${options:+-o "$options"} cgroup "$at" || return 1
  done <<< "$mounts"
}

is_open() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

bare_node() {
  local name path folder key
  while read -r name path; do mount --bind "$path" "$work/bin/$name" || return 1; done < "$work/programs"
  cp -a /etc "$work/etc"
  mount --bind "$work/etc" /etc
  for folder in /run /var/lib /var/log /root /opt; do mount -t tmpfs none $folder; done
  mkdir -p /run/sshd /var/lib/muster /root/.ssh /usr/libexec
  rm -rf /etc/containerd /etc/kubernetes /etc/etcd /etc/cni
  chmod 0755 "$work" "$work/bin"
  ip link set lo up
  # kube-apiserver takes no address of loopback for its own.
  ip link add node0 type veth peer name node1
  ip address add 10.9.0.1/24 dev node0
  ip link set node0 up
  ip link set node1 up
  export HOME=/root MUSTER_STATE=$work/state MUSTER_CACHE=$work/cache MUSTER_INVENTORY_DIR=$work/claims
  unset XDG_STATE_HOME SSH_AUTH_SOCK
  for key in id host; do ssh-keygen -q -t ed25519 -N "" -f "$work/$key"; done
  install -m 0600 "$work/id.pub" /root/.ssh/authorized_keys
  chmod 0700 /root /root/.ssh
  printf '%s\n' "ListenAddress 127.0.0.1" "ListenAddress 10.9.0.1" "Port 22" "HostKey $work/host" "UsePAM no" "PidFile none" \
    "PasswordAuthentication no" "KbdInteractiveAuthentication no" "PermitRootLogin yes" > "$work/sshd_config"
  /usr/sbin/sshd -D -e -f "$work/sshd_config" 2>> "$work/sshd.log" &
  until_true 120 is_open 22
  printf 'hosts: [{name: one, address: 10.9.0.1, user: root, key: id, host_key: %s}]\n' \
    "$(cut -d' ' -f1,2 "$work/host.pub")" > "$work/hosts.yaml"
}

files_of_roles() {
  python3 -c '
import pathlib, sys, yaml
root, work = map(pathlib.Path, sys.argv[1:])
kinds = {"file", "directory", "user"}
# What is no file, and files need.
wanted = {"the member has its place in the cluster", "current client certificate of the kubelet"}
for line in sys.stdin:
    name, *needs = line.split()
    role = yaml.safe_load((root / "roles" / name / "role.yaml").read_text())
    role["tasks"] = [task for task in role.get("tasks", []) if kinds & set(task) or task["name"] in wanted]
    for task in role["tasks"]:
        task.pop("notify", None)
    for key in ("handlers", "settled", "undo", "traces", "after", "after_one", "before", "refusals"):
        role.pop(key, None)
    role["needs"] = needs
    folder = work / "mine" / "roles" / name
    folder.mkdir(parents=True)
    (folder / "role.yaml").write_text(yaml.safe_dump(role, sort_keys=False))
' "$root" "$work"
}

start() {  # UNIT LOG
  local unit=/etc/systemd/system/$1 line user file
  line=$(awk '/^ExecStart=/ { on = 1 } on { print; if (!/\\$/) exit }' "$unit" | sed 's/^ExecStart=//; s/\\$//' | tr '\n' ' ')
  user=$(sed -n 's/^User=//p' "$unit")
  set -a
  # shellcheck disable=SC1090
  for file in $(sed -n 's/^EnvironmentFile=//p' "$unit"); do . "$file"; done
  set +a
  [ -z "$user" ] || line="setpriv --reuid=$user --regid=$user --clear-groups $line"
  PATH=$work/bin:$PATH
  eval "exec $line" > "$work/$2" 2>&1 < /dev/null
}
