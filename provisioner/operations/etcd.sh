#!/bin/sh
# What `muster etcd` and `muster recover` run on a node: this file, then "m_case NAME ARGUMENT...".
# Before it stand m_name (the member's name), m_programs (where muster's are), m_kubectl, m_kubeconfig and
# m_patience (seconds). Why something did not work is said on stderr. A restore can be cut anywhere: each function may run again.
# shellcheck disable=SC2154  # m_name, m_programs, m_kubectl, m_kubeconfig, m_patience
set -u

m_home=/var/lib/etcd
m_data=$m_home/member            # etcd's
m_ready=$m_home/restoring        # what is to become that
m_inbox=$m_home/incoming         # snapshots on their way
m_unproven=$m_home/restore-begun # from the swap until all works; holds where the old data is
m_local=https://127.0.0.1:2379
m_controllers="kube-controller-manager.service kube-scheduler.service"
export ETCDCTL_CACERT=/etc/etcd/ca.crt ETCDCTL_CERT=/etc/etcd/member.crt ETCDCTL_KEY=/etc/etcd/member.key
PATH=$m_programs:$PATH
# What works on files; nodes with etcd 3.4 of their distribution have it in the other program.
m_files=etcdutl
command -v etcdutl >/dev/null 2>&1 || { m_files=etcdctl && export ETCDCTL_API=3; }

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

ask() { timeout 30 etcdctl --endpoints="$m_local" --dial-timeout=2s --command-timeout=10s "$@"; }

# Never by GET /health: in etcd 3.4 that is a write, over which later releases stumble.
healthy() { ask endpoint health >/dev/null 2>&1; }

# within SECONDS COMMAND...: until it succeeds.
within() {
  m_end=$(($(date +%s) + $1))
  shift
  until "$@"; do
    [ "$(date +%s)" -lt "$m_end" ] || return 1
    sleep 0.5
  done
}

# --- looking

hello() { :; }

# Where its data is: aside, when a swap was cut between its two renames.
whole() {
  if [ -d "$m_data" ] || [ ! -s "$m_unproven" ]; then echo "$m_data"; else echo "$m_home/$(cat "$m_unproven")"; fi
}

# Prints a line "KEY VALUE" for all that is known of this member.
member() {
  echo "unit $(systemctl is-active etcd.service)"
  [ ! -d "$(whole)/member" ] || echo "data true"
  [ ! -e "$m_unproven" ] || echo "unproven $(cat "$m_unproven")"
  m_status=$(ask endpoint status -w json 2>/dev/null) || return 0
  printf 'status %s\n' "$m_status"
  m_list=$(ask member list -w json 2>/dev/null) && printf 'members %s\n' "$m_list"
  healthy || return 0
  echo "healthy true"
  m_alarms=$(ask alarm list -w json 2>/dev/null) && printf 'alarms %s\n' "$m_alarms"
}

# The revision of the data of an etcd that is stopped.
look() {
  m_db=$(whole)/member/snap/db
  [ -f "$m_db" ] || return 0
  m_status=$(timeout 600 $m_files snapshot status "$m_db" -w json) || exit 1
  printf 'snapshot %s\n' "$m_status"
}

# --- saving

# Prints lines "KEY VALUE", an empty one each second meanwhile, "bytes", and then the snapshot.
save() {
  umask 077
  # Those of saves that were cut.
  find /var/lib -maxdepth 1 -name 'muster-etcd.*' -mmin +1440 -exec rm -rf {} +
  m_dir=$(mktemp -d /var/lib/muster-etcd.XXXXXX) || exit 1
  trap 'rm -rf "$m_dir"' EXIT
  trap 'exit 1' HUP INT TERM PIPE
  while echo; do sleep 1 >/dev/null 2>&1; done &
  m_beat=$!
  etcdctl --endpoints="$m_local" --dial-timeout=5s snapshot save "$m_dir/db" >"$m_dir/said" 2>&1
  m_code=$?
  if [ "$m_code" = 0 ]; then
    m_status=$($m_files snapshot status "$m_dir/db" -w json 2>>"$m_dir/said") || m_code=1
    m_sha256=$(sha256sum <"$m_dir/db" | cut -d' ' -f1)
  fi
  kill "$m_beat" && wait "$m_beat"
  [ "$m_code" = 0 ] || fail "$(tail -n 3 "$m_dir/said")"
  printf 'snapshot %s\nsha256 %s\nsize %s\netcd %s\nbytes\n' "$m_status" "$m_sha256" \
    "$(wc -c <"$m_dir/db")" "$(etcdctl version | sed -n 's/^etcdctl version: //p')"
  cat "$m_dir/db"
}

# --- restoring

has() { # SHA256: prints whether its snapshot is here
  [ -f "$m_inbox/$1" ] || return 0
  [ "$(sha256sum <"$m_inbox/$1" | cut -d' ' -f1)" != "$1" ] || echo "has true"
}

receive() { # SHA256: the snapshot comes on stdin
  umask 077
  [ -d "$m_home" ] || fail "there is no $m_home"
  mkdir -p "$m_inbox" && rm -f "$m_inbox"/* && cat >"$m_inbox/$1.part" || exit 1
  [ "$(sha256sum <"$m_inbox/$1.part" | cut -d' ' -f1)" = "$1" ] ||
    fail "what has arrived is not what was sent"
  mv "$m_inbox/$1.part" "$m_inbox/$1"
}

# SNAPSHOT is a sha256; "hashed" or "unhashed" is whether it ends with etcd's own hash.
prepare() { # SNAPSHOT HASHED CLUSTER TOKEN PEER-URL
  m_hash=
  [ "$2" = hashed ] || m_hash=--skip-hash-check
  make_data "$m_inbox/$1" "$3" "$4" "$5" $m_hash
}

make_data() { # FILE CLUSTER TOKEN PEER-URL OPTION...
  rm -rf "$m_ready" "$m_ready.part"
  m_file=$1 m_cluster=$2 m_token=$3 m_peer=$4
  shift 4
  m_said=$($m_files snapshot restore "$m_file" --data-dir="$m_ready.part" --name="$m_name" \
    --initial-cluster="$m_cluster" --initial-cluster-token="$m_token" \
    --initial-advertise-peer-urls="$m_peer" "$@" 2>&1) ||
    fail "$m_files snapshot restore: $(printf '%s\n' "$m_said" | tail -n 3)"
  chown -R etcd:etcd "$m_ready.part" && chmod 0700 "$m_ready.part" || exit 1
  sync -f "$m_ready.part" 2>/dev/null || sync
  mv "$m_ready.part" "$m_ready"
}

stop_control_plane() {
  # shellcheck disable=SC2086  # words
  systemctl stop kube-apiserver.service $m_controllers
}

stop_etcd() { systemctl stop etcd.service; }

remember() { # CLUSTER: how etcd starts; with data it does not look at it, and without it must not begin
  printf 'ETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_STATE=existing\n' "$1" >/etc/etcd/cluster.env.new &&
    mv /etc/etcd/cluster.env.new /etc/etcd/cluster.env
}

swap() { # CLUSTER ASIDE: where the old data goes
  if [ ! -d "$m_ready" ]; then
    # Nobody heard that it had come to its end.
    { [ -s "$m_unproven" ] && [ -d "$m_data" ]; } || fail "no data was made ready"
    remember "$1"
    return
  fi
  # Of a restore that was cut, the first one's is the data of before.
  [ -s "$m_unproven" ] || { echo "$2" >"$m_unproven.new" && mv "$m_unproven.new" "$m_unproven"; } || exit 1
  [ ! -d "$m_data" ] || mv "$m_data" "$m_home/$2" || exit 1
  mv "$m_ready" "$m_data" && remember "$1" || exit 1
  sync -f "$m_home" 2>/dev/null || sync
}

# A member of the survivor's former cluster: it is to join the new one, when muster apply comes.
leave() { # ASIDE
  rm -rf "$m_ready" "$m_ready.part" "$m_inbox"
  [ ! -d "$m_data" ] || mv "$m_data" "$m_home/$1" || exit 1
  rm -f /etc/etcd/cluster.env "$m_unproven"
}

# The stopped member's own data as that of a cluster of one.
alone() { # CLUSTER TOKEN PEER-URL ASIDE
  # One whose end nobody heard of, or that was cut after its first rename, has made it already.
  [ -d "$m_home/$4" ] || make_data "$(whole)/member/snap/db" "$1" "$2" "$3" --skip-hash-check
  swap "$1" "$4"
}

start_etcd() { # SECONDS
  systemctl reset-failed etcd.service 2>/dev/null
  systemctl start --no-block etcd.service || exit 1
  within "$1" healthy || fail "etcd is not healthy after $1 s: $(journalctl -q -n 3 -o cat -u etcd.service 2>&1)"
}

ready() { timeout 10 "$m_kubectl" --kubeconfig="$m_kubeconfig" get --raw /readyz >/dev/null 2>&1; }

start_api() { # SECONDS
  systemctl reset-failed kube-apiserver.service 2>/dev/null
  systemctl start --no-block kube-apiserver.service || exit 1
  within "$1" ready ||
    fail "kube-apiserver is not ready after $1 s: $(journalctl -q -n 3 -o cat -u kube-apiserver.service 2>&1)"
}

start_controllers() {
  # shellcheck disable=SC2086  # words
  {
    systemctl reset-failed $m_controllers 2>/dev/null
    systemctl start $m_controllers
  }
}

# They watch from a revision on that the restored etcd may not have reached: they would miss all
# that happens until then.
restart_kubelet() { systemctl try-restart kubelet.service kube-proxy.service; }

restart_dns() {
  timeout 60 "$m_kubectl" --kubeconfig="$m_kubeconfig" -n kube-system delete pods -l k8s-app=kube-dns \
    --ignore-not-found --wait=false
}

# Keeps the data of before the restore, and no older one. Prints where it is.
finish() {
  m_first=$(cat "$m_unproven" 2>/dev/null)
  m_last=
  for m_old in "$m_home"/before-restore-*; do [ ! -d "$m_old" ] || m_last=$m_old; done
  for m_old in "$m_home"/before-restore-*; do
    case $m_old in "$m_last" | "$m_home/$m_first") ;; *) rm -rf "$m_old" ;; esac
  done
  rm -rf "$m_ready" "$m_ready.part" "$m_inbox"
  rm -f "$m_unproven"
  [ -z "$m_first" ] || [ ! -d "$m_home/$m_first" ] || m_last=$m_home/$m_first
  [ -z "$m_last" ] || echo "before $m_last"
}

# A muster that was killed has left its scripts to run to their end; so has one that applies roles.
m_lock() {
  command -v flock >/dev/null 2>&1 || return 0
  exec 9>>/run/muster.lock
  within "$m_patience" flock -n 9 || fail "another run of muster is at work on this node"
}

m_case() {
  case $1 in
    hello | member | save | has) "$@" ;;
    # In a redirection, so that no program that is started has the lock.
    *) m_lock && "$@" 9>&- ;;
  esac
}
