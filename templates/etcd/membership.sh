#!/bin/sh
# Written by muster. This node's place in the etcd cluster.
#   membership.sh join      writes /etc/etcd/cluster.env: how etcd starts for the first time
#   membership.sh unwanted  true when the cluster has members that the definition no longer has
#   membership.sh prune     takes those out of the cluster
#   membership.sh leave     takes this node out of the cluster
set -eu

name={{node.name}}
peer=https://{{node.address}}:2380
wanted=" {{#members.etcd}}{{name}} {{/members.etcd}}"
all={{#members.etcd}}{{name}}=https://{{address}}:2380{{comma}}{{/members.etcd}}
others={{#members.etcd}}{{#other}}https://{{address}}:2379,{{/other}}{{/members.etcd}}
others=${others%,}
export ETCDCTL_API=3 ETCDCTL_CACERT=/etc/etcd/ca.crt
export ETCDCTL_CERT=/etc/etcd/member.crt ETCDCTL_KEY=/etc/etcd/member.key

ask() {  # ENDPOINTS ARGUMENT...
  endpoints=$1
  shift
  etcdctl --endpoints="$endpoints" --dial-timeout=2s --command-timeout=5s "$@"
}

# Calls FUNCTION with id, name, peer URLs and client URLs of each member in the list.
each() {  # LIST FUNCTION
  while IFS=, read -r id _ member peers clients _; do
    [ -z "$id" ] || "$2" "$id" "${member# }" "${peers# }" "${clients# }"
  done <<LIST
$1
LIST
}

# The members that the cluster begins with, where it has begun.
add_founder() {  # ID NAME PEERS CLIENTS
  [ -z "$2" ] || founders=$founders,$2=$3
}

# A member of the first hour is listed before it has ever run, without client URLs. Any other that
# has our name or address is what this node was before it was made anew.
is_me() {  # ID NAME PEERS CLIENTS
  if [ "$2" = "$name" ] && [ -z "$4" ]; then
    me=founder
  elif [ "$2" = "$name" ] || [ "$3" = "$peer" ]; then
    me=$1
  fi
}

remember() {  # CLUSTER STATE
  printf 'ETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_STATE=%s\n' "$1" "$2" > /etc/etcd/cluster.env.new
  mv /etc/etcd/cluster.env.new /etc/etcd/cluster.env
}

join() {
  # With data of its own etcd does not look at these; where nobody answers, there is no cluster yet.
  if [ -d /var/lib/etcd/member ] || [ -z "$others" ] || ! list=$(ask "$others" member list 2>/dev/null); then
    remember "$all" new
    return
  fi
  me=
  each "$list" is_me
  if [ "$me" = founder ]; then
    # As the others began it: the definition may have more by now, or one had no address then.
    founders=
    each "$list" add_founder
    remember "${founders#,}" new
    return
  fi
  [ -z "$me" ] || ask "$others" member remove "$me"
  # The cluster takes one new member at a time: the next when the last one runs.
  tries=60
  until added=$(ask "$others" member add "$name" --peer-urls="$peer" 2>&1); do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "$added"; exit 1; }
    sleep 1
  done
  remember "$(echo "$added" | sed -n 's/^ETCD_INITIAL_CLUSTER="\(.*\)"$/\1/p')" existing
}

is_unwanted() {
  case $wanted in
    *" $2 "*) ;;
    *) [ -z "$2" ] || unwanted="$unwanted $1" ;;
  esac
}

# Asks this node's own etcd, when it runs.
find_unwanted() {
  unwanted=
  systemctl -q is-active etcd.service || return 0
  list=$(ask https://127.0.0.1:2379 member list) || return 0
  each "$list" is_unwanted
}

prune() {
  find_unwanted
  # Another member may have been faster.
  for id in $unwanted; do
    ask https://127.0.0.1:2379 member remove "$id" || { find_unwanted; [ -z "$unwanted" ]; }
  done
}

leave() {
  [ -n "$others" ] || return 0
  list=$(ask "$others" member list)
  me=
  each "$list" is_me
  case $me in '' | founder) ;; *) ask "$others" member remove "$me" ;; esac
}

case $1 in
  join | prune | leave) "$1" ;;
  unwanted)
    find_unwanted
    [ -n "$unwanted" ]
    ;;
esac
