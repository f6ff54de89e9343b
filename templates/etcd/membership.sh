#!/bin/sh
# Written by muster. This node's place in the etcd cluster.
#   membership.sh join [MEMBER...]
#                           writes /etc/etcd/cluster.env: how etcd starts for the first time;
#                           members that had etcd before have the cluster to join
#   membership.sh hasty     true when this member has the timers of one that is alone, and is not
#   membership.sh calm      gives it those of a cluster
#   membership.sh unwanted  true when the cluster has members that the definition no longer has
#   membership.sh prune     takes those out of the cluster
#   membership.sh healthy   true when this member is one of a quorum
#   membership.sh leave     takes this node out of the cluster
#   membership.sh foreign   true when the others have a cluster that this node's data is not of
#   membership.sh reset     puts that data aside, so that this node can join
#   membership.sh old       true when the data is of a distribution's etcd, of which muster's makes its own
#   membership.sh take_over   does that
set -eu

name={{node.name}}
peer=https://{{node.address}}:2380
wanted=" {{#members.etcd}}{{name}} {{/members.etcd}}"
all={{#members.etcd}}{{name}}=https://{{address}}:2380{{comma}}{{/members.etcd}}
others={{#members.etcd}}{{#other}}https://{{address}}:2379,{{/other}}{{/members.etcd}}
others=${others%,}
export ETCDCTL_CACERT=/etc/etcd/ca.crt ETCDCTL_CERT=/etc/etcd/member.crt
export ETCDCTL_KEY=/etc/etcd/member.key

ask() { # ENDPOINTS ARGUMENT...
  endpoints=$1
  shift
  {{cluster.bin_dir}}/etcdctl --endpoints="$endpoints" --dial-timeout=2s --command-timeout=5s "$@"
}

# Calls FUNCTION with id, name, peer URLs and client URLs of each member in the list.
each() { # LIST FUNCTION
  while IFS=, read -r id _ member peers clients _; do
    [ -z "$id" ] || "$2" "$id" "${member# }" "${peers# }" "${clients# }"
  done <<LIST
$1
LIST
}

# A founder is listed before it has ever run, without client URLs; who was added, without a name.
# Any other that has our name or address is what this node was before it was made anew.
is_me() { # ID NAME PEERS CLIENTS
  if [ "$2" = "$name" ] && [ -z "$4" ]; then
    me=founder
  elif [ -z "$2" ] && [ "$3" = "$peer" ]; then
    me=added
  elif [ "$2" = "$name" ] || [ "$3" = "$peer" ]; then
    me=former
  else
    return 0
  fi
  my_id=$1
}

find_me() { # LIST
  me=
  each "$1" is_me
}

# Others that were added and have not run are not of the founders.
add_founder() { # ID NAME PEERS CLIENTS
  [ -z "$2" ] || cluster=$cluster,$2=$3
}

add_member() { # ID NAME PEERS CLIENTS
  if [ "$3" = "$peer" ]; then cluster=$cluster,$name=$3; else cluster=$cluster,$2=$3; fi
}

# Who begins alone waits for a whole election timeout before it elects itself: it gets a short one.
# Never later on, when others may still be there: they would elect all the time.
remember() { # CLUSTER STATE
  {
    printf 'ETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_STATE=%s\n' "${1#,}" "$2"
    [ -n "$others" ] || printf 'ETCD_HEARTBEAT_INTERVAL=10\nETCD_ELECTION_TIMEOUT=100\n'
  } >/etc/etcd/cluster.env.new
  mv /etc/etcd/cluster.env.new /etc/etcd/cluster.env
}

hasty() { [ -n "$others" ] && grep -qs '^ETCD_ELECTION_TIMEOUT=' /etc/etcd/cluster.env; }

calm() { sed -i '/^ETCD_HEARTBEAT_INTERVAL=/d; /^ETCD_ELECTION_TIMEOUT=/d' /etc/etcd/cluster.env; }

# Sets list to the members, as the first has them that answers. To its peers, on the port next to
# its clients', a member tells that also while it waits for a quorum.
list_members() {
  for endpoint in $(echo "$others" | tr ',' ' '); do
    list=$(curl -s --http1.1 --connect-timeout 2 --max-time 5 --cacert "$ETCDCTL_CACERT" \
      --cert "$ETCDCTL_CERT" --key "$ETCDCTL_KEY" "${endpoint%:2379}:2380/members" |
      sed 's/},{/}\n{/g' |
      sed -n 's/.*"id":\([0-9]*\).*"peerURLs":\["\([^"]*\)"\(.*\)/\1 \2 \3/p' |
      while read -r id peers rest; do
        member=$(echo "$rest" | sed -n 's/.*"name":"\([^"]*\)".*/\1/p')
        clients=$(echo "$rest" | sed -n 's/.*"clientURLs":\["\([^"]*\)".*/\1/p')
        printf '%x,,%s,%s,%s,\n' "$id" "$member" "$peers" "$clients"
      done)
    [ -z "$list" ] || return 0
  done
  said="no other member of the etcd cluster answers"
  return 1
}

# Takes the place that list has for us. Sets said to why not.
take_place() {
  cluster=
  find_me "$list"
  case $me in
    # As the others began it: the definition may have more by now, or one had no address then.
    founder) each "$list" add_founder && remember "$cluster" new ;;
    added) each "$list" add_member && remember "$cluster" existing ;;
    former) said=$(ask "$others" member remove "$my_id" 2>&1) && list_members && take_place ;;
    '') said=$(ask "$others" member add "$name" --peer-urls="$peer" 2>&1) && list_members && take_place ;;
  esac
}

# Where former members are, a cluster is: another one is never begun, whether they answer or not.
join() { # FORMER-MEMBER...
  # With data of its own etcd does not look at these.
  if [ -d /var/lib/etcd/member ] || [ -z "$others" ]; then
    remember "$all" new
    return
  fi
  end=$(($(date +%s) + 60))
  while [ "$(date +%s)" -lt "$end" ]; do
    if list_members; then
      # The cluster takes one new member at a time: the next when the last one runs.
      ! take_place || return 0
    elif [ $# -eq 0 ]; then
      remember "$all" new
      return
    fi
    sleep 1
  done
  echo "$said"
  exit 1
}

# One that lives takes itself out: not before those have joined that come in its place.
is_unwanted() { # ID NAME PEERS CLIENTS
  case $wanted in
    *" $2 "*) return 0 ;;
  esac
  [ -z "$2" ] || ask "$4" endpoint health >/dev/null 2>&1 || unwanted="$unwanted $1"
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
    ask https://127.0.0.1:2379 member remove "$id" || {
      find_unwanted
      [ -z "$unwanted" ]
    }
  done
}

count_others() { # ID NAME PEERS CLIENTS
  [ "$1" != "$my_id" ] || return 0
  stay=$((stay + 1))
  if [ -n "$4" ] && ask "$4" endpoint health >/dev/null 2>&1; then
    healthy=$((healthy + 1))
  else
    dead="$dead ${2:-$3}"
  fi
}

# Those that stay must be able to go on without us. Others may leave at the same time, or have just
# restarted, and etcd changes no members before all know each other for 5 seconds: hence the tries.
leave() {
  [ -n "$others" ] || return 0
  end=$(($(date +%s) + 30))
  while :; do
    if list=$(ask "$others" member list 2>/dev/null); then
      find_me "$list"
      case $me in '' | founder) return 0 ;; esac
      stay=0 healthy=0 dead=
      each "$list" count_others
      if [ "$healthy" -gt $((stay / 2)) ]; then
        ! said=$(ask "$others" member remove "$my_id" 2>&1) || return 0
      else
        said="etcd would lose its quorum: of the $stay members that would stay, $healthy answer (not:$dead)
bring these back, or take them out first; then apply again"
      fi
    else
      said=$(ask "$others" member list 2>&1 >/dev/null) || :
    fi
    [ "$(date +%s)" -lt "$end" ] || break
    sleep 1
  done
  echo "$said"
  exit 1
}

# One that is about to restart answers until then.
restarts() { [ "$(systemctl show -p Job etcd.service)" != Job= ]; }

# Never by GET /health: in etcd 3.4 that is a write, over which later releases stumble.
healthy() { ask https://127.0.0.1:2379 endpoint health; }

# Of a node that was away while the others' cluster was made anew (muster recover), or took it out.
foreign() {
  [ -d /var/lib/etcd/member ] && [ -n "$others" ] && ! healthy >/dev/null 2>&1 && list_members || return 1
  find_me "$list"
  [ -z "$me" ]
}

reset() {
  systemctl stop etcd.service
  mv /var/lib/etcd/member "/var/lib/etcd/before-restore-$(date -u +%Y%m%dT%H%M%SZ)"
  rm -f /etc/etcd/cluster.env
}

# Its unit does not say which etcd it is of. Those that come after the first one find a cluster that they
# are not of: they put their data aside and join it.
old() {
  [ -e /etc/systemd/system/etcd.service ] && ! grep -q '^Description=etcd v' /etc/systemd/system/etcd.service &&
    { [ -d /var/lib/etcd/member ] || [ -d /var/lib/etcd/taken-over ]; } && ! foreign
}

is_other() { # ID NAME PEERS CLIENTS
  [ "$3" = "$peer" ] || rest="$rest $1"
}

# etcd changes no members before all know each other for 5 seconds: hence the tries.
take_others_out() {
  end=$(($(date +%s) + 30))
  while :; do
    rest=-
    if list=$(ask https://127.0.0.1:2379 member list 2>/dev/null); then
      rest=
      each "$list" is_other
      for id in $rest; do said=$(ask https://127.0.0.1:2379 member remove "$id" 2>&1) || break; done
    else
      said=$(ask https://127.0.0.1:2379 member list 2>&1 >/dev/null) || :
    fi
    [ -n "$rest" ] || return 0
    [ "$(date +%s)" -lt "$end" ] || break
    sleep 1
  done
  echo "the others cannot be taken out of the cluster: $said"
  exit 1
}

# etcd 3.6 does not read the log of 3.4, but its database. Who is the only member, and has stopped, has
# everything there. What was cut is done again; the mark says that there are no others any more.
take_over() {
  cd /var/lib/etcd
  if [ -d member ]; then
    [ -e alone ] || take_others_out
    touch alone
    systemctl stop etcd.service
    rm -rf taken-over taken-over.part
    {{cluster.bin_dir}}/etcdutl snapshot restore member/member/snap/db --skip-hash-check --data-dir=taken-over.part \
      --name="$name" --initial-cluster="$name=$peer" --initial-advertise-peer-urls="$peer" \
      --initial-cluster-token={{cluster.name}}
    chown -R etcd:etcd taken-over.part
    sync -f taken-over.part 2>/dev/null || sync
    mv taken-over.part taken-over
    mv member "before-restore-$(date -u +%Y%m%dT%H%M%SZ)"
  fi
  mv taken-over member
  remember "$name=$peer" existing
  rm -f alone
}

case $1 in
  join)
    shift
    join "$@"
    ;;
  hasty | calm | prune | leave | foreign | reset | old | take_over) "$1" ;;
  healthy) ! restarts && healthy ;;
  unwanted)
    find_unwanted
    [ -n "$unwanted" ]
    ;;
esac
